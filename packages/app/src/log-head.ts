import type { Position } from '@stamp-ledger/codec';
import { type Clock, type EventStore, LIMITS, PortError } from '@stamp-ledger/ports';

/**
 * Where the log ends, for answers that say how fresh they are: a look-up must not wait for a log that does not answer.
 * After a failure nobody waits again for a while.
 */
export class LogHead {
  #failedAt: number | undefined;

  constructor(
    private readonly options: { readonly store: Pick<EventStore, 'head'>; readonly clock: Clock },
  ) {}

  /** `unknown` when the log does not say so soon. */
  async find(): Promise<Position | undefined | 'unknown'> {
    const { store, clock } = this.options;
    const now = clock.monotonicMilliseconds();
    if (this.#failedAt !== undefined && now - this.#failedAt < LIMITS.logHeadRetryMilliseconds)
      return 'unknown';
    const done = new AbortController();
    const late = clock.sleep(LIMITS.logHeadWaitMilliseconds, done.signal).then(() => 'unknown' as const);
    const head = store.head().catch((error: unknown) => {
      if (error instanceof PortError && error.kind !== 'corrupt') return 'unknown' as const;
      throw error;
    });
    try {
      const found = await Promise.race([head, late]);
      this.#failedAt = found === 'unknown' ? clock.monotonicMilliseconds() : undefined;
      return found;
    } finally {
      done.abort('done');
      head.catch(() => undefined);
    }
  }
}
