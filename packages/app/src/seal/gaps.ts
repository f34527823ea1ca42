import { recordedAt, toMilliseconds } from '@stamp-ledger/codec';
import type { Instant } from '@stamp-ledger/domain';
import { type EventStore, LIMITS, PortError, type SealGap } from '@stamp-ledger/ports';
import { parseEntry } from '../move/format.js';
import type { PublishedLog } from './published-log.js';
import type { Sealing } from './sealing.js';
import type { SealedRound } from './status.js';

/** A time in which events waited to be sealed longer than they should, as far as it is known. */
export type ToldGap =
  | ({ readonly extent: 'measured' } & SealGap)
  /** Of very many events that wait, at least so many are counted. */
  | { readonly extent: 'lasting'; readonly from: Instant; readonly events: number }
  /**
   * Nobody can say that events waited, nor that they did not: no sealer is known to have run in this time, in which so
   * many were recorded; or without a time, how far the log is sealed now cannot be told.
   */
  | ({ readonly extent: 'unknown' } & Partial<SealGap>);

/**
 * Finds the times in which events waited longer than {@link LIMITS.sealGapMilliseconds} to be sealed, from the rounds of a
 * sealer. Events say themselves since when they wait, so that a time in which no sealer ran is found by the one that
 * comes after it. Late rounds one after the other are one gap.
 */
export class SealGapWatch {
  readonly #now: () => Instant;
  #ongoing: SealGap | undefined;
  #untold: readonly SealGap[] = [];

  constructor(now: () => Instant) {
    this.#now = now;
  }

  sealed({ events, since }: SealedRound): void {
    const to = this.#now();
    if (!isLate(since, to)) {
      this.#ongoing = undefined;
      return;
    }
    // Events that came after the late round before did not wait with those of it.
    const before = this.#ongoing !== undefined && since <= this.#ongoing.to ? this.#ongoing : undefined;
    const from = before !== undefined && before.from < since ? before.from : since;
    this.#ongoing = { from, to, events: (before?.events ?? 0) + events };
    this.#untold = [...this.#untold.filter((gap) => gap !== before), this.#ongoing];
  }

  /** What was not taken yet. A gap that went on comes again, with the same beginning. */
  take(): readonly SealGap[] {
    const untold = this.#untold;
    this.#untold = [];
    return untold;
  }
}

const isLate = (since: Instant, now: Instant): boolean =>
  toMilliseconds(now) - toMilliseconds(since) > LIMITS.sealGapMilliseconds;

/** When the event of an entry was recorded; undefined when the entry does not say. */
export function recordedIn(entry: Buffer): Instant | undefined {
  const event = parseEntry(entry.toString())?.event;
  return event && recordedAt(event);
}

/** The gap that lasts now, if any: what is behind the published log. */
export async function lastingGap({
  store,
  log,
  sealing,
  now,
}: {
  readonly store: Pick<EventStore, 'readAll'>;
  readonly log: Pick<PublishedLog, 'end'>;
  /** Says how far the log is sealed when it cannot be read. */
  readonly sealing: Pick<Sealing, 'sealed'> | undefined;
  readonly now: Instant;
}): Promise<ToldGap | undefined> {
  const end = await endOf(log);
  const known = end === 'unknown' ? sealing?.sealed()?.position : end;
  if (end === 'unknown' && known === undefined) return { extent: 'unknown' };
  let after = known;
  let from: Instant | undefined;
  let events = 0;
  while (events < LIMITS.scannedEvents) {
    const page = await store.readAll({ limit: LIMITS.readEvents, ...(after && { after }) });
    const [first] = page;
    if (first !== undefined) from ??= recordedAt(first);
    events += page.length;
    after = page.at(-1)?.position;
    if (page.length < LIMITS.readEvents) break;
  }
  return from !== undefined && isLate(from, now) ? { extent: 'lasting', from, events } : undefined;
}

/** A log whose files cannot be read must not cost the rest of a report. */
async function endOf(log: Pick<PublishedLog, 'end'>): ReturnType<PublishedLog['end']> {
  try {
    return await log.end();
  } catch (error) {
    if (error instanceof PortError) return 'unknown';
    throw error;
  }
}
