import type { Channel, Instant, Money, OrderId } from '@stamp-ledger/domain';
import { type OrderCursor, type OrderView, plainAmount, type UnfulfilledOrder } from '@stamp-ledger/ports';
import type Database from 'better-sqlite3';
import { LIMIT } from '../limit.js';
import { given, type Row } from './columns.js';
import { BLOCK_CHARACTERS, ORDER_HAS_TOO_MANY } from './layout.js';
import type { StockQueries } from './stock-queries.js';
import { orderFrom, SELECT_ORDER } from './work-tables.js';

/** The SQL of the order queries, where a test can see its plan. */
export const ORDER_SQL = {
  byId: `${SELECT_ORDER} WHERE order_id = ?`,
  aheadInBlocks: `SELECT sum(waiting) FROM order_block
    WHERE channel = ? AND currency = ? AND amount = ? AND block < ?`,
  aheadInBlock: `SELECT count(*) FROM order_row
    WHERE status = 'paid' AND channel = ? AND currency = ? AND plain_amount = ? AND paid_position >= ? AND paid_position < ?`,
  toFulfil: `${SELECT_ORDER} WHERE status = 'paid' AND paid_position > ? ORDER BY paid_position ${LIMIT}`,
  toReturn: `${SELECT_ORDER} WHERE ${ORDER_HAS_TOO_MANY}
    ORDER BY order_id ${LIMIT}`,
  unpaid: `${SELECT_ORDER} WHERE status = 'placed' AND placed_at < ? ORDER BY placed_at ${LIMIT}`,
  owed: `${SELECT_ORDER} WHERE paid_position IS NOT NULL AND status IN ('paid', 'cancelled') AND paid_position > ?
    ORDER BY paid_position ${LIMIT}`,
} as const;

/** Greater than any position: their text is of digits or begins with one. */
const END = '~';

type WithCursor<Listed> = Listed & { readonly cursor: OrderCursor };

/** Queries over orders. Synchronous; throws as SQLite does. */
export class OrderQueries {
  readonly #byId: Database.Statement<[string], Row>;
  readonly #aheadInBlocks: Database.Statement<string[], number | null>;
  readonly #aheadInBlock: Database.Statement<string[], number>;
  readonly #toFulfil: Database.Statement<[string, number], Row>;
  readonly #toReturn: Database.Statement<[number], Row>;
  readonly #unpaid: Database.Statement<[string, number], Row>;
  readonly #owed: Database.Statement<[string, number], Row>;

  constructor(
    db: Database.Database,
    private readonly stock: StockQueries,
  ) {
    this.#byId = db.prepare<[string], Row>(ORDER_SQL.byId).raw();
    this.#aheadInBlocks = db.prepare<string[], number | null>(ORDER_SQL.aheadInBlocks).pluck();
    this.#aheadInBlock = db.prepare<string[], number>(ORDER_SQL.aheadInBlock).pluck();
    this.#toFulfil = db.prepare<[string, number], Row>(ORDER_SQL.toFulfil).raw();
    this.#toReturn = db.prepare<[number], Row>(ORDER_SQL.toReturn).raw();
    this.#unpaid = db.prepare<[string, number], Row>(ORDER_SQL.unpaid).raw();
    this.#owed = db.prepare<[string, number], Row>(ORDER_SQL.owed).raw();
  }

  order(orderId: OrderId): OrderView | undefined {
    const row = this.#byId.get(orderId);
    return row === undefined ? undefined : viewOf(row);
  }

  ahead({
    channel,
    denomination,
    before,
  }: {
    readonly channel: Channel;
    readonly denomination: Money;
    readonly before?: OrderId;
  }): number {
    const queue = [channel, denomination.currency, plainAmount(denomination.amount)];
    const place = before === undefined ? undefined : this.#paidPosition(before);
    if (place === undefined) return this.#aheadInBlocks.get(...queue, END) ?? 0;
    const block = place.slice(0, -BLOCK_CHARACTERS);
    const inBlocks = this.#aheadInBlocks.get(...queue, block) ?? 0;
    return inBlocks + (this.#aheadInBlock.get(...queue, block, place) ?? 0);
  }

  #paidPosition(orderId: OrderId): string | undefined {
    const row = this.#byId.get(orderId);
    return row === undefined ? undefined : orderFrom(row).order?.paidPosition;
  }

  toFulfil(after: OrderCursor | undefined, limit: number): WithCursor<OrderView>[] {
    return this.#toFulfil.all(after ?? '', limit).flatMap(withCursor);
  }

  toReturn(limit: number): OrderView[] {
    return this.#toReturn.all(limit).flatMap(views);
  }

  unpaid(placedBefore: Instant, limit: number): OrderView[] {
    return this.#unpaid.all(placedBefore, limit).flatMap(views);
  }

  unfulfilled(after: OrderCursor | undefined, limit: number): WithCursor<UnfulfilledOrder>[] {
    return this.#owed
      .all(after ?? '', limit)
      .flatMap(withCursor)
      .map(({ cursor, ...order }) => ({ order, cause: this.#causeOf(order), cursor }));
  }

  #causeOf({ status, channel, denomination, quantity }: OrderView): UnfulfilledOrder['cause'] {
    if (status === 'cancelled') return 'refund-due';
    return this.stock.count({ channel, denomination }) >= quantity ? 'in-progress' : 'out-of-stock';
  }
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
