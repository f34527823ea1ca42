import type { Serial } from '@stamp-ledger/domain';
import {
  type Clock,
  LIMITS,
  type ProjectionStatus,
  type ReadModels,
  type StampView,
} from '@stamp-ledger/ports';
import { statusOf } from './freshness.js';
import { WeightedLru } from './weighted-lru.js';

/** A row of the verification model, and where the model stood before the row was read: the row is at least as new. */
export interface SeenView {
  readonly view: StampView;
  readonly status: ProjectionStatus | undefined;
}

interface Held {
  readonly seen: SeenView;
  /** On the monotonic clock. */
  readonly until: number;
}

/**
 * Rows of the verification model, asked for once however many want them. A row is held while the model stands where it
 * stood: an answer is then as new as its `asOf` says, and no command needs to tell anybody that it changed a stamp.
 */
export class StampViews {
  readonly #held = new WeightedLru<Serial, Held>(LIMITS.cachedStampViews);
  readonly #reading = new Map<
    Serial,
    { readonly status: ProjectionStatus | undefined; readonly row: Promise<SeenView | undefined> }
  >();

  constructor(
    private readonly options: {
      readonly readModels: Pick<ReadModels, 'stamp' | 'status'>;
      readonly clock: Pick<Clock, 'monotonicMilliseconds'>;
    },
  ) {}

  /** Undefined for a stamp that the model has not seen. Rejects as the model does. */
  find(serial: Serial): SeenView | Promise<SeenView | undefined> {
    const { readModels, clock } = this.options;
    const status = statusOf(readModels, 'verification');
    const held = this.#held.get(serial);
    if (held !== undefined && held.seen.status === status && clock.monotonicMilliseconds() < held.until)
      return held.seen;
    const reading = this.#reading.get(serial);
    if (reading !== undefined && reading.status === status) return reading.row;
    const row = this.#read(serial, status);
    this.#reading.set(serial, { status, row });
    return row;
  }

  async #read(serial: Serial, status: ProjectionStatus | undefined): Promise<SeenView | undefined> {
    const { readModels, clock } = this.options;
    const until = clock.monotonicMilliseconds() + LIMITS.cachedStampViewMilliseconds;
    try {
      const view = await readModels.stamp(serial);
      if (view === undefined) return undefined;
      const seen = { view, status };
      // Where nothing is known of the model, nothing would tell that the row has changed.
      if (status !== undefined) this.#held.set(serial, { seen, until }, 1);
      return seen;
    } finally {
      if (this.#reading.get(serial)?.status === status) this.#reading.delete(serial);
    }
  }
}
