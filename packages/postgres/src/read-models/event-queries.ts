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
/** A UUID as the ledger writes it: any other text is the id of nothing. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Parameters before those of the compared columns. */
const FIXED = 6;

/** By their names, which the columns compared decide: at most 512 statements. */
const statements = new Map<string, Statement>();

/** The statement that finds by these columns. Any one's index yields the order. */
export const findStatement = (columns: readonly string[]): Statement =>
  statement(`find_${columns.join('_')}`, columns, {
    select: 'position, stream, revision, type, recorded_at, coalesce(occurred_at, recorded_at)',
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
  const parameters = new Map(columns.map((column, index) => [column, `$${FIXED + index + 1}`]));
  const conditions = [...parameters]
    .filter(([column]) => column !== 'correlation')
    .map(
      ([column, parameter]) =>
        ` AND ${column} = ${column === 'type' ? `ANY(${parameter}::text[])` : parameter}`,
    );
  const made = {
    name,
    sql: `SELECT ${select} FROM ${sourceOf(parameters.get('correlation'))}
      WHERE position > $1 AND position >= $2 AND position < $3 AND position <= $4
        AND recorded_at >= $5 AND recorded_at < $6${conditions.join('')}
      ${end}`,
  };
  statements.set(name, made);
  return made;
}

/** Events of a correlation: where it is not kept, it is the command. Either index yields the order. */
const sourceOf = (correlation: string | undefined): string =>
  correlation === undefined
    ? '{models}.event_index'
    : `(SELECT * FROM {models}.event_index WHERE correlation = ${correlation}
      UNION ALL SELECT * FROM {models}.event_index WHERE command = ${correlation} AND correlation IS NULL) AS correlated`;

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
    ...compared.map(([key]) => comparedWith(key, filter)),
    ...limit,
  ]);
}

function comparedWith(key: keyof EventFilter, filter: EventFilter): string | null {
  const value = filter[key];
  if (value === undefined) return null;
  if (typeof value !== 'string') return arrayOf(value);
  const isId = key === 'commandId' || key === 'correlationId';
  return isId && !UUID.test(value) ? null : value;
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
