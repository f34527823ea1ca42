import type { Position } from '@stamp-ledger/codec';
import type { IndexedEventRow } from '@stamp-ledger/ports';
import type Database from 'better-sqlite3';
import { parsePosition } from '../event-log/position.js';
import { orNull, positionFrom, type Value } from './columns.js';
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

/** SQL for the bytes of a UUID, which no text but one makes. */
export const UUID = `unhex(?, '-')`;
/** SQL for the bytes of a SHA-256. */
export const SHA256 = 'unhex(?)';

/** Rows of the audit index. Synchronous; throws as SQLite does. */
export class AuditTable {
  readonly #indexed: KeyedReader;
  readonly #events: RowWriter;

  constructor(db: Database.Database) {
    this.#indexed = new KeyedReader(
      db,
      'SELECT position FROM event_index WHERE position IN (SELECT value FROM json_each(?))',
    );
    this.#events = new RowWriter(db, {
      table: 'event_index',
      columns: COLUMNS,
      values: { command: UUID, correlation: UUID, document_sha256: SHA256 },
    });
  }

  indexed(positions: readonly Position[]): Set<Position> {
    return new Set(this.#indexed.read(positions.map(parsePosition)).map(positionFrom));
  }

  append(rows: readonly IndexedEventRow[]): void {
    this.#events.write(rows, pushValues);
  }
}

function pushValues(row: IndexedEventRow, values: Value[]): void {
  values.push(
    parsePosition(row.position),
    row.stream,
    row.revision,
    row.type,
    row.recordedAt,
    row.occurredAt === row.recordedAt ? null : row.occurredAt,
    row.commandId,
    row.correlationId === row.commandId ? null : row.correlationId,
    orNull(row.channel),
    orNull(row.holder),
    orNull(row.documentSha256),
    orNull(row.orderId),
    orNull(row.incidentId),
  );
}
