import type { Position } from '@stamp-ledger/codec';
import type { BatchId, Channel } from '@stamp-ledger/domain';
import type { InventoryBook, LotId, LotRow, LotSnapshot } from '@stamp-ledger/ports';
import type Database from 'better-sqlite3';
import {
  COUNT_COLUMNS,
  countsFrom,
  countValues,
  optionalText,
  orNull,
  type Row,
  text,
  type Value,
} from './columns.js';
import { KeyedReader, RowWriter } from './statements.js';

const COLUMNS = ['id', 'batch_id', 'channel', 'amount', 'currency', 'changed_at', 'minted', ...COUNT_COLUMNS];
export const SELECT_LOT = `SELECT ${COLUMNS.join(', ')} FROM lot`;
const SNAPSHOT_COLUMNS = ['lot', 'boundary', 'minted', ...COUNT_COLUMNS];
const SELECT_SNAPSHOT = `SELECT ${SNAPSHOT_COLUMNS.join(', ')} FROM lot_snapshot AS s`;

/** Counts by lot, their snapshots and the book. Synchronous; throws as SQLite does. */
export class LotTables {
  readonly #byId: KeyedReader;
  readonly #byKey: Database.Statement<[string, string], Row>;
  readonly #changedAfter: Database.Statement<[string], Row>;
  readonly #lots: RowWriter;
  readonly #snapshots: RowWriter;
  readonly #snapshotsFrom: Database.Statement<[string, string, string], Row>;
  readonly #boundaries: RowWriter;
  readonly #boundariesFrom: Database.Statement<[string], Row>;
  readonly #book: Database.Statement<[], Row>;
  readonly #putBook: Database.Statement<Value[]>;

  constructor(db: Database.Database) {
    this.#byId = new KeyedReader(db, `${SELECT_LOT} WHERE id IN (SELECT value FROM json_each(?))`);
    this.#byKey = db
      .prepare<[string, string], Row>(
        `${SELECT_LOT} WHERE batch_id IN (SELECT value FROM json_each(?)) AND channel IN (SELECT value FROM json_each(?))`,
      )
      .raw();
    this.#changedAfter = db.prepare<[string], Row>(`${SELECT_LOT} WHERE changed_at > ?`).raw();
    this.#lots = new RowWriter(db, { table: 'lot', columns: COLUMNS, key: ['id'] });
    this.#snapshots = new RowWriter(db, {
      table: 'lot_snapshot',
      columns: SNAPSHOT_COLUMNS,
      key: ['lot', 'boundary'],
    });
    this.#snapshotsFrom = db
      .prepare<[string, string, string], Row>(
        `${SELECT_SNAPSHOT} WHERE s.lot IN (SELECT value FROM json_each(?)) AND (s.boundary >= ? OR s.boundary =
           (SELECT max(boundary) FROM lot_snapshot AS b WHERE b.lot = s.lot AND b.boundary < ?))`,
      )
      .raw();
    this.#boundaries = new RowWriter(db, { table: 'boundary', columns: ['position'] });
    this.#boundariesFrom = db
      .prepare<[string], Row>('SELECT position FROM boundary WHERE position >= ? ORDER BY position')
      .raw();
    this.#book = db.prepare<[], Row>('SELECT lots, boundary, changes_since FROM book').raw();
    this.#putBook = db.prepare<Value[]>('INSERT OR REPLACE INTO book VALUES (1, ?, ?, ?)');
  }

  load(ids: readonly LotId[]): LotRow[] {
    return this.#byId.read(ids).map(lotFrom);
  }

  find(batches: readonly BatchId[], channels: readonly Channel[]): LotRow[] {
    return this.#byKey.all(JSON.stringify(batches), JSON.stringify(channels)).map(lotFrom);
  }

  changedAfter(position: Position | undefined): LotRow[] {
    return this.#changedAfter.all(position ?? '').map(lotFrom);
  }

  boundariesFrom(position: Position): Position[] {
    return this.#boundariesFrom.all(position).map(([boundary]) => text<Position>(boundary));
  }

  snapshotsFrom(lots: readonly LotId[], from: Position): LotSnapshot[] {
    return this.#snapshotsFrom.all(JSON.stringify(lots), from, from).map((row) => ({
      lot: Number(row[0]),
      boundary: text<Position>(row[1]),
      minted: Number(row[2]),
      counts: countsFrom(row, 3),
    }));
  }

  book(): InventoryBook {
    const row = this.#book.get();
    return {
      lots: Number(row?.[0] ?? 0),
      boundary: optionalText<Position>(row?.[1]),
      changesSince: Number(row?.[2] ?? 0),
    };
  }

  save({
    lots,
    lotSnapshots,
    boundaries,
    book,
  }: {
    readonly lots: readonly LotRow[];
    readonly lotSnapshots: readonly LotSnapshot[];
    readonly boundaries: readonly Position[];
    readonly book: InventoryBook;
  }): void {
    this.#lots.write(lots, lotValues);
    this.#snapshots.write(lotSnapshots, ({ lot, boundary, minted, counts }, values) =>
      values.push(lot, boundary, minted, ...countValues(counts)),
    );
    this.#boundaries.write(boundaries, (position, values) => values.push(position));
    this.#putBook.run(book.lots, orNull(book.boundary), book.changesSince);
  }
}

function lotValues(row: LotRow, values: Value[]): void {
  const { id, batchId, channel, denomination, changedAt, minted, counts } = row;
  values.push(
    id,
    batchId,
    channel,
    denomination.amount,
    denomination.currency,
    changedAt,
    minted,
    ...countValues(counts),
  );
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
