import type { Position } from '@stamp-ledger/codec';
import type { Instant } from '@stamp-ledger/domain';
import type { ProjectionName, Settled, TimelineStep } from '@stamp-ledger/ports';
import { arrayOf, RowWriter, type Session, type Statement } from '../statements.js';
import { given, optionalText, orNull, type Row, text } from './columns.js';

const STEP = 'SELECT position, recorded_at, before_position FROM {models}.timeline WHERE projection = $1';

const SQL = {
  /**
   * Of steps to come, at positions $2 and times $3, the stored ones that cover them or are covered. Positions and times of
   * the stored ones rise together: those covered lie between the time in force before a new step and its own.
   */
  touched: {
    name: 'timeline_touched',
    sql: `SELECT DISTINCT t.position, t.recorded_at, t.before_position
      FROM (SELECT n.position, n.recorded_at COLLATE "C" AS time, coalesce((SELECT b.recorded_at FROM {models}.timeline AS b
          WHERE b.projection = $1 AND b.position <= n.position ORDER BY b.projection DESC, b.position DESC LIMIT 1), '') AS in_force
        FROM unnest($2::text[], $3::text[]) AS n (position, recorded_at) OFFSET 0) AS n
      CROSS JOIN LATERAL (SELECT position, recorded_at, before_position FROM {models}.timeline WHERE projection = $1
          AND recorded_at >= n.in_force AND recorded_at <= greatest(n.in_force, n.time)
        ORDER BY projection, recorded_at OFFSET 0) AS t
      WHERE n.in_force >= n.time OR t.recorded_at > n.in_force OR t.position = n.position`,
  },
  drop: {
    name: 'timeline_drop',
    sql: 'DELETE FROM {models}.timeline WHERE projection = $1 AND position = ANY($2::text[])',
  },
  firstAfter: {
    name: 'timeline_first_after',
    sql: `${STEP} AND recorded_at > $2 ORDER BY recorded_at LIMIT 1`,
  },
  firstReaching: {
    name: 'timeline_first_reaching',
    sql: `${STEP} AND recorded_at >= $2 ORDER BY recorded_at LIMIT 1`,
  },
  at: { name: 'timeline_at', sql: `${STEP} AND position <= $2 ORDER BY position DESC LIMIT 1` },
} as const satisfies Record<string, Statement>;

const writer = new RowWriter<{ readonly projection: ProjectionName; readonly step: TimelineStep }>({
  table: 'timeline',
  columns: { projection: 'text', position: 'text', recorded_at: 'text', before_position: 'text' },
  values: ({ projection, step }) => [projection, step.position, step.recordedAt, orNull(step.before)],
});

const stepFrom = (row: Row): TimelineStep => ({
  position: text<Position>(row[0]),
  recordedAt: text<Instant>(row[1]),
  ...given('before', optionalText<Position>(row[2])),
});

/** Adds steps so that positions and times still rise together. Everything that is stored lies at or before `from`. */
export async function addSteps(
  session: Session,
  { projection, from }: { readonly projection: ProjectionName; readonly from: Settled | undefined },
  steps: readonly TimelineStep[],
): Promise<void> {
  if (steps.length === 0) return;
  const isBehindAll = ({ position, recordedAt }: TimelineStep): boolean =>
    from === undefined || (position > from.position && recordedAt > from.recordedAt);
  const stored = await touchedBy(
    session,
    projection,
    steps.filter((step) => !isBehindAll(step)),
  );
  const kept = new Set(rising([...stored, ...steps]));
  const dropped = stored.filter((step) => !kept.has(step));
  for (const step of stored) kept.delete(step);
  if (dropped.length > 0)
    await session.rows(SQL.drop, [projection, arrayOf(dropped.map(({ position }) => position))]);
  await writer.write(
    session,
    [...kept].map((step) => ({ projection, step })),
  );
}

async function touchedBy(
  session: Session,
  projection: ProjectionName,
  steps: readonly TimelineStep[],
): Promise<readonly TimelineStep[]> {
  if (steps.length === 0) return [];
  const positions = arrayOf(steps.map(({ position }) => position));
  const times = arrayOf(steps.map(({ recordedAt }) => recordedAt));
  return (await session.rows(SQL.touched, [projection, positions, times])).map(stepFrom);
}

/** By position; at one position the latest time first, and then the one that was there before. */
const inOrder = (steps: readonly TimelineStep[]): TimelineStep[] =>
  [...steps].sort((a, b) => compare(a.position, b.position) || compare(b.recordedAt, a.recordedAt));

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Leaves out every step that one at the same or an earlier position covers. */
function rising(steps: readonly TimelineStep[]): TimelineStep[] {
  let latest = '';
  return inOrder(steps).filter(({ recordedAt }) => {
    if (recordedAt <= latest) return false;
    latest = recordedAt;
    return true;
  });
}

/** The first event recorded later than `time`: its position, and that of the event before where it is known. */
export async function firstAfter(
  session: Session,
  projection: ProjectionName,
  time: Instant,
): Promise<TimelineStep | undefined> {
  const row = await session.row(SQL.firstAfter, [projection, time]);
  return row === undefined ? undefined : stepFrom(row);
}

/** Position of the first event recorded at `time` or later. */
export async function firstReaching(
  session: Session,
  projection: ProjectionName,
  time: Instant,
): Promise<Position | undefined> {
  return optionalText<Position>((await session.row(SQL.firstReaching, [projection, time]))?.[0]);
}

/** Latest time of recording among the events up to a position. */
export async function timeAt(
  session: Session,
  projection: ProjectionName,
  position: Position,
): Promise<Instant | undefined> {
  return optionalText<Instant>((await session.row(SQL.at, [projection, position]))?.[1]);
}
