import type { Position } from '@stamp-ledger/codec';
import type { InventoryWrite, MoneyBucket, MoneyChange, MoneyRow, MoneySnapshot } from '@stamp-ledger/ports';
import { arrayOf, RowAppender, RowWriter, rowsByKeys, type Session, type Statement } from '../statements.js';
import { orNull, type Row, text, type Value } from './columns.js';

const SUMS = 'paid, pending, fulfilled, refunded';
const SUM_COLUMNS = { paid: 'text', pending: 'text', fulfilled: 'text', refunded: 'text' } as const;
const SELECT = `SELECT currency, changed_at, ${SUMS} FROM {models}.money`;

const SQL = {
  byCurrency: { name: 'money_by_currency', sql: `${SELECT} WHERE currency = ANY($1::text[])` },
  changedAfter: { name: 'money_changed_after', sql: `${SELECT} WHERE changed_at > $1` },
  changed: {
    name: 'money_changed',
    sql: 'SELECT position FROM {models}.money_change WHERE position = ANY($1::text[])',
  },
  snapshotsFrom: {
    name: 'money_snapshots_from',
    sql: `SELECT currency, boundary, ${SUMS} FROM {models}.money_snapshot AS s
      WHERE s.currency = ANY($1::text[]) AND (s.boundary >= $2 OR s.boundary =
        (SELECT max(boundary) FROM {models}.money_snapshot AS b WHERE b.currency = s.currency AND b.boundary < $2))`,
  },
} as const satisfies Record<string, Statement>;

const rowWriter = new RowWriter<MoneyRow>({
  table: 'money',
  columns: { currency: 'text', changed_at: 'text', ...SUM_COLUMNS },
  key: ['currency'],
  values: (row) => [row.currency, row.changedAt, ...sumValues(row)],
});
const snapshotWriter = new RowWriter<MoneySnapshot>({
  table: 'money_snapshot',
  columns: { currency: 'text', boundary: 'text', ...SUM_COLUMNS },
  key: ['currency', 'boundary'],
  values: (row) => [row.currency, row.boundary, ...sumValues(row)],
});
const changes = new RowAppender<MoneyChange>({
  table: 'money_change',
  columns: ['position', 'currency', 'amount', 'from_bucket', 'to_bucket'],
  values: ({ position, currency, amount, from, to }) => [
    position,
    currency,
    String(amount),
    orNull(from),
    to,
  ],
});

export const loadMoney = async (session: Session, currencies: readonly string[]): Promise<MoneyRow[]> =>
  (await rowsByKeys(session, SQL.byCurrency, currencies)).map(moneyFrom);

export const moneyChangedAfter = async (
  session: Session,
  position: Position | undefined,
): Promise<MoneyRow[]> => (await session.rows(SQL.changedAfter, [position ?? ''])).map(moneyFrom);

/** Those of the positions that have a change already. */
export const changedMoney = async (
  session: Session,
  positions: readonly Position[],
): Promise<Set<Position>> =>
  new Set((await rowsByKeys(session, SQL.changed, positions)).map(([position]) => text<Position>(position)));

export async function moneySnapshotsFrom(
  session: Session,
  { currencies, from }: { readonly currencies: readonly string[]; readonly from: Position },
): Promise<MoneySnapshot[]> {
  return (await session.rows(SQL.snapshotsFrom, [arrayOf(currencies), from])).map((row) => ({
    currency: text(row[0]),
    boundary: text<Position>(row[1]),
    ...sumsFrom(row),
  }));
}

export async function saveMoney(
  session: Session,
  { money, moneyChanges, moneySnapshots }: Pick<InventoryWrite, 'money' | 'moneyChanges' | 'moneySnapshots'>,
): Promise<void> {
  await Promise.all([
    rowWriter.write(session, money),
    snapshotWriter.write(session, moneySnapshots),
    changes.append(session, moneyChanges),
  ]);
}

interface Sums {
  readonly paid: bigint;
  readonly buckets: Readonly<Record<MoneyBucket, bigint>>;
}

const sumValues = ({ paid, buckets }: Sums): Value[] => [
  String(paid),
  String(buckets.pending),
  String(buckets.fulfilled),
  String(buckets.refunded),
];

/** The sums in columns 2 to 5, as both tables have them. Kept as decimal text: they may outgrow 64 bits. */
export function sumsFrom(row: Row): Sums {
  return {
    paid: BigInt(text(row[2])),
    buckets: {
      pending: BigInt(text(row[3])),
      fulfilled: BigInt(text(row[4])),
      refunded: BigInt(text(row[5])),
    },
  };
}

const moneyFrom = (row: Row): MoneyRow => ({
  currency: text(row[0]),
  changedAt: text<Position>(row[1]),
  ...sumsFrom(row),
});
