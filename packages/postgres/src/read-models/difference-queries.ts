import type { OrderStatus, Serial } from '@stamp-ledger/domain';
import {
  LIMITS,
  type LotId,
  type LotRow,
  type MoneyBucket,
  PortError,
  plainAmount,
  type StageCounts,
  toThousandths,
} from '@stamp-ledger/ports';
import type { Session, Statement } from '../statements.js';
import { groupOf, groupsOfLot, text, type Value } from './columns.js';
import { type MoneyCount, noCounts, noMoney } from './past.js';

/** Group numbers carry the state's code in their last three bits. */
const SAME_STATE = 's.grp & 7 = v.state';

const SQL = {
  stamps: {
    name: 'count_stamps',
    sql: 'SELECT grp, count(*) FROM {models}.stamp WHERE grp IS NOT NULL GROUP BY grp',
  },
  paid: { name: 'count_paid', sql: 'SELECT currency, paid FROM {models}.money' },
  orders: {
    name: 'count_orders',
    sql: `SELECT paid_currency, paid_amount, status, count(*) FROM {models}.order_row WHERE paid_currency IS NOT NULL
      GROUP BY paid_currency, paid_amount, status`,
  },
  sales: {
    name: 'count_sales',
    sql: `SELECT paid_currency, paid_amount, refunded, count(*) FROM {models}.stamp WHERE paid_currency IS NOT NULL
      GROUP BY paid_currency, paid_amount, refunded`,
  },
  /** Rows of the inventory in the lot that the verification model does not have, or has otherwise at the same revision. */
  extra: {
    name: 'extra_stamps',
    sql: `SELECT s.serial FROM {models}.stamp AS s LEFT JOIN {models}.stamp_view AS v ON v.serial = s.serial
        LEFT JOIN {models}.minting AS m ON m.number = v.minting
      WHERE s.grp BETWEEN $1 AND $2 AND (v.serial IS NULL OR (v.revision = s.revision
        AND NOT (${SAME_STATE} AND m.batch_id IS NOT DISTINCT FROM $3 AND v.channel IS NOT DISTINCT FROM $4
          AND m.currency IS NOT DISTINCT FROM $5)))
      ORDER BY s.serial LIMIT $6`,
  },
  /** Rows of the verification model in the lot that the inventory does not have, or has elsewhere at the same revision. */
  missing: {
    name: 'missing_stamps',
    sql: `SELECT v.serial, m.amount FROM {models}.minting AS m JOIN {models}.stamp_view AS v ON v.minting = m.number
        LEFT JOIN {models}.stamp AS s ON s.serial = v.serial
      WHERE m.batch_id = $1 AND v.channel = $2 AND m.currency = $3 AND (s.serial IS NULL OR (s.revision = v.revision
        AND (s.grp IS NULL OR s.grp NOT BETWEEN $4 AND $5 OR NOT ${SAME_STATE})))
      ORDER BY v.serial LIMIT $6`,
  },
} as const satisfies Record<string, Statement>;

/** Counts the rows themselves. */
export async function countStamps(session: Session): Promise<Map<LotId, StageCounts>> {
  const lots = new Map<LotId, ReturnType<typeof noCounts>>();
  for (const [number, count] of await session.rows(SQL.stamps)) {
    const group = groupOf(number);
    if (group === undefined) continue;
    const counts = lots.get(group.lot) ?? noCounts();
    counts[group.state] += Number(count);
    lots.set(group.lot, counts);
  }
  return lots;
}

/** What was paid as the payments say, and what became of it as the orders and stamps say. */
export async function countMoney(session: Session): Promise<Map<string, MoneyCount>> {
  const money = new Map<string, MoneyCount>();
  const count = (currency: string): MoneyCount => {
    const known = money.get(currency) ?? noMoney();
    money.set(currency, known);
    return known;
  };
  for (const [currency, paid] of await session.rows(SQL.paid))
    count(text(currency)).paid = BigInt(text(paid));
  for (const [currency, amount, status, orders] of await session.rows(SQL.orders))
    count(text(currency)).buckets[bucketOf(text<OrderStatus>(status))] += sum(amount, orders);
  for (const [currency, amount, refunded, stamps] of await session.rows(SQL.sales))
    count(text(currency)).buckets[refunded === 1 ? 'refunded' : 'fulfilled'] += sum(amount, stamps);
  return money;
}

/** Stamps of the lot that the inventory and the verification model do not agree on. */
export async function differingSerials(
  session: Session,
  { id, batchId, channel, denomination }: LotRow,
): Promise<Serial[]> {
  const limit = LIMITS.listedSerials;
  const [first, last] = groupsOfLot(id);
  const { currency, amount } = denomination;
  const extra = await session.rows(SQL.extra, [first, last, batchId, channel, currency, limit]);
  const missing = await session.rows(SQL.missing, [batchId, channel, currency, first, last, limit]);
  const serials = [
    ...extra.map(([serial]) => text<Serial>(serial)),
    ...missing.filter((row) => plainAmount(text(row[1])) === amount).map(([serial]) => text<Serial>(serial)),
  ];
  return [...new Set(serials)].sort().slice(0, limit);
}

const sum = (amount: Value | undefined, times: Value | undefined): bigint =>
  (toThousandths(text(amount)) ?? 0n) * BigInt(Number(times));

function bucketOf(status: OrderStatus): MoneyBucket {
  switch (status) {
    case 'paid':
    case 'cancelled':
      return 'pending';
    case 'fulfilled':
      return 'fulfilled';
    case 'refunded':
      return 'refunded';
    case 'placed':
    case 'rejected':
      throw new PortError('corrupt', 'an order has a payment that its status forbids');
  }
}
