import type { Position } from '@stamp-ledger/codec';
import type { BatchId, Channel } from '@stamp-ledger/domain';
import type { InventoryBook, InventoryWrite, LotId, LotRow, LotSnapshot } from '@stamp-ledger/ports';
import { arrayOf, RowAppender, RowWriter, rowsByKeys, type Session, type Statement } from '../statements.js';
import { COUNT_COLUMNS, countsFrom, countValues, optionalText, orNull, type Row, text } from './columns.js';

const COUNTS = Object.fromEntries(COUNT_COLUMNS.map((column) => [column, 'bigint' as const]));
const COLUMNS = {
  id: 'bigint',
  batch_id: 'text',
  channel: 'text',
  amount: 'text',
  currency: 'text',
  changed_at: 'text',
  minted: 'bigint',
  ...COUNTS,
} as const;
const SNAPSHOT_COLUMNS = { lot: 'bigint', boundary: 'text', minted: 'bigint', ...COUNTS } as const;
export const SELECT_LOT = `SELECT ${Object.keys(COLUMNS).join(', ')} FROM {models}.lot`;

const SQL = {
  byId: { name: 'lots_by_id', sql: `${SELECT_LOT} WHERE id = ANY($1::bigint[])` },
  byKey: {
    name: 'lots_by_key',
    sql: `${SELECT_LOT} WHERE batch_id = ANY($1::text[]) AND channel = ANY($2::text[])`,
  },
  changedAfter: { name: 'lots_changed_after', sql: `${SELECT_LOT} WHERE changed_at > $1` },
  snapshotsFrom: {
    name: 'lot_snapshots_from',
    sql: `SELECT ${Object.keys(SNAPSHOT_COLUMNS).join(', ')} FROM {models}.lot_snapshot AS s
      WHERE s.lot = ANY($1::bigint[]) AND (s.boundary >= $2 OR s.boundary =
        (SELECT max(boundary) FROM {models}.lot_snapshot AS b WHERE b.lot = s.lot AND b.boundary < $2))`,
  },
  boundariesFrom: {
    name: 'boundaries_from',
    sql: 'SELECT position FROM {models}.boundary WHERE position >= $1 ORDER BY position',
  },
  book: { name: 'book', sql: 'SELECT lots, boundary, changes_since FROM {models}.book WHERE single = 1' },
  putBook: {
    name: 'put_book',
    sql: `INSERT INTO {models}.book (single, lots, boundary, changes_since) VALUES (1, $1, $2, $3)
      ON CONFLICT (single) DO UPDATE SET lots = excluded.lots, boundary = excluded.boundary,
        changes_since = excluded.changes_since`,
  },
} as const satisfies Record<string, Statement>;

const lotWriter = new RowWriter<LotRow>({
  table: 'lot',
  columns: COLUMNS,
  key: ['id'],
  values: ({ id, batchId, channel, denomination, changedAt, minted, counts }) => [
    id,
    batchId,
    channel,
    denomination.amount,
    denomination.currency,
    changedAt,
    minted,
    ...countValues(counts),
  ],
});
const snapshotWriter = new RowWriter<LotSnapshot>({
  table: 'lot_snapshot',
  columns: SNAPSHOT_COLUMNS,
  key: ['lot', 'boundary'],
  values: ({ lot, boundary, minted, counts }) => [lot, boundary, minted, ...countValues(counts)],
});
const boundaryAppender = new RowAppender<Position>({
  table: 'boundary',
  columns: ['position'],
  values: (position) => [position],
});

export const loadLots = async (session: Session, ids: readonly LotId[]): Promise<LotRow[]> =>
  (await rowsByKeys(session, SQL.byId, ids)).map(lotFrom);

/** Every lot of these batches in one of these channels. */
export async function findLots(
  session: Session,
  { batches, channels }: { readonly batches: readonly BatchId[]; readonly channels: readonly Channel[] },
): Promise<LotRow[]> {
  if (batches.length === 0 || channels.length === 0) return [];
  return (await session.rows(SQL.byKey, [arrayOf(batches), arrayOf(channels)])).map(lotFrom);
}

export const lotsChangedAfter = async (session: Session, position: Position | undefined): Promise<LotRow[]> =>
  (await session.rows(SQL.changedAfter, [position ?? ''])).map(lotFrom);

export const boundariesFrom = async (session: Session, position: Position): Promise<Position[]> =>
  (await session.rows(SQL.boundariesFrom, [position])).map(([boundary]) => text<Position>(boundary));

export async function lotSnapshotsFrom(
  session: Session,
  { lots, from }: { readonly lots: readonly LotId[]; readonly from: Position },
): Promise<LotSnapshot[]> {
  return (await session.rows(SQL.snapshotsFrom, [arrayOf(lots), from])).map((row) => ({
    lot: Number(row[0]),
    boundary: text<Position>(row[1]),
    minted: Number(row[2]),
    counts: countsFrom(row, 3),
  }));
}

export async function loadBook(session: Session): Promise<InventoryBook> {
  const row = await session.row(SQL.book);
  return {
    lots: Number(row?.[0] ?? 0),
    boundary: optionalText<Position>(row?.[1]),
    changesSince: Number(row?.[2] ?? 0),
  };
}

export async function saveLots(
  session: Session,
  {
    lots,
    lotSnapshots,
    boundaries,
    book,
  }: Pick<InventoryWrite, 'lots' | 'lotSnapshots' | 'boundaries' | 'book'>,
): Promise<void> {
  await Promise.all([
    lotWriter.write(session, lots),
    snapshotWriter.write(session, lotSnapshots),
    boundaryAppender.append(session, boundaries),
    session.rows(SQL.putBook, [book.lots, orNull(book.boundary), book.changesSince]),
  ]);
}

/** A row of {@link SELECT_LOT}. */
export function lotFrom(row: Row): LotRow {
  return {
    id: Number(row[0]),
    batchId: text<BatchId>(row[1]),
    channel: text<Channel>(row[2]),
    denomination: { amount: text(row[3]), currency: text(row[4]) },
    changedAt: text<Position>(row[5]),
    minted: Number(row[6]),
    counts: countsFrom(row, 7),
  };
}
