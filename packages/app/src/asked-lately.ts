const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * Tells, nearly always rightly, which keys were asked for lately: among about as many others as there are slots. A key has
 * one slot, and takes it from whichever was there. There is nothing in it that the collector has to follow.
 */
export class AskedLately {
  readonly #slots: Uint32Array;

  constructor(slots: number) {
    this.#slots = new Uint32Array(slots);
  }

  /** Whether the key was asked for before; from now on it was. */
  ask(key: string): boolean {
    const hash = hashOf(key);
    const slot = hash % this.#slots.length;
    const wasAsked = this.#slots[slot] === hash;
    this.#slots[slot] = hash;
    return wasAsked;
  }
}

/** FNV-1a; never 0, which is an empty slot. */
function hashOf(key: string): number {
  let hash = FNV_OFFSET;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), FNV_PRIME);
  return hash >>> 0 || 1;
}
