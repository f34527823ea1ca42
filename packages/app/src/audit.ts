import type { Position, RecordedEvent, StreamName } from '@stamp-ledger/codec';
import { LIMITS } from '@stamp-ledger/ports';
import type { Context } from './context.js';
import { caughtUp } from './freshness.js';
import { historyEvents } from './history.js';
import type { EventsPage, Ledger } from './ledger.js';
import { overdueOrders } from './overdue.js';
import { searchEvents } from './search.js';

type EventsRequest = Parameters<Ledger['audit']['events']>[0];
type FollowRequest = Parameters<Ledger['audit']['follow']>[0];

/** Reports over the whole ledger, and the feed of its events. */
export function auditQueries(context: Context): Omit<Ledger['audit'], 'outage'> {
  const { readModels, store } = context;
  const ready = (): Promise<boolean> => caughtUp(context, LIMITS.reportWaitMilliseconds);
  return {
    inventory: async (filter, moment) => {
      await ready();
      return readModels.inventory(filter, moment);
    },
    conservation: async (moment) => {
      await ready();
      return readModels.conservation(moment);
    },
    unfulfilled: async (page) => {
      await ready();
      return readModels.unfulfilled(page);
    },
    overdue: () => overdueOrders(context),
    payments: async (filter, page) => {
      await ready();
      return readModels.payments(filter, page);
    },
    search: (filter, page) => searchEvents(context, filter, page),
    events: (page) =>
      page.stream === undefined
        ? eventsOfLog(context, page)
        : eventsOfStream(context, page.stream as StreamName, page),
    follow: (request) => followEvents(context, request),
    head: async () => store.head(),
  };
}

const isShown =
  (types: readonly string[] | undefined) =>
  (event: RecordedEvent): boolean =>
    types === undefined || types.includes(event.type);

async function eventsOfLog(context: Context, { after, limit, types }: EventsRequest): Promise<EventsPage> {
  const shown: RecordedEvent[] = [];
  let next = after;
  for (let scanned = 0; shown.length < limit && scanned < LIMITS.scannedEvents; ) {
    const pageSize =
      types === undefined ? limit - shown.length : Math.min(LIMITS.readEvents, LIMITS.scannedEvents);
    const page = await context.store.readAll({
      limit: pageSize,
      ...(next === undefined ? {} : { after: next }),
    });
    scanned += page.length;
    for (const event of page) {
      if (shown.length === limit) break;
      next = event.position;
      if (isShown(types)(event)) shown.push(event);
    }
    if (page.length < pageSize) break;
  }
  return eventsPage(context, shown, next);
}

async function eventsOfStream(
  context: Context,
  stream: StreamName,
  { after, limit, types }: EventsRequest,
): Promise<EventsPage> {
  const shown: RecordedEvent[] = [];
  // Read before the stream: what comes after it is not passed over.
  const head = await context.store.head();
  let isExhausted = false;
  for (let from = 0; shown.length < limit; from += LIMITS.readEvents) {
    const { events } = await context.store.readStream({ stream, from, limit: LIMITS.readEvents });
    shown.push(
      ...events
        .filter((event) => (after === undefined || event.position > after) && isShown(types)(event))
        .slice(0, limit - shown.length),
    );
    if (events.length < LIMITS.readEvents) {
      isExhausted = shown.length < limit;
      break;
    }
  }
  const last = shown.at(-1)?.position;
  return eventsPage(context, shown, isExhausted ? latest([after, head, last]) : (last ?? after));
}

async function* followEvents(
  context: Context,
  { after, types, stream, signal }: FollowRequest,
): AsyncGenerator<EventsPage, void, undefined> {
  const pages = context.store.follow({
    limit: LIMITS.followedEvents,
    signal,
    ...(after === undefined ? {} : { after }),
  });
  for await (const events of pages) {
    const shown = events.filter(
      (event) => (stream === undefined || event.stream === stream) && isShown(types)(event),
    );
    yield await eventsPage(context, shown, events.at(-1)?.position);
  }
}

const latest = (positions: readonly (Position | undefined)[]): Position | undefined =>
  positions
    .filter((position) => position !== undefined)
    .sort()
    .at(-1);

async function eventsPage(
  context: Context,
  events: readonly RecordedEvent[],
  next: Position | undefined,
): Promise<EventsPage> {
  const page = { events: await historyEvents(context, events) };
  return next === undefined ? page : { ...page, next };
}
