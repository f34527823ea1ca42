import type { Position } from '@stamp-ledger/codec';

/** Things dealt with lately, until the read model has seen what became of them. */
export class Recently<Key> {
  readonly #keys = new Map<Key, Position | undefined>();

  add(key: Key): void {
    this.#keys.set(key, undefined);
  }

  get size(): number {
    return this.#keys.size;
  }

  has(key: Key): boolean {
    return this.#keys.has(key);
  }

  /** Whatever becomes of the keys added so far is in the log at or before `position`. */
  settle(position: Position): void {
    for (const [key, settled] of this.#keys) if (settled === undefined) this.#keys.set(key, position);
  }

  clear(): void {
    this.#keys.clear();
  }

  /** Forgets what a read model that has come to `seen` shows by itself. */
  forget(seen: Position): void {
    for (const [key, position] of this.#keys)
      if (position !== undefined && position <= seen) this.#keys.delete(key);
  }
}
