import assert from 'node:assert/strict';
import { foldStampView } from '@stamp-ledger/app';
import { type LedgerEvent, parseStream } from '@stamp-ledger/codec';
import type { Instant, OrderId, Serial } from '@stamp-ledger/domain';
import type { ReadModelQueries, StampView } from '@stamp-ledger/ports';
import {
  ALLOCATIONS,
  BATCHES,
  DOLLARS,
  denominationOf,
  documentOf,
  ORDERS,
  RUPIAH,
  SERIALS,
  STOCK_CHANNELS,
  serialOf,
} from './world.js';

const LIMIT = 1_000;
const FAR = '9999-12-31T00:00:00.000Z' as Instant;
const SHOWN_SERIALS: readonly Serial[] = [...SERIALS, serialOf(SERIALS.length), serialOf(SERIALS.length + 1)];

/** Everything that the read models answer about a random history. Two models are the same when this is. */
export async function dump(queries: ReadModelQueries): Promise<unknown> {
  return {
    ...(await dumpStreams(queries)),
    events: await queries.findEvents({}, { limit: LIMIT }),
    documents: await all([0, 1, 2], (number) => queries.stampsOfDocument(documentOf(number).sha256)),
  };
}

/** As {@link dump}, without the audit index. */
export async function dumpStreams(queries: ReadModelQueries): Promise<Record<string, unknown>> {
  return {
    stamps: await all(SHOWN_SERIALS, async (serial) => queries.stamp(serial)),
    ofOrders: await all(ORDERS, (orderId) => queries.stampsOfOrder(orderId)),
    orders: await all(ORDERS, (orderId) => queries.order(orderId)),
    ahead: await all(ORDERS, (before) =>
      all(STOCK_CHANNELS, (channel) => queries.ordersAhead({ channel, denomination: RUPIAH, before })),
    ),
    toFulfil: await queries.ordersToFulfil({ limit: LIMIT }),
    toReturn: await queries.ordersToReturn({ limit: LIMIT }),
    unpaid: await queries.unpaidOrders({ placedBefore: FAR, limit: LIMIT }),
    payments: await queries.payments({}, { limit: LIMIT }),
    unfulfilled: await queries.unfulfilled({ limit: LIMIT }),
    stock: await all(STOCK_CHANNELS, (channel) =>
      all([RUPIAH, DOLLARS], async (denomination) => [
        await queries.stock({ channel, denomination, limit: LIMIT }),
        await queries.stockCount({ channel, denomination }),
      ]),
    ),
    expired: (await queries.expiredReservations({ at: FAR, limit: LIMIT })).toSorted(),
    minted: await all(BATCHES, (batchId) => queries.batchMinted(batchId)),
    toMint: await queries.batchesToMint({ limit: LIMIT }),
    allocated: await all(ALLOCATIONS, (id) => queries.allocated(id)),
    toAllocate: await queries.allocationsToDo({ limit: LIMIT }),
    incidents: await queries.incidents({ limit: LIMIT }),
    inventory: await all(BATCHES, (batchId) =>
      queries.inventory({ batchId, currency: denominationOf(batchId).currency }),
    ),
    conservation: await queries.conservation(),
  };
}

async function all<Item, Answer>(
  items: readonly Item[],
  ask: (item: Item) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const item of items) answers.push(await ask(item));
  return answers;
}

/** What a strong read says of every stamp: its stream, folded. */
export function foldStamps(events: readonly LedgerEvent[]): Map<Serial, StampView> {
  const views = new Map<Serial, StampView>();
  for (const event of events) {
    const stream = parseStream(event.stream);
    if (stream?.kind !== 'stamp') continue;
    const serial = stream.id as Serial;
    views.set(serial, foldStampView(views.get(serial), event));
  }
  return views;
}

/** Asserts that rows and log say the same about every stamp and order. */
export async function assertRowsAreFolds(
  queries: ReadModelQueries,
  events: readonly LedgerEvent[],
): Promise<void> {
  const folds = foldStamps(events);
  for (const serial of SHOWN_SERIALS) assert.deepEqual(await queries.stamp(serial), folds.get(serial));
  for (const orderId of ORDERS) {
    const expected = [...folds.values()].filter((view) => view.orderId === orderId);
    assert.deepEqual(await queries.stampsOfOrder(orderId), bySerial(expected));
    const order = await queries.order(orderId);
    if (order !== undefined) assert.equal(order.outstanding, outstandingOf(expected));
  }
  for (const number of [0, 1, 2]) {
    const { sha256 } = documentOf(number);
    const expected = [...folds.values()].filter((view) => view.document?.sha256 === sha256);
    assert.deepEqual(await queries.stampsOfDocument(sha256), bySerial(expected));
    const [first, ...others] = bySerial(expected);
    if (first === undefined) continue;
    const page = { after: first.serial, limit: 1 };
    assert.deepEqual(await queries.stampsOfDocument(sha256, page), others.slice(0, 1));
  }
}

const outstandingOf = (views: readonly StampView[]): number =>
  views.filter(({ state }) => state !== 'voided').length;

const bySerial = (views: readonly StampView[]): StampView[] =>
  views.toSorted((a, b) => (a.serial < b.serial ? -1 : 1));

export const orderIdOf = (event: LedgerEvent): OrderId | undefined =>
  'orderId' in event.data ? (event.data.orderId as OrderId | undefined) : undefined;
