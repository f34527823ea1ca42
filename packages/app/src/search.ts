import type { Position, RecordedEvent } from '@stamp-ledger/codec';
import { type EventFilter, type IndexedEvent, LIMITS, PortError } from '@stamp-ledger/ports';
import type { Context } from './context.js';
import { caughtUp } from './freshness.js';
import { historyEvents } from './history.js';
import type { HistoryEvent } from './ledger.js';

/** Finds events by the audit index and reads each from its own stream. The index has caught up with the log, or nearly. */
export async function searchEvents(
  context: Context,
  filter: EventFilter,
  page: { readonly after?: Position; readonly limit: number },
): Promise<readonly HistoryEvent[]> {
  await caughtUp(context, LIMITS.reportWaitMilliseconds, ['audit-index']);
  const indexed = await context.readModels.findEvents(filter, page);
  const found: RecordedEvent[] = [];
  for (let start = 0; start < indexed.length; start += LIMITS.searchReads)
    found.push(
      ...(await Promise.all(
        indexed.slice(start, start + LIMITS.searchReads).map((event) => read(context, event)),
      )),
    );
  return historyEvents(context, found);
}

async function read({ store }: Context, { stream, revision }: IndexedEvent): Promise<RecordedEvent> {
  const { events } = await store.readStream({ stream, from: revision, limit: 1 });
  const [event] = events;
  if (event === undefined) throw new PortError('corrupt', `${stream} lost revision ${revision}`);
  return event;
}
