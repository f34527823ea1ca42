import { PortError } from '@stamp-ledger/ports';
import type pg from 'pg';
import { copyIn, copyLine } from './copy.js';
import type { Row, Value } from './read-models/columns.js';

/** One value of a statement, or an array literal for a list of them. */
export type Parameter = string | number | null;

/** Stands in a statement for the schema of the generation it is about. */
const MODELS = '{models}';

/** A statement on the read models, prepared once a connection and generation. */
export interface Statement {
  readonly name: string;
  readonly sql: string;
}

export const schemaOf = (generation: number): string => `models_${generation}`;
export const inSchema = (sql: string, generation: number): string =>
  sql.replaceAll(MODELS, schemaOf(generation));

/** Texts by generation and statement: a process sees two or three generations in its life. */
const texts = new WeakMap<Statement, Map<number, string>>();

function textOf(statement: Statement, generation: number): string {
  const known = texts.get(statement) ?? new Map<number, string>();
  const text = known.get(generation) ?? inSchema(statement.sql, generation);
  if (known.size === 0) texts.set(statement, known);
  known.set(generation, text);
  return text;
}

export type Queryable = Pick<pg.ClientBase, 'query'>;

/** One generation of the read models, over one connection or a pool. */
export class Session {
  #ended = false;

  constructor(
    private readonly connection: Queryable,
    readonly generation: number,
  ) {}

  /** No statement is sent any more: one that was still to follow must not run behind its transaction. */
  end(): void {
    this.#ended = true;
  }

  async rows(statement: Statement, values: readonly Parameter[] = []): Promise<Row[]> {
    this.#requireOpen();
    const { rows } = await this.connection.query<Value[]>({
      name: `${statement.name}_${this.generation}`,
      text: textOf(statement, this.generation),
      values: [...values],
      rowMode: 'array',
    });
    return rows;
  }

  /** Adds rows in COPY's text format. */
  async copy(statement: Statement, rows: string): Promise<void> {
    this.#requireOpen();
    await copyIn(this.connection, textOf(statement, this.generation), rows);
  }

  #requireOpen(): void {
    if (this.#ended) throw new PortError('unavailable', 'the transaction is over');
  }

  async row(statement: Statement, values: readonly Parameter[] = []): Promise<Row | undefined> {
    return (await this.rows(statement, values))[0];
  }
}

const NEEDS_ESCAPE = /["\\]/;
const ESCAPED = /["\\]/g;

/** An array literal: several times faster than the library's, which looks at each value's type. */
export function arrayOf(values: readonly Value[]): string {
  // Most columns are of plain text throughout, which is joined, and looked through, at once.
  if (typeof values[0] === 'string' && !values.includes(null) && !NEEDS_ESCAPE.test(values.join('')))
    return `{"${values.join('","')}"}`;
  let literal = '{';
  for (const value of values) literal += literal.length === 1 ? elementOf(value) : `,${elementOf(value)}`;
  return `${literal}}`;
}

function elementOf(value: Value): string | number {
  if (value === null) return 'NULL';
  if (typeof value === 'number') return value;
  return `"${NEEDS_ESCAPE.test(value) ? value.replace(ESCAPED, '\\$&') : value}"`;
}

/** Rows by a list of keys. The statement has one parameter, an array. */
export async function rowsByKeys(
  session: Session,
  statement: Statement,
  keys: readonly (string | number)[],
): Promise<Row[]> {
  return keys.length === 0 ? [] : session.rows(statement, [arrayOf(keys)]);
}

type ColumnType = 'text' | 'int' | 'bigint';

/** Writes any number of rows of one table by one statement; one whose key is there already takes its place. */
export class RowWriter<Item> {
  readonly statement: Statement;
  readonly #columns: number;

  /** Rows are written in the order of `orderBy`: neighbours share the pages of its index. */
  constructor(
    private readonly options: {
      readonly table: string;
      readonly columns: Readonly<Record<string, ColumnType>>;
      readonly key: readonly string[];
      readonly orderBy?: string;
      /** One value a column. */
      readonly values: (item: Item) => readonly Value[];
    },
  ) {
    const { table, columns, key, orderBy } = options;
    const names = Object.keys(columns);
    this.#columns = names.length;
    const arrays = Object.values(columns).map((type, index) => `$${index + 1}::${type}[]`);
    const replaced = names.filter((name) => !key.includes(name)).map((name) => `${name} = excluded.${name}`);
    this.statement = {
      name: `write_${table}`,
      sql: `INSERT INTO {models}.${table} (${names.join(', ')}) SELECT * FROM unnest(${arrays.join(', ')}) AS t (${names.join(', ')})${
        orderBy === undefined ? '' : ` ORDER BY ${orderBy} COLLATE "C"`
      } ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${replaced.join(', ')}`,
    };
  }

  async write(session: Session, items: readonly Item[]): Promise<void> {
    if (items.length === 0) return;
    const columns: Value[][] = Array.from({ length: this.#columns }, () => []);
    for (const item of items) {
      const values = this.options.values(item);
      for (let index = 0; index < columns.length; index++) columns[index]?.push(values[index] ?? null);
    }
    await session.rows(this.statement, columns.map(arrayOf));
  }
}

/**
 * Adds rows; one whose key is there already is refused. COPY has neither arrays to make and to take apart nor a row
 * of its own in the log of the server for each one here.
 */
export class RowAppender<Item> {
  readonly #statement: Statement;

  constructor(
    private readonly options: {
      readonly table: string;
      readonly columns: readonly string[];
      /** One value a column. */
      readonly values: (item: Item) => readonly Value[];
    },
  ) {
    const { table, columns } = options;
    this.#statement = {
      name: `append_${table}`,
      sql: `COPY {models}.${table} (${columns.join(', ')}) FROM STDIN`,
    };
  }

  async append(session: Session, items: readonly Item[]): Promise<void> {
    if (items.length === 0) return;
    let rows = '';
    for (const item of items) rows += copyLine(this.options.values(item));
    await session.copy(this.#statement, rows);
  }
}
