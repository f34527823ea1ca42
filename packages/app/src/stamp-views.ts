import type { Serial } from '@stamp-ledger/domain';
import {
  type Clock,
  LIMITS,
  type ProjectionStatus,
  type ReadModels,
  type StampView,
} from '@stamp-ledger/ports';
import { AskedLately } from './asked-lately.js';
import { statusOf } from './freshness.js';
import { RecentlyUsed } from './recently-used.js';
import { SingleFlight } from './single-flight.js';

/** A row of the verification model, and where the model stood before the row was read: the row is at least as new. */
export interface SeenView {
  readonly view: StampView;
  readonly status: ProjectionStatus | undefined;
}

/** What was read while the model stood at one place. */
class Standing {
  readonly held = new RecentlyUsed<Serial, { readonly seen: SeenView; readonly until: number }>(
    LIMITS.cachedStampViews,
  );
  readonly reading = new SingleFlight<Serial, SeenView | undefined>();

  constructor(readonly status: ProjectionStatus | undefined) {}

  /** Where nothing is known of the model, nothing would tell that the row has changed: then it is not held. */
  seen(view: StampView | undefined, until: number | undefined): SeenView | undefined {
    if (view === undefined) return undefined;
    const seen = { view, status: this.status };
    if (this.status !== undefined && until !== undefined) this.held.set(view.serial, { seen, until });
    return seen;
  }
}

/**
 * Rows of the verification model, asked for once however many want them. A row is held while the model stands where it
 * stood: an answer is then as new as its `asOf` says, and no command needs to tell anybody that it changed a stamp. Only what
 * is asked for again is held: rows that outlive their answer and are never used cost the collector more than to read them.
 */
export class StampViews {
  #standing = new Standing(undefined);
  readonly #asked = new AskedLately(LIMITS.askedStampViews);

  constructor(
    private readonly options: {
      readonly readModels: Pick<ReadModels, 'stamp' | 'status'>;
      readonly clock: Pick<Clock, 'monotonicMilliseconds'>;
    },
  ) {}

  /** Undefined for a stamp that the model has not seen. Rejects as the model does. */
  find(serial: Serial): SeenView | undefined | Promise<SeenView | undefined> {
    const { readModels, clock } = this.options;
    const status = statusOf(readModels, 'verification');
    if (this.#standing.status !== status) this.#standing = new Standing(status);
    const standing = this.#standing;
    const now = clock.monotonicMilliseconds();
    const held = standing.held.get(serial);
    if (held !== undefined && now < held.until) return held.seen;
    const running = standing.reading.get(serial);
    if (running !== undefined) return running;
    const until = this.#asked.ask(serial) ? now + LIMITS.cachedStampViewMilliseconds : undefined;
    const row = readModels.stamp(serial);
    return row instanceof Promise
      ? standing.reading.run(serial, () => row.then((view) => standing.seen(view, until)))
      : standing.seen(row, until);
  }
}
