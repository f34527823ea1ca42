import type { Position } from '@stamp-ledger/codec';
import type { Instant } from '@stamp-ledger/domain';
import type { ProjectionName, TimelineStep } from '@stamp-ledger/ports';
import { arrayOf, RowWriter, type Session, type Statement } from '../statements.js';
import { given, optionalText, orNull, type Row, text } from './columns.js';

const STEP = 'SELECT position, recorded_at, before_position FROM {models}.timeline WHERE projection = $1';
/** Where the step lies that is in force at a position. */
const IN_FORCE = `(SELECT max(position) FROM {models}.timeline WHERE projection = $1 AND position <= $2)`;
/** Up to where steps can cover, or be covered by, one of those between two positions up to a time. */
const LAST_TOUCHED = `greatest($3, (SELECT max(position) FROM {models}.timeline WHERE projection = $1 AND recorded_at =
  (SELECT max(recorded_at) FROM {models}.timeline WHERE projection = $1 AND recorded_at <= $4)))`;

const SQL = {
  touched: {
    name: 'timeline_touched',
    sql: `${STEP} AND position >= coalesce(${IN_FORCE}, $2) AND position <= ${LAST_TOUCHED}`,
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

/** Adds steps so that positions and times still rise together. */
export async function addSteps(
  session: Session,
  projection: ProjectionName,
  steps: readonly TimelineStep[],
): Promise<void> {
  const [first] = inOrder(steps);
  if (first === undefined) return;
  let last = first.position;
  let latest = first.recordedAt;
  for (const { position, recordedAt } of steps) {
    if (position > last) last = position;
    if (recordedAt > latest) latest = recordedAt;
  }
  const stored = (await session.rows(SQL.touched, [projection, first.position, last, latest])).map(stepFrom);
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
