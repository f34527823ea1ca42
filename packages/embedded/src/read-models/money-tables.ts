import type { Position } from '@stamp-ledger/codec';
import type { MoneyBucket, MoneyChange, MoneyRow, MoneySnapshot } from '@stamp-ledger/ports';
import type Database from 'better-sqlite3';
import { orNull, type Row, text, type Value } from './columns.js';
import { KeyedReader, RowWriter } from './statements.js';

const SUMS = ['paid', 'pending', 'fulfilled', 'refunded'] as const;
const SELECT = `SELECT currency, changed_at, ${SUMS.join(', ')} FROM money`;

/** Sums of money, kept as decimal text since they may outgrow SQLite's integers. Synchronous; throws as SQLite does. */
export class MoneyTables {
  readonly #byCurrency: KeyedReader;
  readonly #changedAfter: Database.Statement<[string], Row>;
  readonly #rows: RowWriter;
  readonly #changes: RowWriter;
  readonly #changed: KeyedReader;
  readonly #snapshots: RowWriter;
  readonly #snapshotsFrom: Database.Statement<[string, string, string], Row>;

  constructor(db: Database.Database) {
    this.#byCurrency = new KeyedReader(db, `${SELECT} WHERE currency IN (SELECT value FROM json_each(?))`);
    this.#changedAfter = db.prepare<[string], Row>(`${SELECT} WHERE changed_at > ?`).raw();
    this.#rows = new RowWriter(db, {
      table: 'money',
      columns: ['currency', 'changed_at', ...SUMS],
      key: ['currency'],
    });
    this.#changes = new RowWriter(db, {
      table: 'money_change',
      columns: ['position', 'currency', 'amount', 'from_bucket', 'to_bucket'],
    });
    this.#changed = new KeyedReader(
      db,
      'SELECT position FROM money_change WHERE position IN (SELECT value FROM json_each(?))',
    );
    this.#snapshots = new RowWriter(db, {
      table: 'money_snapshot',
      columns: ['currency', 'boundary', ...SUMS],
      key: ['currency', 'boundary'],
    });
    this.#snapshotsFrom = db
      .prepare<[string, string, string], Row>(
        `SELECT currency, boundary, ${SUMS.join(', ')} FROM money_snapshot AS s
          WHERE s.currency IN (SELECT value FROM json_each(?)) AND (s.boundary >= ? OR s.boundary =
            (SELECT max(boundary) FROM money_snapshot AS b WHERE b.currency = s.currency AND b.boundary < ?))`,
      )
      .raw();
  }

  load(currencies: readonly string[]): MoneyRow[] {
    return this.#byCurrency.read(currencies).map(moneyFrom);
  }

  changedAfter(position: Position | undefined): MoneyRow[] {
    return this.#changedAfter.all(position ?? '').map(moneyFrom);
  }

  changed(positions: readonly Position[]): Set<Position> {
    return new Set(this.#changed.read(positions).map(([position]) => text<Position>(position)));
  }

  snapshotsFrom(currencies: readonly string[], from: Position): MoneySnapshot[] {
    return this.#snapshotsFrom.all(JSON.stringify(currencies), from, from).map((row) => ({
      currency: text(row[0]),
      boundary: text<Position>(row[1]),
      ...sumsFrom(row),
    }));
  }

  save({
    money,
    moneyChanges,
    moneySnapshots,
  }: {
    readonly money: readonly MoneyRow[];
    readonly moneyChanges: readonly MoneyChange[];
    readonly moneySnapshots: readonly MoneySnapshot[];
  }): void {
    this.#rows.write(money, (row, values) => pushSums(values, row.currency, row.changedAt, row));
    this.#snapshots.write(moneySnapshots, (row, values) => pushSums(values, row.currency, row.boundary, row));
    this.#changes.write(moneyChanges, ({ position, currency, amount, from, to }, values) =>
      values.push(position, currency, String(amount), orNull(from), to),
    );
  }
}

interface Sums {
  readonly paid: bigint;
  readonly buckets: Readonly<Record<MoneyBucket, bigint>>;
}

function pushSums(values: Value[], currency: string, place: string, { paid, buckets }: Sums): void {
  const { pending, fulfilled, refunded } = buckets;
  values.push(currency, place, String(paid), String(pending), String(fulfilled), String(refunded));
}

/** The sums in columns 2 to 5, as both tables have them. */
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
