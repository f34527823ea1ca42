import { LIMITS, PortError, type RebuildStatus } from '@stamp-ledger/ports';
import type pg from 'pg';
import { type Connection, closePool, makeClient, openPool, withConnection } from './connect.js';
import { isMissing, portError } from './errors.js';
import { HOLD_LIVE_SQL, liveOf } from './generations.js';
import { lockHolder } from './lasting-session.js';
import { POSTGRES_LIMITS } from './limits.js';
import { LOCKS } from './locks.js';
import { requireMigrated } from './probe.js';
import { createBareModelsSql, createIndexesSql } from './schema/models.js';
import { schemaOf } from './statements.js';

/** The one worker that builds the read models anew. */
export interface RebuildTurn {
  readonly rebuildId: string;
  /** Aborts when the turn is lost: another worker may have it by then. */
  readonly lost: AbortSignal;
  reportRebuild(progress: { readonly eventsDone: number; readonly eventsTotal: number }): Promise<void>;
  /** Ends the rebuild, and the turn. */
  endRebuild(outcome: { readonly status: 'done' | 'failed'; readonly detail?: string }): Promise<void>;
  /** Gives the turn up; the rebuild still runs and may be claimed again. */
  release(): Promise<void>;
}

export interface PostgresRebuilds {
  /** Begins a rebuild, unless one is running or the id was used: then its status is the answer. */
  requestRebuild(rebuildId: string): Promise<RebuildStatus>;
  readRebuild(rebuildId: string): Promise<RebuildStatus | undefined>;
  /** The turn to carry the running rebuild out; undefined when none is running or another worker has the turn. */
  claimRebuild(): Promise<RebuildTurn | undefined>;
  /**
   * An empty generation beside the live one, which has seen of the bus what the live one has by now. It has no indexes
   * but those that writing needs.
   */
  createGeneration(): Promise<number>;
  /**
   * Makes a generation's indexes, and then makes it live; waits for the transactions on the one before. False when the live
   * one has gone over to another lineage of the bus since: the generation has taken over its place once more, and has to be
   * filled up to the end of the log again before the next attempt. Indexes may take long: when `signal` aborts meanwhile, the
   * server drops what there is of them within seconds, and the call rejects.
   */
  swapGeneration(generation: number, signal?: AbortSignal): Promise<boolean>;
  /** Drops every generation but the live one: for the holder of the turn, before it makes one or after the swap. */
  dropOldGenerations(): Promise<void>;
  close(): Promise<void>;
}

interface RebuildRow {
  readonly id: string;
  readonly status: RebuildStatus['status'];
  readonly events_done: number;
  readonly events_total: number;
  readonly detail: string | null;
}

const SELECT = 'SELECT id, status, events_done, events_total, detail FROM ledger.rebuild';
const RUNNING = `${SELECT} WHERE status = 'running'`;
const BY_ID = `${SELECT} WHERE id = $1`;
const BEGIN_REBUILD = `INSERT INTO ledger.rebuild (id, status) VALUES ($1, 'running') ON CONFLICT DO NOTHING`;
const REPORT = `UPDATE ledger.rebuild SET events_done = $2, events_total = $3 WHERE id = $1 AND status = 'running'`;
const END_REBUILD = `UPDATE ledger.rebuild SET status = $2, detail = $3 WHERE id = $1 AND status = 'running'`;
const FORGET = `DELETE FROM ledger.rebuild WHERE status <> 'running' AND number <=
  (SELECT max(number) FROM ledger.rebuild) - $1`;

/** Opens the control of rebuilds. Rejects with a PortError, as all its calls do. */
export async function openPostgresRebuilds({ url }: { readonly url: string }): Promise<PostgresRebuilds> {
  const pool = openPool({
    url,
    purpose: 'rebuilds',
    connections: POSTGRES_LIMITS.controlConnections,
    statementMilliseconds: POSTGRES_LIMITS.rebuildMilliseconds,
    lockMilliseconds: POSTGRES_LIMITS.rebuildMilliseconds,
  });
  const on = async <Result>(work: (connection: Connection) => Promise<Result>): Promise<Result> => {
    try {
      return await withConnection(pool, work);
    } catch (error) {
      throw portError(error, 'rebuilding');
    }
  };
  try {
    await requireMigrated(pool, 'opening the control of rebuilds');
  } catch (error) {
    await closePool(pool);
    throw error;
  }
  return {
    requestRebuild: (rebuildId) => on((connection) => requestRebuild(connection, rebuildId)),
    readRebuild: (rebuildId) => on((connection) => statusBy(connection, BY_ID, [rebuildId])),
    claimRebuild: () => claimRebuild(url),
    createGeneration: () => on(createGeneration),
    swapGeneration: async (generation, signal) => {
      await makeIndexes({ url, generation, signal });
      return on((connection) => swapGeneration(connection, generation));
    },
    dropOldGenerations: () => on(dropOldGenerations),
    close: () => closePool(pool),
  };
}

