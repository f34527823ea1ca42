import { fromMilliseconds, type Position, type StreamName, toMilliseconds } from '@stamp-ledger/codec';
import type { EventType, Instant } from '@stamp-ledger/domain';
import type { EventFilter, IndexedEvent } from '@stamp-ledger/ports';
import type { Session, Statement } from '../statements.js';
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
  ['channel', 'channel'],
] as const satisfies readonly (readonly [keyof EventFilter, string])[];

/** The same, by their names in the table. */
export const FIND_COLUMNS: readonly string[] = COLUMNS.map(([, column]) => column);

/** Greater than any position: their text is of digits or begins with one. */
const END = '~';
/** Columns that hold the number of an id. */
const NUMBERED: ReadonlySet<string> = new Set(['command', 'correlation']);
/** Parameters before those of the compared columns. */
const FIXED = 7;

/** By the columns compared: at most 64 statements. */
const statements = new Map<string, Statement>();

/** The statement for these columns. Any one's index yields the order. */
export function findStatement(columns: readonly string[]): Statement {
  const key = columns.join('_');
  const known = statements.get(key);
  if (known !== undefined) return known;
  const conditions = columns.map((column, index) => {
    const parameter = `$${index + 1 + FIXED}`;
    return NUMBERED.has(column)
      ? ` AND ${column} = (SELECT number FROM {models}.long_id WHERE id = ${parameter})`
      : ` AND ${column} = ${parameter}`;
  });
  const statement = {
    name: `find_${key}`,
    sql: `SELECT position, stream, revision, type, recorded_at, occurred_at FROM {models}.event_index
      WHERE position > $1 AND position >= $2 AND position < $3 AND position <= $4
        AND recorded_at >= $5 AND recorded_at < $6${conditions.join('')}
      ORDER BY position LIMIT $7`,
  };
  statements.set(key, statement);
  return statement;
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
  const range = await positionRange(session, filter);
  if (range === undefined) return [];
  const compared = COLUMNS.filter(([key]) => filter[key] !== undefined);
  const rows = await session.rows(findStatement(compared.map(([, column]) => column)), [
    after ?? '',
    range.from,
    range.to,
    range.settled,
    filter.from ?? '',
    filter.to ?? END,
    limit,
    ...compared.map(([key]) => filter[key] ?? null),
  ]);
  return rows.map(eventFrom);
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
  const first = from === undefined ? '' : await firstReaching(session, 'audit-index', from);
  if (first === undefined) return undefined;
  const end =
    to === undefined
      ? undefined
      : await firstReaching(session, 'audit-index', later(to, progress.disorderMilliseconds));
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
