/** Rows of one batch by key: those that were loaded, and which of them have changed since. */
export class Table<Key extends string | number, Row> {
  readonly #rows = new Map<Key, Row>();
  readonly #changed = new Set<Key>();

  /** Takes rows as they are stored; a row that has changed here already is kept. */
  load(rows: Iterable<Row>, keyOf: (row: Row) => Key): void {
    for (const row of rows) {
      const key = keyOf(row);
      if (!this.#changed.has(key)) this.#rows.set(key, row);
    }
  }

  get(key: Key): Row | undefined {
    return this.#rows.get(key);
  }

  put(key: Key, row: Row): void {
    this.#rows.set(key, row);
    this.#changed.add(key);
  }

  rows(): IterableIterator<Row> {
    return this.#rows.values();
  }

  changed(): Row[] {
    const changed: Row[] = [];
    for (const key of this.#changed) {
      const row = this.#rows.get(key);
      if (row !== undefined) changed.push(row);
    }
    return changed;
  }
}
