import { type Position, recordedAt, toMilliseconds } from '@stamp-ledger/codec';
import { type Clock, type EventStore, LIMITS, PortError } from '@stamp-ledger/ports';
import { whenAway } from './when-away.js';

/** `unknown` when the log does not say so soon; undefined when it is empty. */
export type KnownHead = Position | undefined | 'unknown';

/** When the first event after a position was recorded, in milliseconds; `none` when there is no such event yet. */
export type FirstAfter = number | 'none' | 'unknown';

/**
 * Where the log ends, for answers that say how fresh they are: a look-up must not wait for a log that does not answer,
 * and thousands of them must not ask it each. After a failure nobody asks again for a while.
 */
export class LogHead {
  #known: { readonly head: KnownHead; readonly until: number } | undefined;
  #asking: Promise<KnownHead> | undefined;
  /** Nothing is ever put between two events of the log: what was first after a position stays so. */
  #first: { readonly after: Position | undefined; readonly recordedAt: number } | undefined;

  constructor(
    private readonly options: {
      readonly store: Pick<EventStore, 'head' | 'readAll'>;
      readonly clock: Clock;
    },
  ) {}

  find(): KnownHead | Promise<KnownHead> {
    if (this.#known !== undefined && this.options.clock.monotonicMilliseconds() < this.#known.until)
      return this.#known.head;
    if (this.#asking !== undefined) return this.#asking;
    const asked = this.options.clock.monotonicMilliseconds();
    const answer = this.options.store.head();
    if (!(answer instanceof Promise)) return this.#know(answer, asked + LIMITS.logHeadMilliseconds);
    this.#asking = this.#inTime(answer, asked).finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async firstAfter(after: Position | undefined): Promise<FirstAfter> {
    const known = this.#first;
    if (known !== undefined && known.after === after) return known.recordedAt;
    const page = await whenAway(
      this.options.store.readAll({ limit: 1, ...(after === undefined ? {} : { after }) }),
      undefined,
    );
    if (page === undefined) return 'unknown';
    const [event] = page;
    if (event === undefined) return 'none';
    const at = recordedAt(event);
    if (at === undefined) return 'unknown';
    const first = { after, recordedAt: toMilliseconds(at) };
    this.#first = first;
    return first.recordedAt;
  }

  async #inTime(answer: Promise<Position | undefined>, asked: number): Promise<KnownHead> {
    const { clock } = this.options;
    const done = new AbortController();
    const late = clock.sleep(LIMITS.logHeadWaitMilliseconds, done.signal).then(() => 'unknown' as const);
    const settled = answer.catch((error: unknown) => {
      if (error instanceof PortError && error.kind !== 'corrupt') return 'unknown' as const;
      throw error;
    });
    try {
      const head = await Promise.race([settled, late]);
      return this.#know(
        head,
        head === 'unknown'
          ? clock.monotonicMilliseconds() + LIMITS.logHeadRetryMilliseconds
          : asked + LIMITS.logHeadMilliseconds,
      );
    } finally {
      done.abort('done');
      settled.catch(() => undefined);
    }
  }

  #know(head: KnownHead, until: number): KnownHead {
    this.#known = { head, until };
    return head;
  }
}
