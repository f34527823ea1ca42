import type { Position } from '@stamp-ledger/codec';
import { type IndexedEventRow, PortError } from '@stamp-ledger/ports';
import type Database from 'better-sqlite3';
import { orNull, text, type Value } from './columns.js';
import { KeyedReader, RowWriter } from './statements.js';

const COLUMNS = [
  'position',
  'stream',
  'revision',
  'type',
  'recorded_at',
  'occurred_at',
  'command',
  'correlation',
  'channel',
  'holder',
  'document_sha256',
  'order_id',
  'incident_id',
] as const;

/** Rows of the audit index. Synchronous; throws as SQLite does. */
export class AuditTable {
  readonly #indexed: KeyedReader;
  readonly #numbers: KeyedReader;
  readonly #ids: RowWriter;
  readonly #events: RowWriter;

  constructor(db: Database.Database) {
    this.#indexed = new KeyedReader(
      db,
      'SELECT position FROM event_index WHERE position IN (SELECT value FROM json_each(?))',
    );
    this.#numbers = new KeyedReader(
      db,
      'SELECT id, number FROM long_id WHERE id IN (SELECT value FROM json_each(?))',
    );
    this.#ids = new RowWriter(db, { table: 'long_id', columns: ['id'] });
    this.#events = new RowWriter(db, { table: 'event_index', columns: COLUMNS });
  }

  indexed(positions: readonly Position[]): Set<Position> {
    return new Set(this.#indexed.read(positions).map(([position]) => text<Position>(position)));
  }

  append(rows: readonly IndexedEventRow[]): void {
    const ids = new Set<string>();
    for (const { commandId, correlationId } of rows) ids.add(commandId).add(correlationId);
    const numbers = this.#numbersOf([...ids]);
    const numberOf = (id: string): number => {
      const number = numbers.get(id);
      if (number === undefined) throw new PortError('corrupt', 'an id was stored and is not there');
      return number;
    };
    this.#events.write(rows, (row, values) => pushValues(row, numberOf, values));
  }

  /** Numbers of the ids, given to those that have none yet. */
  #numbersOf(ids: readonly string[]): Map<string, number> {
    const numbers = this.#read(ids);
    const fresh = ids.filter((id) => !numbers.has(id));
    this.#ids.write(fresh, (id, values) => values.push(id));
    for (const [id, number] of this.#read(fresh)) numbers.set(id, number);
    return numbers;
  }

  #read(ids: readonly string[]): Map<string, number> {
    return new Map(this.#numbers.read(ids).map(([id, number]) => [text(id), Number(number)]));
  }
}

function pushValues(row: IndexedEventRow, numberOf: (id: string) => number, values: Value[]): void {
  values.push(
    row.position,
    row.stream,
    row.revision,
    row.type,
    row.recordedAt,
    row.occurredAt,
    numberOf(row.commandId),
    numberOf(row.correlationId),
    orNull(row.channel),
    orNull(row.holder),
    orNull(row.documentSha256),
    orNull(row.orderId),
    orNull(row.incidentId),
  );
}
