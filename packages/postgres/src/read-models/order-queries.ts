import type { Channel, Instant, Money, OrderId } from '@stamp-ledger/domain';
import { type OrderCursor, type OrderView, plainAmount, type UnfulfilledOrder } from '@stamp-ledger/ports';
import { BLOCK_CHARACTERS, ORDER_HAS_TOO_MANY } from '../schema/models.js';
import type { Session, Statement } from '../statements.js';
import { given, type Row } from './columns.js';
import { STOCK_OF_LOT } from './stock-queries.js';
import { ORDER_SELECTION, orderFrom, SELECT_ORDER } from './work-tables.js';

/** Where an order stands in its queue; null without one, or while it is not paid. */
const PLACE = '(SELECT paid_position FROM {models}.order_row WHERE order_id = $4)';
const BLOCK = `left(${PLACE}, ${BLOCK_CHARACTERS})`;

/** The statements of the order queries, where a test can see their plans. '~' is greater than any position. */
export const ORDER_SQL = {
  byId: { name: 'order', sql: `${SELECT_ORDER} WHERE o.order_id = $1` },
  ahead: {
    name: 'orders_ahead',
    sql: `SELECT coalesce((SELECT sum(waiting)::bigint FROM {models}.order_block
        WHERE channel = $1 AND currency = $2 AND amount = $3 AND block < coalesce(${BLOCK}, '~')), 0)
      + (SELECT count(*) FROM {models}.order_row WHERE status = 'paid' AND channel = $1 AND currency = $2
        AND plain_amount = $3 AND paid_position >= ${BLOCK} AND paid_position < ${PLACE})`,
  },
  toFulfil: {
    name: 'orders_to_fulfil',
    sql: `${SELECT_ORDER} WHERE o.status = 'paid' AND o.paid_position > $1 ORDER BY o.paid_position LIMIT $2`,
  },
  toReturn: {
    name: 'orders_to_return',
    sql: `${SELECT_ORDER} WHERE ${ORDER_HAS_TOO_MANY} ORDER BY o.order_id LIMIT $1`,
  },
  unpaid: {
    name: 'orders_unpaid',
    sql: `${SELECT_ORDER} WHERE o.status = 'placed' AND o.placed_at < $1 ORDER BY o.placed_at LIMIT $2`,
  },
  owed: {
    name: 'orders_owed',
    sql: `SELECT ${ORDER_SELECTION}, (SELECT sum(${STOCK_OF_LOT})::bigint FROM {models}.lot AS l
        WHERE l.channel = o.channel AND l.currency = o.currency AND l.amount = o.plain_amount) AS stock
      FROM {models}.order_row AS o
      WHERE o.paid_position IS NOT NULL AND o.status IN ('paid', 'cancelled') AND o.paid_position > $1
      ORDER BY o.paid_position LIMIT $2`,
  },
} as const satisfies Record<string, Statement>;

type WithCursor<Listed> = Listed & { readonly cursor: OrderCursor };

export async function orderOf(session: Session, orderId: OrderId): Promise<OrderView | undefined> {
  const row = await session.row(ORDER_SQL.byId, [orderId]);
  return row === undefined ? undefined : viewOf(row);
}

export async function ordersAhead(
  session: Session,
  {
    channel,
    denomination,
    before,
  }: { readonly channel: Channel; readonly denomination: Money; readonly before?: OrderId },
): Promise<number> {
  const row = await session.row(ORDER_SQL.ahead, [
    channel,
    denomination.currency,
    plainAmount(denomination.amount),
    before ?? null,
  ]);
  return Number(row?.[0]);
}

export const ordersToFulfil = async (
  session: Session,
  after: OrderCursor | undefined,
  limit: number,
): Promise<WithCursor<OrderView>[]> =>
  (await session.rows(ORDER_SQL.toFulfil, [after ?? '', limit])).flatMap(withCursor);

export const ordersToReturn = async (session: Session, limit: number): Promise<OrderView[]> =>
  (await session.rows(ORDER_SQL.toReturn, [limit])).flatMap(views);

export const unpaidOrders = async (
  session: Session,
  placedBefore: Instant,
  limit: number,
): Promise<OrderView[]> => (await session.rows(ORDER_SQL.unpaid, [placedBefore, limit])).flatMap(views);

export async function unfulfilledOrders(
  session: Session,
  after: OrderCursor | undefined,
  limit: number,
): Promise<WithCursor<UnfulfilledOrder>[]> {
  const rows = await session.rows(ORDER_SQL.owed, [after ?? '', limit]);
  return rows.flatMap((row) =>
    withCursor(row).map(({ cursor, ...order }) => ({
      order,
      cause: causeOf(order, Number(row.at(-1) ?? 0)),
      cursor,
    })),
  );
}

function causeOf({ status, quantity }: OrderView, stock: number): UnfulfilledOrder['cause'] {
  if (status === 'cancelled') return 'refund-due';
  return stock >= quantity ? 'in-progress' : 'out-of-stock';
}

/** The order, unless only stamps of it have been seen. */
function viewOf(row: Row): OrderView | undefined {
  const { orderId, revision, outstanding, order } = orderFrom(row);
  if (order === undefined) return undefined;
  const { payment, paidAt, paidPosition: _, policyVersion, ...terms } = order;
  return {
    orderId,
    revision,
    outstanding,
    ...terms,
    ...given('payment', payment),
    ...given('paidAt', paidAt),
    ...given('policyVersion', policyVersion),
  };
}

function views(row: Row): OrderView[] {
  const view = viewOf(row);
  return view === undefined ? [] : [view];
}

function withCursor(row: Row): WithCursor<OrderView>[] {
  const view = viewOf(row);
  const cursor = orderFrom(row).order?.paidPosition;
  return view === undefined || cursor === undefined
    ? []
    : [{ ...view, cursor: cursor as string as OrderCursor }];
}