async function statusBy(
  connection: Pick<pg.ClientBase, 'query'>,
  sql: string,
  values: readonly string[] = [],
): Promise<RebuildStatus | undefined> {
  const { rows } = await connection.query<RebuildRow>(sql, [...values]);
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    rebuildId: row.id,
    status: row.status,
    eventsDone: row.events_done,
    eventsTotal: row.events_total,
    ...(row.detail === null ? {} : { detail: row.detail }),
  };
}

async function requestRebuild(connection: Connection, rebuildId: string): Promise<RebuildStatus> {
  for (let attempt = 0; attempt < POSTGRES_LIMITS.rebuildAttempts; attempt++) {
    const known = (await statusBy(connection, RUNNING)) ?? (await statusBy(connection, BY_ID, [rebuildId]));
    if (known !== undefined) return known;
    await connection.query(BEGIN_REBUILD, [rebuildId]);
  }
  throw new PortError('unavailable', 'rebuilds come and go too fast');
}

/** The turn is a lock of a session of its own: it ends with the worker, however that ends. */
async function claimRebuild(url: string): Promise<RebuildTurn | undefined> {
  const client = makeClient(lockHolder({ url, purpose: 'rebuild turn' }));
  const over = new AbortController();
  client.on('error', () => over.abort());
  client.on('end', () => over.abort());
  try {
    await client.connect();
    const { rows } = await client.query<{ free: boolean }>('SELECT pg_try_advisory_lock($1, 0) AS free', [
      LOCKS.rebuild,
    ]);
    const running = rows[0]?.free === true ? await statusBy(client, RUNNING) : undefined;
    if (running !== undefined) return turnOf(client, running.rebuildId, over);
  } catch (error) {
    void client.end().catch(() => undefined);
    throw portError(error, 'claiming a rebuild');
  }
  await client.end().catch(() => undefined);
  return undefined;
}

function turnOf(client: pg.Client, rebuildId: string, over: AbortController): RebuildTurn {
  const ask = async (sql: string, values: readonly (string | number | null)[] = []): Promise<void> => {
    try {
      await client.query(sql, [...values]);
    } catch (error) {
      throw portError(error, 'reporting a rebuild');
    }
  };
  // A server that is gone without a word is noticed by asking.
  const pulse = setInterval(() => {
    ask('SELECT 1').catch(() => over.abort());
  }, POSTGRES_LIMITS.pulseMilliseconds);
  pulse.unref();
  over.signal.addEventListener('abort', () => clearInterval(pulse), { once: true });
  const release = async (): Promise<void> => {
    over.abort();
    await client.end().catch(() => undefined);
  };
  return {
    rebuildId,
    lost: over.signal,
    reportRebuild: ({ eventsDone, eventsTotal }) => ask(REPORT, [rebuildId, eventsDone, eventsTotal]),
    async endRebuild({ status, detail }) {
      await ask(END_REBUILD, [rebuildId, status, detail ?? null]);
      await ask(FORGET, [LIMITS.rememberedRebuilds]);
      await release();
    },
    release,
  };
}

