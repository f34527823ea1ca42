import { PortError } from '@stamp-ledger/ports';
import type Database from 'better-sqlite3';
import { sqliteCode } from '../sqlite-errors.js';
import type { Row, Value } from './columns.js';

/** Rows written by one statement: with hundreds of rows the values of a statement are a third dearer than with some tens. */
const CHUNKS = [50, 8, 1] as const;

/** Inserts rows, many to a statement: the cost of a call is a large part of the cost of a row. */
export class RowWriter {
  readonly #statements: readonly {
    readonly rows: number;
    readonly statement: Database.Statement<Value[]>;
  }[];

  /**
   * With `key`, a row that is there already is replaced; without, it is refused. `values` has the SQL, with one parameter,
   * of columns that do not hold what they are given as it is.
   */
  constructor(
    db: Database.Database,
    {
      table,
      columns,
      key,
      values = {},
    }: {
      readonly table: string;
      readonly columns: readonly string[];
      readonly key?: readonly string[];
      readonly values?: Readonly<Record<string, string>>;
    },
  ) {
    const one = `(${columns.map((column) => values[column] ?? '?').join(', ')})`;
    const replaced = columns.filter((column) => !key?.includes(column));
    const conflict =
      key === undefined
        ? ''
        : ` ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${replaced.map((column) => `${column} = excluded.${column}`).join(', ')}`;
    this.#statements = CHUNKS.map((rows) => ({
      rows,
      statement: db.prepare<Value[]>(
        `INSERT INTO ${table} (${columns.join(', ')}) VALUES ${Array.from({ length: rows }, () => one).join(', ')}${conflict}`,
      ),
    }));
  }

  /** `valuesOf` pushes one value a column. */
  write<Item>(items: readonly Item[], valuesOf: (item: Item, values: Value[]) => void): void {
    let written = 0;
    for (const { rows, statement } of this.#statements) {
      while (items.length - written >= rows) {
        const values: Value[] = [];
        for (let index = written; index < written + rows; index++) {
          const item = items[index];
          if (item !== undefined) valuesOf(item, values);
        }
        // Spread: as one array, every value would be looked up by its index.
        statement.run(...values);
        written += rows;
      }
    }
  }
}

/** Reads rows by a list of keys. `sql` has one parameter, read with `json_each(?)`. */
export class KeyedReader {
  readonly #statement: Database.Statement<[string], Row>;

  constructor(db: Database.Database, sql: string) {
    this.#statement = db.prepare<[string], Row>(sql).raw();
  }

  read(keys: readonly (string | number)[]): Row[] {
    return keys.length === 0 ? [] : this.#statement.all(JSON.stringify(keys));
  }
}

/**
 * The rows in the order of their text key: neighbours share a page of the key's index, which makes writing many rows
 * with random keys about a third cheaper.
 */
export function inOrderOf<Key extends string, Item extends { readonly [K in Key]: string }>(
  items: readonly Item[],
  key: Key,
): readonly Item[] {
  return [...items].sort((a, b) => (a[key] < b[key] ? -1 : 1));
}

/** Failures that say nothing about the rows: the disk is full, the file is held, memory or input and output failed. */
const PASSING = /^SQLITE_(FULL|BUSY|LOCKED|IOERR|CANTOPEN|NOMEM|INTERRUPT|PROTOCOL|READONLY)/;

/** A failure of SQLite or of this code as a port may show it. Whatever is not known to pass is never tried again. */
export function readModelError(error: unknown, doing: string): PortError {
  if (error instanceof PortError) return error;
  const code = sqliteCode(error);
  const kind = code !== undefined && PASSING.test(code) ? 'unavailable' : 'corrupt';
  return new PortError(kind, `${doing} failed${code === undefined ? '' : ` with ${code}`}`, { cause: error });
}
