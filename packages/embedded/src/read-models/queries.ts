import { LIMITS, PortError, type ReadModelQueries } from '@stamp-ledger/ports';
import type Database from 'better-sqlite3';
import { EventQueries } from './event-queries.js';
import { InventoryQueries } from './inventory-queries.js';
import { OrderQueries } from './order-queries.js';
import { PaymentQueries } from './payment-table.js';
import { lookUpFile, openToRead } from './schema.js';
import { readModelError } from './statements.js';
import { StockQueries } from './stock-queries.js';
import { ViewQueries } from './view-queries.js';
import { WorkQueries } from './work-queries.js';

/** Opens a generation of read models for queries, on the calling thread. It must exist. Throws a PortError. */
export function openEmbeddedQueries({ file }: { readonly file: string }): ReadModelQueries {
  try {
    const inventory = openToRead(file);
    // Only reports that compare the models read both files through one connection.
    inventory.prepare('ATTACH ? AS look_up').run(lookUpFile(file));
    return makeQueries(inventory, openToRead(lookUpFile(file)));
  } catch (error) {
    throw readModelError(error, 'opening the read models for reading');
  }
}

function makeQueries(db: Database.Database, lookUp: Database.Database): ReadModelQueries {
  const views = new ViewQueries(lookUp);
  const stock = new StockQueries(db);
  const orders = new OrderQueries(db, stock);
  const payments = new PaymentQueries(db);
  const work = new WorkQueries(db);
  const inventory = new InventoryQueries(db);
  const events = new EventQueries(lookUp);
  const answer = answering(db);
  const find = answering(lookUp);
  return {
    // One statement shows one moment by itself; a transaction around it, or a promise, costs as much again.
    stamp: (serial) => {
      try {
        return reading(lookUp, () => views.stamp(serial));
      } catch (error) {
        return Promise.reject(error);
      }
    },
    stampsOfDocument: (sha256, { after, limit } = { limit: LIMITS.queryRows }) =>
      find(() => views.ofDocument(sha256, after, limit)),
    stampsOfOrder: (orderId) => find(() => views.ofOrder(orderId)),
    order: (orderId) => answer(() => orders.order(orderId)),
    ordersAhead: (filter) => answer(() => orders.ahead(filter)),
    ordersToFulfil: ({ after, limit }) => answer(() => orders.toFulfil(after, limit)),
    ordersToReturn: ({ limit }) => answer(() => orders.toReturn(limit)),
    unpaidOrders: ({ placedBefore, limit }) => answer(() => orders.unpaid(placedBefore, limit)),
    unfulfilled: ({ after, limit }) => answer(() => orders.unfulfilled(after, limit)),
    payments: (filter, { after, limit }) => answer(() => payments.page(filter, after, limit)),
    stock: ({ after, limit, ...filter }) => answer(() => stock.page(filter, after, limit)),
    stockCount: (filter) => answer(() => stock.count(filter)),
    expiredReservations: ({ at, limit }) => answer(() => stock.expired(at, limit)),
    batchMinted: (id) => answer(() => work.batchMinted(id)),
    batchesToMint: ({ limit }) => answer(() => work.batchesToMint(limit)),
    allocated: (id) => answer(() => work.allocated(id)),
    allocationsToDo: ({ limit }) => answer(() => work.allocationsToDo(limit)),
    incidents: ({ after, limit }) => answer(() => work.incidents(after, limit)),
    inventory: (filter, moment) => answer(() => inventory.inventory(filter, moment)),
    conservation: (moment) => answer(() => inventory.conservation(moment)),
    findEvents: (filter, { after, limit }) => find(() => events.find(filter, after, limit)),
    countEvents: (filter) => find(() => events.count(filter)),
    close: async () => {
      db.close();
      lookUp.close();
    },
  };
}

type Answering = <Answer>(read: () => Answer) => Promise<Answer>;

/** Throws a PortError. */
function reading<Answer>(db: Database.Database, read: () => Answer): Answer {
  if (!db.open) throw new PortError('unavailable', 'the read models are closed');
  try {
    return read();
  } catch (error) {
    throw readModelError(error, 'reading the read models');
  }
}

/** Each answer is read in one transaction, so that it shows one moment. */
function answering(db: Database.Database): Answering {
  const begin = db.prepare('BEGIN');
  const end = db.prepare('COMMIT');
  return async (read) =>
    reading(db, () => {
      begin.run();
      try {
        return read();
      } finally {
        if (db.inTransaction) end.run();
      }
    });
}
