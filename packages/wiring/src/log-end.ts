import type { Position } from '@stamp-ledger/codec';

/** Knows how far the log of another thread reaches, by the announcements so far. */
export class LogEnd {
  #head: Position | undefined;
  #grown: (() => void) | undefined;

  grown(head: Position): void {
    if (this.#head === undefined || head > this.#head) this.#head = head;
    this.#grown?.();
  }

  /** Resolves when the log is known to reach further than `after`, or `signal` aborts. One caller at a time. */
  after(after: Position | undefined, signal: AbortSignal): Promise<void> {
    const reaches = (): boolean => this.#head !== undefined && (after === undefined || this.#head > after);
    return new Promise((resolve) => {
      const look = (): void => {
        if (!reaches() && !signal.aborted) return;
        signal.removeEventListener('abort', look);
        this.#grown = undefined;
        resolve();
      };
      this.#grown = look;
      signal.addEventListener('abort', look);
      look();
    });
  }
}
