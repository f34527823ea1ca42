/**
 * Keeps at least the last `most / 2` entries asked for or set, and never more than `most`. To ask for an entry moves it
 * at most once in a generation, so that reading costs no more than a map does: one in order of use writes at every read.
 */
export class RecentlyUsed<Key, Value> {
  #young = new Map<Key, Value>();
  #old: ReadonlyMap<Key, Value> = new Map();
  readonly #generation: number;

  constructor(most: number) {
    this.#generation = Math.max(1, Math.floor(most / 2));
  }

  get(key: Key): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: Key, value: Value): void {
    this.#young.set(key, value);
    if (this.#young.size < this.#generation) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
}
