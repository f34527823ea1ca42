import { LIMITS, PortError } from '@stamp-ledger/ports';

interface Waiter {
  /** The last place or revision that the caller has seen. */
  readonly seen: number;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Callers waiting for something to be appended, by key. In memory: whoever registers first and looks at the log
 * afterwards misses nothing, since every append is announced after it can be read.
 */
export class Waiters<Key> {
  readonly #waiting = new Map<Key, Set<Waiter>>();
  #count = 0;
  #closed: PortError | undefined;

  /**
   * Resolves when something beyond `seen` is there for the key, or `signal` aborts; rejects when the log closes. `look`
   * tells what is there now; it is called once, after registering.
   */
  beyond(
    { key, seen, signal }: { readonly key: Key; readonly seen: number; readonly signal: AbortSignal },
    look: () => number,
  ): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    if (signal.aborted) return Promise.resolve();
    if (this.#count >= LIMITS.streamWaiters)
      return Promise.reject(new PortError('unavailable', 'too many callers are waiting for the log'));
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        signal.removeEventListener('abort', onAbort);
        this.#remove(key, waiter);
      };
      const onAbort = (): void => waiter.resolve();
      const waiter: Waiter = {
        seen,
        resolve() {
          leave();
          resolve();
        },
        reject(error) {
          leave();
          reject(error);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#add(key, waiter);
      try {
        if (look() > seen) waiter.resolve();
      } catch (error) {
        waiter.reject(error);
      }
    });
  }

  /** Wakes the callers that have not seen `latest`. */
  announce(key: Key, latest: number): void {
    const waiters = this.#waiting.get(key);
    if (waiters === undefined) return;
    for (const waiter of [...waiters]) if (latest > waiter.seen) waiter.resolve();
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  close(error: PortError): void {
    this.#closed = error;
    for (const waiter of [...this.#waiting.values()].flatMap((waiters) => [...waiters])) waiter.reject(error);
  }

  #add(key: Key, waiter: Waiter): void {
    const waiters = this.#waiting.get(key) ?? new Set();
    waiters.add(waiter);
    this.#waiting.set(key, waiters);
    this.#count++;
  }

  #remove(key: Key, waiter: Waiter): void {
    const waiters = this.#waiting.get(key);
    if (waiters?.delete(waiter) !== true) return;
    this.#count--;
    if (waiters.size === 0) this.#waiting.delete(key);
  }
}
