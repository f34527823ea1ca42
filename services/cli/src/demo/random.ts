/** A reproducible source of numbers: the same seed gives the same sequence, everywhere. */
export interface Random {
  /** From 0 up to 1. */
  next(): number;
  /** A whole number from 0 up to `bound`. */
  below(bound: number): number;
  chance(probability: number): boolean;
  pick<Item>(items: readonly [Item, ...Item[]]): Item;
  /** `length` characters drawn from `alphabet`. */
  text(length: number, alphabet: string): string;
}

/** sfc32, seeded from a text: good enough for scenarios, of no use for secrets. */
export function createRandom(seed: string): Random {
  let [a, b, c, d] = words(seed);
  const next = (): number => {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  };
  for (let round = 0; round < 20; round += 1) next();
  const below = (bound: number) => Math.floor(next() * bound);
  return {
    next,
    below,
    chance: (probability) => next() < probability,
    pick: (items) => items[below(items.length)] ?? items[0],
    text: (length, alphabet) =>
      Array.from({ length }, () => alphabet.charAt(below(alphabet.length))).join(''),
  };
}

/** Four words out of a text, by FNV-1a with four offsets. */
function words(text: string): [number, number, number, number] {
  const hash = (offset: number): number => {
    let value = 0x811c9dc5 ^ offset;
    for (let index = 0; index < text.length; index += 1)
      value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
    return value | 0;
  };
  return [hash(0), hash(0x9e3779b9), hash(0x7f4a7c15), hash(0x85ebca6b)];
}
