import { recordedAt, toMilliseconds } from '@stamp-ledger/codec';
import type { Instant } from '@stamp-ledger/domain';
import { type EventStore, LIMITS, type SealGap } from '@stamp-ledger/ports';
import { parseEntry } from '../move/format.js';
import type { PublishedLog } from './published-log.js';
import type { SealedRound } from './status.js';

type EndedGap = Required<SealGap>;

/**
 * Finds the times in which events waited longer than {@link LIMITS.sealGapMilliseconds} to be sealed, from the rounds of a
 * sealer. Events say themselves since when they wait, so that a time in which no sealer ran is found by the one that
 * comes after it. Late rounds one after the other are one gap.
 */
export class SealGapWatch {
  readonly #now: () => Instant;
  #ongoing: EndedGap | undefined;
  #untold: readonly EndedGap[] = [];

  constructor(now: () => Instant) {
    this.#now = now;
  }

  sealed({ events, since }: SealedRound): void {
    const to = this.#now();
    if (!isLate(since, to)) {
      this.#ongoing = undefined;
      return;
    }
    const before = this.#ongoing;
    const from = before !== undefined && before.from < since ? before.from : since;
    this.#ongoing = { from, to, events: (before?.events ?? 0) + events };
    this.#untold = [...this.#untold.filter((gap) => gap !== before), this.#ongoing];
  }

  /** What was not taken yet. A gap that went on comes again, with the same beginning. */
  take(): readonly EndedGap[] {
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

/** The gap that lasts now, if any: what is behind the published log. Of very many events it counts the first. */
export async function lastingGap({
  store,
  log,
  now,
}: {
  readonly store: Pick<EventStore, 'readAll'>;
  readonly log: Pick<PublishedLog, 'end'>;
  readonly now: Instant;
}): Promise<SealGap | undefined> {
  const end = await log.end();
  if (end === 'unknown') return undefined;
  let after = end;
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
  return from !== undefined && isLate(from, now) ? { from, events } : undefined;
}
