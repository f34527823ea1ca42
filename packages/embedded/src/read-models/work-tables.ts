import type { Position } from '@stamp-ledger/codec';
import type { Channel, Instant, OrderId, OrderStatus, Payment } from '@stamp-ledger/domain';
import {
  type IncidentRow,
  type IncidentView,
  type JobRow,
  type OrderRow,
  type PlacedOrderRow,
  plainAmount,
} from '@stamp-ledger/ports';
import type Database from 'better-sqlite3';
import { optionalText, orNull, type Row, text, type Value } from './columns.js';
import { KeyedReader, RowWriter } from './statements.js';

const ORDER_COLUMNS = [
  'order_id',
  'revision',
  'outstanding',
  'status',
  'channel',
  'holder',
  'amount',
  'currency',
  'quantity',
  'placed_at',
  'payment',
  'paid_at',
  'paid_position',
  'policy_version',
] as const;
const DERIVED_ORDER_COLUMNS = ['plain_amount', 'paid_amount', 'paid_currency'] as const;
export const SELECT_ORDER = `SELECT ${ORDER_COLUMNS.join(', ')} FROM order_row`;

/** Orders. Synchronous; throws as SQLite does. */
export class OrderTable {
  readonly #byId: KeyedReader;
  readonly #writer: RowWriter;

  constructor(db: Database.Database) {
    this.#byId = new KeyedReader(db, `${SELECT_ORDER} WHERE order_id IN (SELECT value FROM json_each(?))`);
    this.#writer = new RowWriter(db, {
      table: 'order_row',
      columns: [...ORDER_COLUMNS, ...DERIVED_ORDER_COLUMNS],
      key: ['order_id'],
    });
  }

  load(ids: readonly OrderId[]): OrderRow[] {
    return this.#byId.read(ids).map(orderFrom);
  }

  save(rows: readonly OrderRow[]): void {
    this.#writer.write(rows, orderValues);
  }
}

function orderValues({ orderId, revision, outstanding, order }: OrderRow, values: Value[]): void {
  const payment = order?.payment;
  values.push(
    orderId,
    revision,
    outstanding,
    orNull(order?.status),
    orNull(order?.channel),
    orNull(order?.holder),
    orNull(order?.denomination.amount),
    orNull(order?.denomination.currency),
    orNull(order?.quantity),
    orNull(order?.placedAt),
    payment === undefined ? null : JSON.stringify(payment),
    orNull(order?.paidAt),
    orNull(order?.paidPosition),
    orNull(order?.policyVersion),
    order === undefined ? null : plainAmount(order.denomination.amount),
    orNull(payment?.amount),
    orNull(payment?.currency),
  );
}

/** A row of {@link SELECT_ORDER}. */
export const orderFrom = (row: Row): OrderRow => ({
  orderId: text<OrderId>(row[0]),
  revision: Number(row[1]),
  outstanding: Number(row[2]),
  order: row[3] === null ? undefined : placedOrderFrom(row),
});

const placedOrderFrom = (row: Row): PlacedOrderRow => ({
  status: text<OrderStatus>(row[3]),
  channel: text<Channel>(row[4]),
  holder: text(row[5]),
  denomination: { amount: text(row[6]), currency: text(row[7]) },
  quantity: Number(row[8]),
  placedAt: text<Instant>(row[9]),
  payment: row[10] === null ? undefined : (JSON.parse(text(row[10])) as Payment),
  paidAt: optionalText<Instant>(row[11]),
  paidPosition: optionalText<Position>(row[12]),
  policyVersion: optionalText(row[13]),
});

const JOB_COLUMNS = ['id', 'revision', 'opened_at', 'quantity', 'done', 'completed'] as const;

/** Batches or allocations. Synchronous; throws as SQLite does. */
export class JobTable<Id extends string> {
  readonly #byId: KeyedReader;
  readonly #writer: RowWriter;

  constructor(db: Database.Database, table: 'batch' | 'allocation') {
    this.#byId = new KeyedReader(
      db,
      `SELECT ${JOB_COLUMNS.join(', ')} FROM ${table} WHERE id IN (SELECT value FROM json_each(?))`,
    );
    this.#writer = new RowWriter(db, { table, columns: JOB_COLUMNS, key: ['id'] });
  }

  load(ids: readonly Id[]): JobRow<Id>[] {
    return this.#byId.read(ids).map((row) => ({
      id: text<Id>(row[0]),
      revision: Number(row[1]),
      openedAt: optionalText<Position>(row[2]),
      quantity: row[3] === null ? undefined : Number(row[3]),
      done: Number(row[4]),
      completed: row[5] === 1,
    }));
  }

  save(rows: readonly JobRow<Id>[]): void {
    this.#writer.write(rows, ({ id, revision, openedAt, quantity, done, completed }, values) =>
      values.push(id, revision, orNull(openedAt), orNull(quantity), done, Number(completed)),
    );
  }
}

/** Incidents. Synchronous; throws as SQLite does. */
export class IncidentTable {
  readonly #byId: KeyedReader;
  readonly #writer: RowWriter;

  constructor(db: Database.Database) {
    this.#byId = new KeyedReader(
      db,
      'SELECT revision, opened_at, view FROM incident WHERE id IN (SELECT value FROM json_each(?))',
    );
    this.#writer = new RowWriter(db, {
      table: 'incident',
      columns: ['id', 'revision', 'opened_at', 'view'],
      key: ['id'],
    });
  }

  load(ids: readonly string[]): IncidentRow[] {
    return this.#byId.read(ids).map((row) => ({
      revision: Number(row[0]),
      openedAt: text<Position>(row[1]),
      view: incidentFrom(row[2]),
    }));
  }

  save(rows: readonly IncidentRow[]): void {
    this.#writer.write(rows, ({ revision, openedAt, view }, values) =>
      values.push(view.incidentId, revision, openedAt, JSON.stringify(view)),
    );
  }
}

export const incidentFrom = (view: Value | undefined): IncidentView => JSON.parse(text(view)) as IncidentView;
