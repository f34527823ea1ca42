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
import { RowWriter, rowsByKeys, type Session, type Statement } from '../statements.js';
import { optionalText, orNull, type Row, text, type Value } from './columns.js';

const ORDER_COLUMNS = {
  order_id: 'text',
  revision: 'int',
  outstanding: 'bigint',
  status: 'text',
  channel: 'text',
  holder: 'text',
  amount: 'text',
  currency: 'text',
  quantity: 'bigint',
  placed_at: 'text',
  payment: 'text',
  paid_at: 'text',
  paid_position: 'text',
  policy_version: 'text',
} as const;
/** The columns that {@link orderFrom} takes first. */
export const ORDER_SELECTION = Object.keys(ORDER_COLUMNS)
  .map((column) => `o.${column}`)
  .join(', ');
export const SELECT_ORDER = `SELECT ${ORDER_SELECTION} FROM {models}.order_row AS o`;

const ORDERS_BY_ID: Statement = {
  name: 'orders_by_id',
  sql: `${SELECT_ORDER} WHERE order_id = ANY($1::text[])`,
};
const orderWriter = new RowWriter<OrderRow>({
  table: 'order_row',
  columns: { ...ORDER_COLUMNS, plain_amount: 'text', paid_amount: 'text', paid_currency: 'text' },
  key: ['order_id'],
  orderBy: 'order_id',
  values: orderValues,
});

export const loadOrders = async (session: Session, ids: readonly OrderId[]): Promise<OrderRow[]> =>
  (await rowsByKeys(session, ORDERS_BY_ID, ids)).map(orderFrom);

export const saveOrders = (session: Session, rows: readonly OrderRow[]): Promise<void> =>
  orderWriter.write(session, rows);

function orderValues({ orderId, revision, outstanding, order }: OrderRow): Value[] {
  const payment = order?.payment;
  return [
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
  ];
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

/** Batches or allocations. */
export class JobTable<Id extends string> {
  readonly #byId: Statement;
  readonly #writer: RowWriter<JobRow<Id>>;

  constructor(table: 'batch' | 'allocation') {
    this.#byId = {
      name: `${table}_by_id`,
      sql: `SELECT id, revision, opened_at, quantity, done, completed FROM {models}.${table} WHERE id = ANY($1::text[])`,
    };
    this.#writer = new RowWriter<JobRow<Id>>({
      table,
      columns: {
        id: 'text',
        revision: 'int',
        opened_at: 'text',
        quantity: 'bigint',
        done: 'bigint',
        completed: 'int',
      },
      key: ['id'],
      values: ({ id, revision, openedAt, quantity, done, completed }) => [
        id,
        revision,
        orNull(openedAt),
        orNull(quantity),
        done,
        Number(completed),
      ],
    });
  }

  async load(session: Session, ids: readonly Id[]): Promise<JobRow<Id>[]> {
    return (await rowsByKeys(session, this.#byId, ids)).map((row) => ({
      id: text<Id>(row[0]),
      revision: Number(row[1]),
      openedAt: optionalText<Position>(row[2]),
      quantity: row[3] === null ? undefined : Number(row[3]),
      done: Number(row[4]),
      completed: row[5] === 1,
    }));
  }

  save(session: Session, rows: readonly JobRow<Id>[]): Promise<void> {
    return this.#writer.write(session, rows);
  }
}

const INCIDENTS_BY_ID: Statement = {
  name: 'incidents_by_id',
  sql: 'SELECT revision, opened_at, view FROM {models}.incident WHERE id = ANY($1::text[])',
};
const incidentWriter = new RowWriter<IncidentRow>({
  table: 'incident',
  columns: { id: 'text', revision: 'int', opened_at: 'text', view: 'text' },
  key: ['id'],
  values: ({ revision, openedAt, view }) => [view.incidentId, revision, openedAt, JSON.stringify(view)],
});

export const loadIncidents = async (session: Session, ids: readonly string[]): Promise<IncidentRow[]> =>
  (await rowsByKeys(session, INCIDENTS_BY_ID, ids)).map((row) => ({
    revision: Number(row[0]),
    openedAt: text<Position>(row[1]),
    view: incidentFrom(row[2]),
  }));

export const saveIncidents = (session: Session, rows: readonly IncidentRow[]): Promise<void> =>
  incidentWriter.write(session, rows);

export const incidentFrom = (view: Value | undefined): IncidentView => JSON.parse(text(view)) as IncidentView;
