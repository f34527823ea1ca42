import { Waiting } from '@stamp-ledger/app/waiting';
import type { Position } from '@stamp-ledger/codec';

/** Knows how far the log of another thread reaches, by the announcements so far. */
export class LogEnd {
  #head: Position | undefined;
  readonly #waiting = new Waiting();

  grown(head: Position): void {
    if (this.#head === undefined || head > this.#head) this.#head = head;
    this.#waiting.changed();
  }

  /** Resolves when the log is known to reach further than `after`, or `signal` aborts. */
  after(after: Position | undefined, signal: AbortSignal): Promise<void> {
    return this.#waiting.until(
      () => this.#head !== undefined && (after === undefined || this.#head > after),
      signal,
    );
  }
}
