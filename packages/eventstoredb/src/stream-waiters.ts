import type { StreamName } from '@stamp-ledger/codec';
import { type EventStore, type ExpectedRevision, LIMITS, PortError } from '@stamp-ledger/ports';

interface Waiter {
  readonly seen: number;
  settle(error?: unknown): void;
}

const toNumber = (revision: ExpectedRevision): number => (revision === 'no-stream' ? -1 : revision);

/** Callers waiting for streams to change. Who registers first and looks at the stream afterwards misses nothing. */
export class StreamWaiters {
  readonly #waiting = new Map<StreamName, Set<Waiter>>();
  #count = 0;

  /** Resolves when the stream is announced or looked at beyond `after`, or `signal` aborts. `look` runs once registered. */
  beyond(
    { stream, after, signal }: Parameters<EventStore['streamChanged']>[0],
    look: () => Promise<ExpectedRevision>,
  ): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    if (this.#count >= LIMITS.streamWaiters)
      return Promise.reject(new PortError('unavailable', 'too many callers are waiting for the log'));
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        seen: toNumber(after),
        settle: (error) => {
          signal.removeEventListener('abort', aborted);
          this.#remove(stream, waiter);
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      const aborted = (): void => waiter.settle();
      signal.addEventListener('abort', aborted, { once: true });
      this.#add(stream, waiter);
      look().then(
        (head) => toNumber(head) > waiter.seen && waiter.settle(),
        (error: unknown) => waiter.settle(error),
      );
    });
  }

  /** Wakes the callers that have not seen this revision of the stream. */
  announce(stream: StreamName, revision: number): void {
    for (const waiter of [...(this.#waiting.get(stream) ?? [])]) if (revision > waiter.seen) waiter.settle();
  }

  rejectAll(error: PortError): void {
    for (const waiter of [...this.#waiting.values()].flatMap((waiters) => [...waiters])) waiter.settle(error);
  }

  #add(stream: StreamName, waiter: Waiter): void {
    const waiters = this.#waiting.get(stream) ?? new Set();
    this.#waiting.set(stream, waiters.add(waiter));
    this.#count++;
  }

  #remove(stream: StreamName, waiter: Waiter): void {
    const waiters = this.#waiting.get(stream);
    if (waiters?.delete(waiter) !== true) return;
    this.#count--;
    if (waiters.size === 0) this.#waiting.delete(stream);
  }
}
