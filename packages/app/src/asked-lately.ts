import { fnv1a } from '@stamp-ledger/codec';

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
    // 0 is an empty slot.
    const hash = fnv1a(key) || 1;
    const slot = hash % this.#slots.length;
    const wasAsked = this.#slots[slot] === hash;
    this.#slots[slot] = hash;
    return wasAsked;
  }
}
