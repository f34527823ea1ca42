import type { Position } from '@stamp-ledger/codec';
import { type EventFilter, type IndexedEvent, LIMITS, PortError } from '@stamp-ledger/ports';
import type { Context } from './context.js';
import { caughtUp } from './freshness.js';
import { historyEvent } from './history.js';
import type { HistoryEvent } from './ledger.js';

/** Finds events by the audit index and reads each from its own stream. The index has caught up with the log, or nearly. */
export async function searchEvents(
  context: Context,
  filter: EventFilter,
  page: { readonly after?: Position; readonly limit: number },
): Promise<readonly HistoryEvent[]> {
  await caughtUp(context, LIMITS.reportWaitMilliseconds, ['audit-index']);
  const indexed = await context.readModels.findEvents(filter, page);
  const found: HistoryEvent[] = [];
  for (let start = 0; start < indexed.length; start += LIMITS.searchReads)
    found.push(
      ...(await Promise.all(
        indexed.slice(start, start + LIMITS.searchReads).map((event) => read(context, event)),
      )),
    );
  return found;
}

async function read(context: Context, { stream, revision }: IndexedEvent): Promise<HistoryEvent> {
  const { events } = await context.store.readStream({ stream, from: revision, limit: 1 });
  const [event] = events;
  if (event === undefined) throw new PortError('corrupt', `${stream} lost revision ${revision}`);
  return historyEvent(context, event);
}
