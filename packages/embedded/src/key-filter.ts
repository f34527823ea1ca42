const HASHES = 4;
const BITS_PER_KEY = 12;

/** A Bloom filter: says of a key that it was certainly never added, or that it may have been (about 1 in 100 when full). */
export class KeyFilter {
  readonly #words: Uint32Array<ArrayBuffer>;
  readonly #mask: number;

  private constructor(words: Uint32Array<ArrayBuffer>) {
    this.#words = words;
    this.#mask = words.length * 32 - 1;
  }

  static for(keys: number): KeyFilter {
    const bits = 2 ** Math.max(10, Math.ceil(Math.log2(keys * BITS_PER_KEY)));
    return new KeyFilter(new Uint32Array(bits / 32));
  }

  /** From the {@link words} of a filter that another thread filled. */
  static from(words: Uint32Array<ArrayBuffer>): KeyFilter {
    return new KeyFilter(words);
  }

  get words(): Uint32Array<ArrayBuffer> {
    return this.#words;
  }

  add(key: string): void {
    const { first, step } = hashesOf(key);
    for (let index = 0; index < HASHES; index++) {
      const bit = (first + index * step) & this.#mask;
      this.#words[bit >>> 5] = (this.#words[bit >>> 5] ?? 0) | (1 << (bit & 31));
    }
  }

  mayHave(key: string): boolean {
    const { first, step } = hashesOf(key);
    for (let index = 0; index < HASHES; index++) {
      const bit = (first + index * step) & this.#mask;
      if (((this.#words[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false;
    }
    return true;
  }
}

/** FNV-1a, and another mix of the same pass. Keys are hashes of their own: nobody can choose those that collide here. */
function hashesOf(key: string): { readonly first: number; readonly step: number } {
  let first = 0x811c9dc5;
  let step = 0x9e3779b9;
  for (let index = 0; index < key.length; index++) {
    const code = key.charCodeAt(index);
    first = Math.imul(first ^ code, 0x01000193);
    step = Math.imul(step + code, 0x85ebca6b) ^ (step >>> 13);
  }
  return { first: (first ^ (first >>> 15)) >>> 0, step: (step | 1) >>> 0 };
}

/** Filters of a size, one after the other: of the keys added, at least so many of the latest are known. */
export class LatestKeys {
  readonly #perFilter: number;
  #filters: KeyFilter[] = [];
  #added = 0;

  constructor(latest: number) {
    this.#perFilter = Math.ceil(latest / 2);
  }

  /** How many were added so far. */
  get added(): number {
    return this.#added;
  }

  add(key: string): void {
    if (this.#added % this.#perFilter === 0)
      this.#filters = [KeyFilter.for(this.#perFilter), ...this.#filters.slice(0, 2)];
    this.#filters[0]?.add(key);
    this.#added++;
  }

  mayHave(key: string): boolean {
    return this.#filters.some((filter) => filter.mayHave(key));
  }
}
