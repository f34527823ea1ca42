import type { Position } from '@stamp-ledger/codec';
import type { Instant } from '@stamp-ledger/domain';
import type { ProjectionName, Settled, TimelineStep } from '@stamp-ledger/ports';
import { arrayOf, RowAppender, type Session, type Statement } from '../statements.js';
import { given, optionalText, orNull, type Row, text } from './columns.js';

/**
 * Times of recording by position, for questions about a time. Steps are kept as they come, in any order; moments, at which
 * a projection was settled, rise in both columns and lie some thousand events apart. Between two of them the steps are
 * looked through in the order of positions, so that nothing has to be put in order when it is written.
 */

/** Projections that are asked about times. The rows of the audit index are steps themselves. */
const TIMED: Readonly<Record<ProjectionName, boolean>> = {
  inventory: true,
  verification: false,
  'audit-index': true,
};

/** Where the steps of a projection between the moments before and behind a time are. */
const between = (compared: '>' | '>=', projection: ProjectionName): string => `
  position > coalesce((SELECT position FROM {models}.moment
      WHERE projection = '${projection}' AND NOT recorded_at ${compared} $1
      ORDER BY projection DESC, recorded_at DESC, position DESC LIMIT 1), '')
    AND position <= (SELECT position FROM {models}.moment
      WHERE projection = '${projection}' AND recorded_at ${compared} $1
      ORDER BY projection, recorded_at, position LIMIT 1)
    AND recorded_at ${compared} $1`;

const SQL = {
  addMoment: {
    name: 'moment_add',
    sql: `INSERT INTO {models}.moment (projection, position, recorded_at) VALUES ($1, $2, $3)
      ON CONFLICT (projection, position) DO NOTHING`,
  },
  /** Of steps at positions $2 and times $3, those that the moment behind them has not seen take that and its like away. */
  dropMoments: {
    name: 'moment_drop',
    sql: `DELETE FROM {models}.moment AS m
      USING (SELECT s.position, s.recorded_at FROM unnest($2::text[], $3::text[]) AS s (position, recorded_at)
          CROSS JOIN LATERAL (SELECT recorded_at FROM {models}.moment WHERE projection = $1 AND position >= s.position
            ORDER BY projection, position LIMIT 1) AS behind
          WHERE behind.recorded_at < s.recorded_at) AS unseen
      WHERE m.projection = $1 AND m.position >= unseen.position AND m.recorded_at < unseen.recorded_at`,
  },
  firstAfter: {
    name: 'timeline_first_after',
    sql: `SELECT position, recorded_at, before_position FROM {models}.timeline
      WHERE ${between('>', 'inventory')} ORDER BY position, before_position DESC NULLS LAST LIMIT 1`,
  },
  firstReaching: {
    name: 'events_first_reaching',
    sql: `SELECT position FROM {models}.event_index
      WHERE ${between('>=', 'audit-index')} ORDER BY position LIMIT 1`,
  },
  timeAt: {
    name: 'timeline_at',
    sql: `SELECT greatest(m.recorded_at, (SELECT max(recorded_at) FROM {models}.timeline
          WHERE position > coalesce(m.position, '') AND position <= $1))
      FROM (SELECT 1) AS always LEFT JOIN (SELECT position, recorded_at FROM {models}.moment
          WHERE projection = 'inventory' AND position <= $1
          ORDER BY projection DESC, position DESC LIMIT 1) AS m ON true`,
  },
} as const satisfies Record<string, Statement>;

/** A step that comes again is kept once more: to look for it first would cost more than all that is read of it. */
const appender = new RowAppender<TimelineStep>({
  table: 'timeline',
  columns: ['position', 'recorded_at', 'before_position'],
  values: ({ position, recordedAt, before }) => [position, recordedAt, orNull(before)],
});

const stepFrom = (row: Row): TimelineStep => ({
  position: text<Position>(row[0]),
  recordedAt: text<Instant>(row[1]),
  ...given('before', optionalText<Position>(row[2])),
});

/** Adds steps in any order; `settled` is where the projection was settled before them. */
export async function addSteps(
  session: Session,
  { projection, settled }: { readonly projection: ProjectionName; readonly settled: Settled | undefined },
  steps: readonly TimelineStep[],
): Promise<void> {
  await Promise.all([
    appender.append(session, projection === 'inventory' ? steps : []),
    dropMoments(
      session,
      projection,
      steps.filter(({ position }) => settled !== undefined && position <= settled.position),
    ),
  ]);
}

/** What was settled was not all there was: it hardly ever happens, but then no answer may rest on it. */
async function dropMoments(
  session: Session,
  projection: ProjectionName,
  late: readonly TimelineStep[],
): Promise<void> {
  if (!TIMED[projection] || late.length === 0) return;
  const positions = arrayOf(late.map(({ position }) => position));
  const times = arrayOf(late.map(({ recordedAt }) => recordedAt));
  await session.rows(SQL.dropMoments, [projection, positions, times]);
}

/** Every event up to the position has been applied, and none of them was recorded later than this. */
export async function addMoment(
  session: Session,
  projection: ProjectionName,
  { position, recordedAt }: Settled,
): Promise<void> {
  if (TIMED[projection]) await session.rows(SQL.addMoment, [projection, position, recordedAt]);
}

/**
 * The first event recorded later than `time`, of those up to where the inventory is settled: its position, and that of the
 * event before where it is known.
 */
export async function firstAfter(session: Session, time: Instant): Promise<TimelineStep | undefined> {
  const row = await session.row(SQL.firstAfter, [time]);
  return row === undefined ? undefined : stepFrom(row);
}

/** Position of the first event recorded at `time` or later, of those up to where the audit index is settled. */
export async function firstReaching(session: Session, time: Instant): Promise<Position | undefined> {
  return optionalText<Position>((await session.row(SQL.firstReaching, [time]))?.[0]);
}

/** Latest time of recording among the events up to a position at which the inventory is settled. */
export async function timeAt(session: Session, position: Position): Promise<Instant | undefined> {
  return optionalText<Instant>((await session.row(SQL.timeAt, [position]))?.[0]);
}
