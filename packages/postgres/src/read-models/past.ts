import type { Position } from '@stamp-ledger/codec';
import type { StampStage } from '@stamp-ledger/domain';
import type { LotId, MoneyBucket } from '@stamp-ledger/ports';
import type { Session, Statement } from '../statements.js';
import { COUNT_COLUMNS, countsFrom, groupOf, optionalText, text } from './columns.js';
import { sumsFrom } from './money-tables.js';

/** Stamps of one lot at a moment: counted from flows, and by state. */
export interface LotCount {
  minted: number;
  readonly counts: Record<StampStage, number>;
}

/** Money of one currency at a moment, in thousandths. */
export interface MoneyCount {
  paid: bigint;
  readonly buckets: Record<MoneyBucket, bigint>;
}

const SQL = {
  boundary: {
    name: 'past_boundary',
    sql: 'SELECT max(position) FROM {models}.boundary WHERE position <= $1',
  },
  lots: {
    name: 'past_lots',
    sql: `SELECT s.lot, s.minted, ${COUNT_COLUMNS.map((column) => `s.${column}`).join(', ')}
      FROM {models}.lot AS l JOIN {models}.lot_snapshot AS s ON s.lot = l.id AND s.boundary =
        (SELECT max(boundary) FROM {models}.lot_snapshot AS b WHERE b.lot = l.id AND b.boundary <= $1)`,
  },
  changes: {
    name: 'past_changes',
    sql: `SELECT from_grp, to_grp, flow_from, flow_to, count(*) FROM {models}.stamp_change
      WHERE position > $1 AND position <= $2 GROUP BY from_grp, to_grp, flow_from, flow_to`,
  },
  money: {
    name: 'past_money',
    sql: `SELECT s.currency, s.boundary, s.paid, s.pending, s.fulfilled, s.refunded
      FROM {models}.money AS m JOIN {models}.money_snapshot AS s ON s.currency = m.currency AND s.boundary =
        (SELECT max(boundary) FROM {models}.money_snapshot AS b WHERE b.currency = m.currency AND b.boundary <= $1)`,
  },
  moneyChanges: {
    name: 'past_money_changes',
    sql: `SELECT currency, amount, from_bucket, to_bucket, count(*) FROM {models}.money_change
      WHERE position > $1 AND position <= $2 GROUP BY currency, amount, from_bucket, to_bucket`,
  },
  lastChange: {
    name: 'past_last_change',
    sql: `SELECT greatest((SELECT max(position) FROM {models}.stamp_change WHERE position < $1),
      (SELECT max(position) FROM {models}.money_change WHERE position < $1))`,
  },
} as const satisfies Record<string, Statement>;

/** The last change before a position; the inventory was the same from there up to the position. */
export const lastChangeBefore = async (session: Session, position: Position): Promise<Position | undefined> =>
  optionalText<Position>((await session.row(SQL.lastChange, [position]))?.[0]);

const boundaryUpTo = async (session: Session, position: Position): Promise<string> =>
  optionalText((await session.row(SQL.boundary, [position]))?.[0]) ?? '';

/** Every lot with what it held after the event at \`position\`: the snapshots before it, and the changes from there. */
export async function pastLots(session: Session, position: Position): Promise<Map<LotId, LotCount>> {
  const boundary = await boundaryUpTo(session, position);
  const lots = new Map<LotId, LotCount>();
  if (boundary !== '')
    for (const row of await session.rows(SQL.lots, [boundary]))
      lots.set(Number(row[0]), { minted: Number(row[1]), counts: countsFrom(row, 2) });
  const lot = (id: LotId): LotCount => {
    const known = lots.get(id) ?? { minted: 0, counts: noCounts() };
    lots.set(id, known);
    return known;
  };
  for (const row of await session.rows(SQL.changes, [boundary, position])) {
    const times = Number(row[4]);
    const [from, to] = [groupOf(row[0]), groupOf(row[1])];
    if (from !== undefined) lot(from.lot).counts[from.state] -= times;
    if (to !== undefined) lot(to.lot).counts[to.state] += times;
    if (row[2] !== null) lot(Number(row[2])).minted -= times;
    if (row[3] !== null) lot(Number(row[3])).minted += times;
  }
  return lots;
}

/** Money by currency after the event at \`position\`. */
export async function pastMoney(session: Session, position: Position): Promise<Map<string, MoneyCount>> {
  const boundary = await boundaryUpTo(session, position);
  const money = new Map<string, MoneyCount>();
  if (boundary !== '')
    for (const row of await session.rows(SQL.money, [boundary])) {
      const { paid, buckets } = sumsFrom(row);
      money.set(text(row[0]), { paid, buckets: { ...buckets } });
    }
  for (const row of await session.rows(SQL.moneyChanges, [boundary, position])) {
    const currency = text(row[0]);
    const sum = money.get(currency) ?? noMoney();
    money.set(currency, sum);
    const amount = BigInt(text(row[1])) * BigInt(Number(row[4]));
    const from = optionalText<MoneyBucket>(row[2]);
    if (from === undefined) sum.paid += amount;
    else sum.buckets[from] -= amount;
    sum.buckets[text<MoneyBucket>(row[3])] += amount;
  }
  return money;
}

export const noCounts = (): Record<StampStage, number> => ({
  minted: 0,
  allocated: 0,
  sold: 0,
  reserved: 0,
  'outcome-unknown': 0,
  affixed: 0,
  voided: 0,
});

export const noMoney = (): MoneyCount => ({
  paid: 0n,
  buckets: { pending: 0n, fulfilled: 0n, refunded: 0n },
});
