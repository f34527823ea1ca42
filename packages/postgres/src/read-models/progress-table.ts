import type { Position } from '@stamp-ledger/codec';
import type { Instant } from '@stamp-ledger/domain';
import type {
  ProgressWrite,
  ProjectionName,
  ProjectionProgress,
  ProjectionStatus,
  Settled,
} from '@stamp-ledger/ports';
import type { Session, Statement } from '../statements.js';
import { given, optionalText, type Row, text } from './columns.js';
import { addMoment, addSteps } from './timeline.js';

const COLUMNS = `projection, position, recorded_at, events, disorder_milliseconds, settled_position,
  settled_recorded_at, halted`;
const SELECT = `SELECT ${COLUMNS} FROM {models}.progress`;

const SQL = {
  all: { name: 'progress_all', sql: SELECT },
  one: { name: 'progress_one', sql: `${SELECT} WHERE projection = $1` },
  lock: { name: 'progress_lock', sql: `${SELECT} WHERE projection = $1 FOR UPDATE` },
  save: {
    name: 'progress_save',
    sql: `UPDATE {models}.progress SET position = $2, recorded_at = $3, events = $4, disorder_milliseconds = $5
      WHERE projection = $1`,
  },
  settle: {
    name: 'progress_settle',
    sql: 'UPDATE {models}.progress SET settled_position = $2, settled_recorded_at = $3 WHERE projection = $1',
  },
  halt: {
    name: 'progress_halt',
    sql: 'UPDATE {models}.progress SET halted = $2 WHERE projection = $1 AND halted IS DISTINCT FROM $2',
  },
} as const satisfies Record<string, Statement>;

/** All that is kept of one projection. */
export interface Standing {
  readonly projection: ProjectionName;
  readonly progress: ProjectionProgress | undefined;
  readonly settled: Settled | undefined;
  readonly halted: string | undefined;
}

function standingFrom(row: Row): Standing {
  const position = optionalText<Position>(row[1]);
  const settled = optionalText<Position>(row[5]);
  return {
    projection: text<ProjectionName>(row[0]),
    progress:
      position === undefined
        ? undefined
        : {
            position,
            recordedAt: text<Instant>(row[2]),
            events: Number(row[3]),
            disorderMilliseconds: Number(row[4]),
          },
    settled: settled === undefined ? undefined : { position: settled, recordedAt: text<Instant>(row[6]) },
    halted: optionalText(row[7]),
  };
}

export const readStandings = async (session: Session): Promise<Standing[]> =>
  (await session.rows(SQL.all)).map(standingFrom);

export async function readStanding(
  session: Session,
  projection: ProjectionName,
): Promise<Standing | undefined> {
  const row = await session.row(SQL.one, [projection]);
  return row === undefined ? undefined : standingFrom(row);
}

/** Waits until no other transaction of the projection runs, and keeps others out until this one ends. */
export async function lockStanding(
  session: Session,
  projection: ProjectionName,
): Promise<Standing | undefined> {
  const row = await session.row(SQL.lock, [projection]);
  return row === undefined ? undefined : standingFrom(row);
}

export async function saveProgress(
  session: Session,
  { projection, settled }: Standing,
  { progress, timeline }: ProgressWrite,
): Promise<void> {
  const { position, recordedAt, events, disorderMilliseconds } = progress;
  await Promise.all([
    addSteps(session, { projection, settled }, timeline),
    session.rows(SQL.save, [projection, position, recordedAt, events, disorderMilliseconds]),
  ]);
}

export async function settle(session: Session, projection: ProjectionName, settled: Settled): Promise<void> {
  await Promise.all([
    session.rows(SQL.settle, [projection, settled.position, settled.recordedAt]),
    addMoment(session, projection, settled),
  ]);
}

export async function setHalted(
  session: Session,
  projection: ProjectionName,
  halted: string | undefined,
): Promise<void> {
  await session.rows(SQL.halt, [projection, halted ?? null]);
}

/** As readers see a projection. */
export const statusOf = ({ projection, settled, halted }: Standing): ProjectionStatus => ({
  projection,
  ...given('position', settled?.position),
  ...given('recordedAt', settled?.recordedAt),
  ...given('halted', halted),
});
