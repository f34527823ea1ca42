import { fromMilliseconds, type Position, type StreamName, toMilliseconds } from '@stamp-ledger/codec';
import type { EventType, Instant } from '@stamp-ledger/domain';
import type { EventCount, EventFilter, IndexedEvent } from '@stamp-ledger/ports';
import type Database from 'better-sqlite3';
import { parsePosition } from '../event-log/position.js';
import { LIMIT } from '../limit.js';
import { SHA256, UUID } from './audit-table.js';
import { optionalText, positionFrom, type Row, text, type Value } from './columns.js';
import { ProgressTable, Timeline } from './progress-table.js';

/** The columns that a filter compares, most selective first. */
const COLUMNS = [
  ['commandId', 'command'],
  ['documentSha256', 'document_sha256'],
  ['orderId', 'order_id'],
  ['correlationId', 'correlation'],
  ['holder', 'holder'],
  ['incidentId', 'incident_id'],
  ['channel', 'channel'],
  ['types', 'type'],
] as const satisfies readonly (readonly [keyof EventFilter, string])[];

/** Those that have an index, by their names in the table. */
export const FIND_COLUMNS: readonly string[] = COLUMNS.map(([, column]) => column).filter(
  (column) => column !== 'type',
);

const FOUND = 'SELECT position, stream, revision, type, recorded_at, occurred_at FROM event_index';
const COUNTED = 'SELECT type, count(*) FROM event_index';

/** Greater than the text of any time. */
const END = '~';

/**
 * Finds events, in the order of their positions. Synchronous; throws as SQLite does. The caller keeps one read
 * transaction open around a call.
 */
export class EventQueries {
  readonly #db: Database.Database;
  readonly #progress: ProgressTable;
  readonly #timeline: Timeline;
  /** By their SQL, which the columns compared decide: at most 512 statements. */
  readonly #statements = new Map<string, Database.Statement<Value[], Row>>();

  constructor(db: Database.Database) {
    this.#db = db;
    this.#progress = new ProgressTable(db);
    this.#timeline = new Timeline(db, 'audit-index');
  }

  find(filter: EventFilter, after: Position | undefined, limit: number): IndexedEvent[] {
    return this.#rows(filter, after, (columns) => findSql(columns), limit).map(eventFrom);
  }

  count(filter: EventFilter): EventCount[] {
    return this.#rows(filter, undefined, countSql).map(([type, count]) => ({
      type: text<EventType>(type),
      count: Number(count),
    }));
  }

  #rows(
    filter: EventFilter,
    after: Position | undefined,
    sqlOf: (columns: readonly string[]) => string,
    ...limit: readonly number[]
  ): Row[] {
    const range = this.#positionRange(filter);
    if (range === undefined) return [];
    const compared = COLUMNS.filter(([key]) => filter[key] !== undefined);
    const values = compared.flatMap(([key]): Value[] => {
      const value = filter[key] ?? null;
      const bound = typeof value === 'object' ? JSON.stringify(value) : value;
      return key === 'correlationId' ? [bound, bound] : [bound];
    });
    return this.#statement(sqlOf(compared.map(([, name]) => name))).all(
      ...values,
      parsePosition(after),
      range.from,
      range.to,
      filter.from ?? '',
      filter.to ?? END,
      ...limit,
    );
  }

  /**
   * The positions between which all events recorded from `from` on and before `to` lie. Times of recording follow the
   * positions but for the disorder ever seen, so behind the first event later than that by `to` there is none.
   */
  #positionRange({ from, to }: EventFilter): { readonly from: number; readonly to: number } | undefined {
    const progress = this.#progress.get('audit-index');
    if (progress === undefined) return undefined;
    const first = from === undefined ? undefined : this.#timeline.firstReaching(from);
    if (from !== undefined && first === undefined) return undefined;
    const end =
      to === undefined ? undefined : this.#timeline.firstReaching(later(to, progress.disorderMilliseconds));
    return {
      from: parsePosition(first),
      to: end === undefined ? Number.MAX_SAFE_INTEGER : parsePosition(end),
    };
  }

  #statement(sql: string): Database.Statement<Value[], Row> {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const made = this.#db.prepare<Value[], Row>(sql).raw();
    this.#statements.set(sql, made);
    return made;
  }
}

const later = (instant: Instant, milliseconds: number): Instant =>
  milliseconds === 0 ? instant : fromMilliseconds(toMilliseconds(instant) + milliseconds);

const INDEXES: Readonly<Record<string, string>> = {
  command: 'event_by_command',
  document_sha256: 'event_by_document',
  order_id: 'event_by_order',
  holder: 'event_by_holder',
  incident_id: 'event_by_incident',
  channel: 'event_by_channel',
};

/** The statement that finds by these columns. The first one's index is used, which also yields the order. */
export const findSql = (columns: readonly string[]): string =>
  `${FOUND} ${conditionsOn(columns)} ORDER BY position ${LIMIT}`;

const countSql = (columns: readonly string[]): string =>
  `${COUNTED} ${conditionsOn(columns)} GROUP BY type ORDER BY type`;

function conditionsOn(columns: readonly string[]): string {
  const [first = ''] = columns;
  const index = INDEXES[first];
  const conditions = columns.map((column) => `${conditionOn(column)} AND `).join('');
  return `${index === undefined ? '' : `INDEXED BY ${index}`}
    WHERE ${conditions}position > ? AND position >= ? AND position < ? AND recorded_at >= ? AND recorded_at < ?`;
}

/** Positions by a correlation, which is asked for twice: where it is not kept, it is the command. */
const CORRELATED = `SELECT position FROM event_index WHERE correlation = ${UUID}
  UNION ALL SELECT position FROM event_index WHERE command = ${UUID} AND correlation IS NULL`;

function conditionOn(column: string): string {
  switch (column) {
    case 'type':
      return 'type IN (SELECT value FROM json_each(?))';
    case 'command':
      return `command = ${UUID}`;
    case 'document_sha256':
      return `document_sha256 = ${SHA256}`;
    case 'correlation':
      return `position IN (${CORRELATED})`;
    default:
      return `${column} = ?`;
  }
}

function eventFrom(row: Row): IndexedEvent {
  const recordedAt = text<Instant>(row[4]);
  return {
    position: positionFrom(row),
    stream: text<StreamName>(row[1]),
    revision: Number(row[2]),
    type: text<EventType>(row[3]),
    recordedAt,
    occurredAt: optionalText<Instant>(row[5]) ?? recordedAt,
  };
}
