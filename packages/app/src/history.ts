import { type RecordedEvent, stampStream } from '@stamp-ledger/codec';
import type { Instant, Serial } from '@stamp-ledger/domain';
import { LIMITS, type Moment, PortError } from '@stamp-ledger/ports';
import type { Context } from './context.js';
import type { Correction, HistoryEvent, HistoryPage, HistoryRequest } from './ledger.js';
import { leafOf } from './seal/read-log.js';
import { haltOf } from './seal/status.js';

/**
 * Events of one stamp, oldest first, each with what later events of the page say was wrong with it. Undefined for a
 * serial with no event at all.
 */
export async function historyPage(
  context: Context,
  serial: Serial,
  { moment, after, limit }: HistoryRequest,
): Promise<HistoryPage | undefined> {
  const events: RecordedEvent[] = [];
  let from = after === undefined ? 0 : after + 1;
  let more = false;
  while (events.length < limit) {
    const size = Math.min(LIMITS.readEvents, limit + 1 - events.length);
    const page = await context.store.readStream({ stream: stampStream(serial), from, limit: size });
    events.push(...page.events);
    from += page.events.length;
    more = events.length > limit;
    if (page.events.length < size) break;
  }
  if (events.length === 0 && after === undefined) return undefined;
  const recorded = events.slice(0, limit);
  const history = await historyEvents(context, recorded);
  const shown = moment === undefined ? history : history.filter(isBy(moment));
  // Behind an event that is later than the moment, all are.
  const hasMore = more && shown.length === history.length;
  const next = history.at(-1)?.event.revision;
  return { events: corrected(shown), ...(hasMore && next !== undefined ? { next } : {}) };
}

/**
 * Events with the leaf hash that anyone can recompute from their bytes, and their place in the published log where they
 * have one by now. Without it when the published log cannot be read: whoever reads events must not miss one for that.
 */
export async function historyEvents(
  { serde, log }: Context,
  recorded: readonly RecordedEvent[],
): Promise<HistoryEvent[]> {
  const leaves = recorded.map((event) => ({ event, position: event.position, leaf: leafOf(event) }));
  const indexes = await log?.leafIndexes(leaves).catch((error: unknown) => {
    if (error instanceof PortError || haltOf(error) !== undefined) return undefined;
    throw error;
  });
  return leaves.map(({ event, leaf }, at) => {
    const leafIndex = indexes?.[at];
    return {
      event: serde.decode(event),
      leafHash: leaf.toString('hex'),
      ...(leafIndex !== undefined && { leafIndex }),
    };
  });
}

function corrected(history: readonly HistoryEvent[]): HistoryEvent[] {
  const corrections = new Map<number, Correction[]>();
  for (const { event } of history) {
    if (event.type !== 'EventCorrected') continue;
    const { corrects, statement, evidence } = event.data;
    const known = corrections.get(corrects.revision) ?? [];
    corrections.set(corrects.revision, [
      ...known,
      {
        revision: event.revision,
        position: event.position,
        recordedAt: event.metadata.recordedAt as Instant,
        statement,
        ...(evidence === undefined ? {} : { evidence }),
      },
    ]);
  }
  return history.map((each) => {
    const found = corrections.get(each.event.revision);
    return found === undefined ? each : { ...each, corrections: found };
  });
}

const isBy =
  (moment: Moment) =>
  ({ event }: HistoryEvent): boolean =>
    'position' in moment ? event.position <= moment.position : event.metadata.recordedAt <= moment.recordedAt;
