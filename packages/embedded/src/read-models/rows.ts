/** Rows of a table that are loaded and saved by their keys. */
export interface Rows<Key, Row> {
  /** The rows there are, in no particular order. */
  load(keys: readonly Key[]): Row[];
  /** Inserts or replaces the rows. */
  save(rows: readonly Row[]): void;
}

/** Stands between a table and whoever loads and saves its rows, or is the table itself. */
export type Keep = <Key, Row>(table: Rows<Key, Row>, keyOf: (row: Row) => Key) => Rows<Key, Row>;

/**
 * Holds saved rows back until there are many: those that change again soon are written once, and not read again. Those
 * held longest are written first.
 */
export class HeldRows<Key, Row> implements Rows<Key, Row> {
  readonly #held = new Map<Key, Row>();

  constructor(
    private readonly table: Rows<Key, Row>,
    private readonly options: { readonly keyOf: (row: Row) => Key; readonly most: number },
  ) {}

  load(keys: readonly Key[]): Row[] {
    const rows: Row[] = [];
    const others: Key[] = [];
    for (const key of keys) {
      const row = this.#held.get(key);
      if (row === undefined) others.push(key);
      else rows.push(row);
    }
    return others.length === 0 ? rows : [...rows, ...this.table.load(others)];
  }

  save(rows: readonly Row[]): void {
    for (const row of rows) this.#held.set(this.options.keyOf(row), row);
    if (this.#held.size > this.options.most) this.#write(this.#held.size - this.options.most / 2);
  }

  /** Writes what is still held. */
  flush(): void {
    this.#write(this.#held.size);
  }

  #write(count: number): void {
    const rows: Row[] = [];
    for (const [key, row] of this.#held) {
      if (rows.length >= count) break;
      rows.push(row);
      this.#held.delete(key);
    }
    this.table.save(rows);
  }
}
