/** 32-bit words of a slot: a hash of the command's id, and the revision plus one; all 0 while it is free. */
const WORDS = 2;
const LEAST_SLOTS = 1_024;

/**
 * At which revisions of a stream a command may have begun to write, in 8 bytes a slot. It knows hashes only: whoever asks
 * reads the revisions that it names. Open addressing, at most half full.
 */
export class CommandIndex {
  #words = new Int32Array(LEAST_SLOTS * WORDS);
  #size = 0;

  get bytes(): number {
    return this.#words.byteLength;
  }

  add(commandId: string, revision: number): void {
    if ((this.#size + 1) * WORDS * 2 > this.#words.length) this.#grow();
    this.#put(hashOf(commandId), revision + 1);
    this.#size += 1;
  }

  /** Mostly none for a command that has not been here, and one for one that has. */
  candidates(commandId: string): number[] {
    const hash = hashOf(commandId);
    const revisions: number[] = [];
    for (let at = this.#home(hash); this.#words[at + 1] !== 0; at = this.#after(at))
      if (this.#words[at] === hash) revisions.push((this.#words[at + 1] ?? 0) - 1);
    return revisions;
  }

  #put(hash: number, entry: number): void {
    let at = this.#home(hash);
    while (this.#words[at + 1] !== 0) at = this.#after(at);
    this.#words[at] = hash;
    this.#words[at + 1] = entry;
  }

  #grow(): void {
    const before = this.#words;
    this.#words = new Int32Array(before.length * 2);
    for (let at = 0; at < before.length; at += WORDS) {
      const entry = before[at + 1] ?? 0;
      if (entry !== 0) this.#put(before[at] ?? 0, entry);
    }
  }

  // A power of two of slots, and ids that are hashes or random at their ends: their last bits spread well.
  #home = (hash: number): number => (hash & (this.#words.length / WORDS - 1)) * WORDS;
  #after = (at: number): number => (at + WORDS) % this.#words.length;
}

/** The last 32 bits of a UUID: random in those of version 4 and 7, and a hash in derived ones. */
const hashOf = (commandId: string): number => Number.parseInt(commandId.slice(-8), 16) | 0;
