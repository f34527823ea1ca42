import { fromMilliseconds, type Position, type StreamName, toMilliseconds } from '@stamp-ledger/codec';
import type { EventType, Instant } from '@stamp-ledger/domain';
import type { EventCount, EventFilter, IndexedEvent } from '@stamp-ledger/ports';
import { arrayOf, type Session, type Statement } from '../statements.js';
import { type Row, text } from './columns.js';
import { readStanding } from './progress-table.js';
import { firstReaching } from './timeline.js';

/** The columns that a filter compares. */
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

/** Greater than any position: their text is of digits or begins with one. */
const END = '~';
/** Columns that hold the number of an id. */
const NUMBERED: ReadonlySet<string> = new Set(['command', 'correlation']);
/** Parameters before those of the compared columns. */
const FIXED = 6;

/** By their names, which the columns compared decide: at most 512 statements. */
const statements = new Map<string, Statement>();

/** The statement that finds by these columns. Any one's index yields the order. */
export const findStatement = (columns: readonly string[]): Statement =>
  statement(`find_${columns.join('_')}`, columns, {
    select: 'position, stream, revision, type, recorded_at, occurred_at',
    end: `ORDER BY position LIMIT $${FIXED + columns.length + 1}`,
  });

const countStatement = (columns: readonly string[]): Statement =>
  statement(`count_${columns.join('_')}`, columns, {
    select: 'type, count(*)',
    end: 'GROUP BY type ORDER BY type',
  });

function statement(
  name: string,
  columns: readonly string[],
  { select, end }: { readonly select: string; readonly end: string },
): Statement {
  const known = statements.get(name);
  if (known !== undefined) return known;
  const conditions = columns.map((column, index) => ` AND ${conditionOn(column, `$${FIXED + index + 1}`)}`);
  const made = {
    name,
    sql: `SELECT ${select} FROM {models}.event_index
      WHERE position > $1 AND position >= $2 AND position < $3 AND position <= $4
        AND recorded_at >= $5 AND recorded_at < $6${conditions.join('')}
      ${end}`,
  };
  statements.set(name, made);
  return made;
}

function conditionOn(column: string, parameter: string): string {
  if (column === 'type') return `type = ANY(${parameter}::text[])`;
  return NUMBERED.has(column)
    ? `${column} = (SELECT number FROM {models}.long_id WHERE id = ${parameter})`
    : `${column} = ${parameter}`;
}

/**
 * Finds events, in the order of their positions and up to where the index is settled: beyond, some may still be missing,
 * and a page must not pass them. Several statements: the caller shows them one moment.
 */
export async function findEvents(
  session: Session,
  filter: EventFilter,
  after: Position | undefined,
  limit: number,
): Promise<IndexedEvent[]> {
  const rows = await rowsOf(session, filter, { after, statementOf: findStatement, limit: [limit] });
  return rows.map(eventFrom);
}

/** Counts what {@link findEvents} finds, by type. */
export async function countEvents(session: Session, filter: EventFilter): Promise<EventCount[]> {
  const rows = await rowsOf(session, filter, { after: undefined, statementOf: countStatement, limit: [] });
  return rows.map(([type, count]) => ({ type: text<EventType>(type), count: Number(count) }));
}

async function rowsOf(
  session: Session,
  filter: EventFilter,
  {
    after,
    statementOf,
    limit,
  }: {
    readonly after: Position | undefined;
    readonly statementOf: (columns: readonly string[]) => Statement;
    readonly limit: readonly number[];
  },
): Promise<Row[]> {
  const range = await positionRange(session, filter);
  if (range === undefined) return [];
  const compared = COLUMNS.filter(([key]) => filter[key] !== undefined);
  return session.rows(statementOf(compared.map(([, column]) => column)), [
    after ?? '',
    range.from,
    range.to,
    range.settled,
    filter.from ?? '',
    filter.to ?? END,
    ...compared.map(([key]) => {
      const value = filter[key] ?? null;
      return typeof value === 'object' && value !== null ? arrayOf(value) : value;
    }),
    ...limit,
  ]);
}

interface Range {
  readonly from: string;
  readonly to: string;
  readonly settled: Position;
}

/**
 * The positions between which all events recorded from `from` on and before `to` lie. Times of recording follow the
 * positions but for the disorder ever seen, so behind the first event later than that by `to` there is none.
 */
async function positionRange(session: Session, { from, to }: EventFilter): Promise<Range | undefined> {
  const standing = await readStanding(session, 'audit-index');
  const { progress, settled } = standing ?? {};
  if (progress === undefined || settled === undefined) return undefined;
  const first = from === undefined ? '' : await firstReaching(session, from);
  if (first === undefined) return undefined;
  const end =
    to === undefined ? undefined : await firstReaching(session, later(to, progress.disorderMilliseconds));
  return { from: first, to: end ?? END, settled: settled.position };
}

const later = (instant: Instant, milliseconds: number): Instant =>
  milliseconds === 0 ? instant : fromMilliseconds(toMilliseconds(instant) + milliseconds);

const eventFrom = (row: Row): IndexedEvent => ({
  position: text<Position>(row[0]),
  stream: text<StreamName>(row[1]),
  revision: Number(row[2]),
  type: text<EventType>(row[3]),
  recordedAt: text<Instant>(row[4]),
  occurredAt: text<Instant>(row[5]),
});