async function inTransaction<Result>(connection: Connection, work: () => Promise<Result>): Promise<Result> {
  await connection.query('BEGIN');
  try {
    const result = await work();
    await connection.query('COMMIT');
    return result;
  } catch (error) {
    await connection.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

async function holdLive(connection: Connection): Promise<number> {
  const results = (await connection.query(HOLD_LIVE_SQL)) as unknown as pg.QueryResult[];
  return liveOf(results.at(-1)?.rows[0]);
}

function createGeneration(connection: Connection): Promise<number> {
  return inTransaction(connection, async () => {
    const live = await holdLive(connection);
    const { rows } = await connection.query<{ number: number }>(
      'INSERT INTO ledger.generation DEFAULT VALUES RETURNING number',
    );
    const number = rows[0]?.number;
    if (number === undefined) throw new PortError('corrupt', 'a generation got no number');
    await connection.query(createBareModelsSql(number));
    await takeOverPlace(connection, { from: live, to: number });
    return number;
  });
}

interface Generations {
  readonly from: number;
  readonly to: number;
}

/** One statement, so that the offsets are those of the lineage. */
async function takeOverPlace(connection: Connection, { from, to }: Generations): Promise<void> {
  await connection.query(
    `WITH lineage AS (
       INSERT INTO ${schemaOf(to)}.bus_lineage SELECT projection, id, ancestors FROM ${schemaOf(from)}.bus_lineage
     )
     INSERT INTO ${schemaOf(to)}.bus_offset SELECT projection, partition, next FROM ${schemaOf(from)}.bus_offset`,
  );
}

async function isOfOneLineage(connection: Connection, { from, to }: Generations): Promise<boolean> {
  const { rows } = await connection.query(
    `SELECT FROM ${schemaOf(from)}.bus_lineage AS a FULL JOIN ${schemaOf(to)}.bus_lineage AS b USING (projection)
      WHERE a.id IS DISTINCT FROM b.id`,
  );
  return rows.length === 0;
}

/** Whatever a crash leaves of them, and of the rows, is not live: the next holder of the turn begins anew. */
async function makeIndexes({
  url,
  generation,
  signal,
}: {
  readonly url: string;
  readonly generation: number;
  readonly signal: AbortSignal | undefined;
}): Promise<void> {
  const client = makeClient({
    url,
    purpose: 'indexes',
    statementMilliseconds: POSTGRES_LIMITS.indexMilliseconds,
    settings: {
      maintenance_work_mem: POSTGRES_LIMITS.indexMemory,
      client_connection_check_interval: String(POSTGRES_LIMITS.indexWatchMilliseconds),
    },
  });
  client.on('error', () => undefined);
  // With a statement under way this ends the connection at once, which the server notices.
  const stop = (): void => void client.end().catch(() => undefined);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    await client.connect();
    if (signal?.aborted) throw new PortError('unavailable', 'the rebuild was stopped');
    await client.query(createIndexesSql(generation));
  } catch (error) {
    throw isMissing(error) ? noGeneration(generation) : portError(error, 'making indexes');
  } finally {
    signal?.removeEventListener('abort', stop);
    await client.end().catch(() => undefined);
  }
}

const noGeneration = (generation: number): PortError =>
  new PortError('corrupt', `there is no generation ${generation}`);

function swapGeneration(connection: Connection, generation: number): Promise<boolean> {
  return inTransaction(connection, async () => {
    await connection.query('SELECT pg_advisory_xact_lock($1, 0)', [LOCKS.live]);
    const { rows } = await connection.query<{ generation: number }>('SELECT generation FROM ledger.live');
    const between = { from: liveOf(rows[0]), to: generation };
    if (!(await isOfOneLineage(connection, between))) {
      await connection.query(
        `DELETE FROM ${schemaOf(generation)}.bus_lineage; DELETE FROM ${schemaOf(generation)}.bus_offset`,
      );
      await takeOverPlace(connection, between);
      return false;
    }
    const { rowCount } = await connection.query(
      `UPDATE ledger.live SET generation = $1
        WHERE EXISTS (SELECT FROM ledger.generation WHERE number = $1)`,
      [generation],
    );
    if (rowCount !== 1) throw noGeneration(generation);
    return true;
  });
}

async function dropOldGenerations(connection: Connection): Promise<void> {
  const { rows } = await connection.query<{ number: number }>(
    'SELECT number FROM ledger.generation ORDER BY number',
  );
  for (const { number } of rows)
    await inTransaction(connection, async () => {
      if (number === (await holdLive(connection))) return;
      await connection.query(`DROP SCHEMA IF EXISTS ${schemaOf(number)} CASCADE`);
      await connection.query('DELETE FROM ledger.generation WHERE number = $1', [number]);
    });
}
