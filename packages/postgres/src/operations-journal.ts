import { fromMilliseconds, toMilliseconds } from '@stamp-ledger/codec';
import type { Instant } from '@stamp-ledger/domain';
import {
  type JournalEntries,
  type JournalReport,
  type JournalWindow,
  LIMITS,
  type OperationsJournal,
  type ProcessRun,
  type ProjectionName,
} from '@stamp-ledger/ports';
import type pg from 'pg';
import { closePool, openPool, withConnection } from './connect.js';
import { portError } from './errors.js';
import { POSTGRES_LIMITS } from './limits.js';
import { requireMigrated } from './probe.js';
import { arrayOf } from './statements.js';

const MINUTE_MILLISECONDS = 60_000;

/** Rows go in by the order of their keys: two processes that write at once cannot wait for each other for ever. */
const SQL = {
  refuse: `INSERT INTO ledger.refusal AS r (minute, kind, count)
    SELECT minute, kind, count FROM unnest($1::text[], $2::text[], $3::bigint[]) AS t (minute, kind, count) ORDER BY 1, 2
    ON CONFLICT (minute, kind) DO UPDATE SET count = r.count + excluded.count`,
  lag: `INSERT INTO ledger.lag AS l (minute, projection, milliseconds)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[]) AS t (minute, projection, milliseconds) ORDER BY 1, 2
    ON CONFLICT (minute, projection) DO UPDATE SET milliseconds = greatest(l.milliseconds, excluded.milliseconds)`,
  run: `INSERT INTO ledger.run (instance, service, version, started_at, seen_at, stopped_at) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (instance) DO UPDATE SET seen_at = excluded.seen_at, stopped_at = excluded.stopped_at`,
  sealGaps: `INSERT INTO ledger.seal_gap (from_time, to_time, events)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[]) AS t (from_time, to_time, events) ORDER BY 1
    ON CONFLICT (from_time) DO UPDATE SET to_time = excluded.to_time, events = excluded.events`,
  forget: [
    'DELETE FROM ledger.refusal WHERE minute < $1',
    'DELETE FROM ledger.lag WHERE minute < $1',
    'DELETE FROM ledger.run WHERE seen_at < $1',
    'DELETE FROM ledger.seal_gap WHERE to_time < $1',
  ],
  refusals: `SELECT kind, sum(count)::bigint AS count FROM ledger.refusal WHERE minute > $1 AND minute < $2
    GROUP BY kind ORDER BY kind`,
  lags: `SELECT projection, max(milliseconds) AS milliseconds FROM ledger.lag WHERE minute > $1 AND minute < $2
    GROUP BY projection ORDER BY projection`,
  runs: `SELECT instance, service, version, started_at, seen_at, stopped_at FROM ledger.run
    WHERE started_at < $1 AND coalesce(stopped_at, seen_at) >= $2 ORDER BY started_at, instance LIMIT $3`,
  gapsIn: `SELECT from_time, to_time, events FROM ledger.seal_gap WHERE from_time < $1 AND to_time >= $2
    ORDER BY from_time LIMIT $3`,
} as const;

interface RunRow {
  readonly instance: string;
  readonly service: string;
  readonly version: string;
  readonly started_at: string;
  readonly seen_at: string;
  readonly stopped_at: string | null;
}

/** Opens the journal that all processes of a distributed ledger share. Rejects with a PortError. */
export async function openPostgresOperationsJournal({
  url,
}: {
  readonly url: string;
}): Promise<OperationsJournal> {
  const pool = openPool({
    url,
    purpose: 'operations journal',
    connections: POSTGRES_LIMITS.journalConnections,
  });
  try {
    await requireMigrated(pool, 'opening the operations journal');
  } catch (error) {
    await closePool(pool);
    throw error;
  }
  return {
    record: async (entries, now) => {
      const expiry = fromMilliseconds(toMilliseconds(now) - LIMITS.journalMilliseconds);
      await guarded('writing the journal', () =>
        withConnection(pool, async (connection) => {
          await connection.query('BEGIN');
          await write(connection, entries);
          for (const sql of SQL.forget) await connection.query(sql, [expiry]);
          await connection.query('COMMIT');
        }),
      );
    },
    report: (window) =>
      guarded('reading the journal', () =>
        withConnection(pool, (connection) => reportOf(connection, window)),
      ),
    close: () => closePool(pool),
  };
}

async function guarded<Result>(doing: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw portError(error, doing);
  }
}

type Queryable = Pick<pg.ClientBase, 'query'>;

async function write(
  connection: Queryable,
  { refusals, lags, sealGaps, run }: JournalEntries,
): Promise<void> {
  if (refusals.length > 0)
    await connection.query(SQL.refuse, [
      arrayOf(refusals.map(({ minute }) => minute)),
      arrayOf(refusals.map(({ kind }) => kind)),
      arrayOf(refusals.map(({ count }) => count)),
    ]);
  if (lags.length > 0)
    await connection.query(SQL.lag, [
      arrayOf(lags.map(({ minute }) => minute)),
      arrayOf(lags.map(({ projection }) => projection)),
      arrayOf(lags.map(({ milliseconds }) => milliseconds)),
    ]);
  if (sealGaps.length > 0)
    await connection.query(SQL.sealGaps, [
      arrayOf(sealGaps.map(({ from }) => from)),
      arrayOf(sealGaps.map(({ to }) => to)),
      arrayOf(sealGaps.map(({ events }) => events)),
    ]);
  if (run !== undefined)
    await connection.query(SQL.run, [
      run.instance,
      run.service,
      run.version,
      run.startedAt,
      run.seenAt,
      run.stoppedAt ?? null,
    ]);
}

async function reportOf(connection: Queryable, { from, to }: JournalWindow): Promise<JournalReport> {
  const after = fromMilliseconds(toMilliseconds(from) - MINUTE_MILLISECONDS);
  const refusals = await connection.query<JournalReport['refusals'][number]>(SQL.refusals, [after, to]);
  const lags = await connection.query<{ projection: ProjectionName; milliseconds: number }>(SQL.lags, [
    after,
    to,
  ]);
  const runs = await connection.query<RunRow>(SQL.runs, [to, from, LIMITS.queryRows + 1]);
  const sealGaps = await connection.query<{ from_time: Instant; to_time: Instant; events: number }>(
    SQL.gapsIn,
    [to, from, LIMITS.queryRows],
  );
  return {
    refusals: refusals.rows,
    lags: lags.rows,
    runs: runs.rows.slice(0, LIMITS.queryRows).map(runOf),
    hasMoreRuns: runs.rows.length > LIMITS.queryRows,
    sealGaps: sealGaps.rows.map(({ from_time, to_time, events }) => ({
      from: from_time,
      to: to_time,
      events,
    })),
  };
}

const runOf = ({ instance, service, version, started_at, seen_at, stopped_at }: RunRow): ProcessRun => ({
  instance,
  service,
  version,
  startedAt: started_at as Instant,
  seenAt: seen_at as Instant,
  ...(stopped_at === null ? {} : { stoppedAt: stopped_at as Instant }),
});
