import { PortError } from '@stamp-ledger/ports';
import pg from 'pg';
import { POSTGRES_LIMITS } from './limits.js';

const INT8 = pg.types.builtins.INT8;

/** Numbers of 64 bits that this adapter stores are counts and ids, all far below 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8
      ? Number
      : pg.types.getTypeParser(oid, format as 'text')) as pg.CustomTypesConfig['getTypeParser'],
};

/** The server notices within seconds that a client's host is gone, whether or not something is on its way there. */
const KEEPALIVE = {
  tcp_keepalives_idle: '3',
  tcp_keepalives_interval: '1',
  tcp_keepalives_count: '3',
  tcp_user_timeout: String(POSTGRES_LIMITS.unansweredMilliseconds),
};

export interface ConnectionOptions {
  readonly url: string;
  /** What the connection is for, as `pg_stat_activity` shows it. */
  readonly purpose: string;
  readonly statementMilliseconds?: number;
  readonly lockMilliseconds?: number;
  /** Settings of the session, by name. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Statements are sent without waiting for the answers to those before. */
  readonly pipeline?: boolean;
}

function configOf({
  url,
  purpose,
  statementMilliseconds = POSTGRES_LIMITS.statementMilliseconds,
  lockMilliseconds = POSTGRES_LIMITS.lockMilliseconds,
  settings = {},
  pipeline = false,
}: ConnectionOptions): pg.ClientConfig {
  const options = Object.entries({ ...KEEPALIVE, ...settings })
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ');
  return {
    connectionString: url,
    application_name: `stamp-ledger ${purpose}`,
    connectionTimeoutMillis: POSTGRES_LIMITS.connectMilliseconds,
    statement_timeout: statementMilliseconds,
    query_timeout: statementMilliseconds + POSTGRES_LIMITS.graceMilliseconds,
    lock_timeout: lockMilliseconds,
    idle_in_transaction_session_timeout: POSTGRES_LIMITS.idleInTransactionMilliseconds,
    keepAlive: true,
    types,
    pipeline,
    options,
  };
}

export function openPool(options: ConnectionOptions & { readonly connections: number }): pg.Pool {
  const pool = new pg.Pool({
    ...configOf(options),
    max: options.connections,
    idleTimeoutMillis: POSTGRES_LIMITS.idleMilliseconds,
  });
  // A connection that breaks while nobody uses it is replaced; one in use fails its caller's statement.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => void client.on('error', () => undefined));
  return pool;
}

/** One connection of its own, for locks that live as long as it does. */
export const makeClient = (options: ConnectionOptions): pg.Client => new pg.Client(configOf(options));

export type Connection = pg.PoolClient;

/** A connection of the pool for a piece of work; one that failed is not used again. */
export async function withConnection<Result>(
  pool: pg.Pool,
  work: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  if (pool.ending) throw new PortError('unavailable', 'the connections to PostgreSQL are closed');
  if (pool.waitingCount >= POSTGRES_LIMITS.waitingCalls)
    throw new PortError('unavailable', 'too many calls wait for a connection to PostgreSQL');
  const connection = await pool.connect();
  let failed = true;
  try {
    const result = await work(connection);
    failed = false;
    return result;
  } finally {
    connection.release(failed);
  }
}

/** Ends the pool; a second call does nothing. */
export async function closePool(pool: pg.Pool): Promise<void> {
  if (!pool.ending) await pool.end();
}
