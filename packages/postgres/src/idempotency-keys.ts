import { randomInt } from 'node:crypto';
import {
  type ClaimResult,
  type IdempotencyKeys,
  LIMITS,
  PortError,
  type StoredAnswer,
} from '@stamp-ledger/ports';
import type pg from 'pg';
import { type Connection, closePool, openPool, withConnection } from './connect.js';
import { portError } from './errors.js';
import { LastingSession } from './lasting-session.js';
import { POSTGRES_LIMITS } from './limits.js';
import { heldBy, LOCKS } from './locks.js';
import { requireMigrated } from './probe.js';
import { arrayOf } from './statements.js';

/** What the log knows of a key. */
export interface KnownRequest {
  readonly key: string;
  readonly requestHash: string;
}

export interface PostgresIdempotencyKeysOptions {
  readonly url: string;
  /** The time, in milliseconds of any one epoch that is the same in every process. */
  readonly now: () => number;
  /** Requests that the log knows, oldest first; the last {@link LIMITS.recentCommands} are used. */
  readonly recent?: Iterable<KnownRequest>;
}

const OWNERS = 2 ** 31 - 1;
/** Another process runs the request: its session is there. */
const OWNED_BY_ANOTHER = `k.owner IS NOT NULL AND k.owner <> $4
  AND EXISTS (SELECT FROM ${heldBy(LOCKS.keyOwner)} WHERE held.objid::bigint = k.owner)`;
/** Somebody runs the request, and is alive. A row of this process's own counts only while it holds the claim. */
const RUNS = `k.status IS NULL AND ((k.owner IS NOT DISTINCT FROM $4 AND $6::boolean) OR (${OWNED_BY_ANOTHER}))`;

/** Claims a key that is new, forgotten by now, or known by the same request without an answer and run by nobody. */
const CLAIM = {
  name: 'claim_key',
  text: `INSERT INTO ledger.idempotency_key AS k (key, request_hash, at, owner) VALUES ($1, $2, $3, $4)
    ON CONFLICT (key) DO UPDATE SET request_hash = excluded.request_hash, at = excluded.at, owner = excluded.owner,
      known = k.known AND k.at > $5, status = NULL, headers = NULL, body = NULL
    WHERE (k.at <= $5 OR (k.status IS NULL AND k.request_hash = excluded.request_hash)) AND NOT (${RUNS})
    RETURNING true AS claimed`,
};
const LOOK = {
  name: 'look_at_key',
  text: 'SELECT request_hash, status, headers, body FROM ledger.idempotency_key WHERE key = $1',
};
const FINISH = {
  name: 'finish_key',
  text: `UPDATE ledger.idempotency_key SET at = $3, owner = NULL, status = $4, headers = $5, body = $6
    WHERE key = $1 AND owner = $2 AND status IS NULL`,
};
/** What the log knows of a key stays when its claim is given up. */
const RELEASE = {
  name: 'release_key',
  text: `WITH gone AS (DELETE FROM ledger.idempotency_key WHERE key = $1 AND owner = $2 AND status IS NULL AND NOT known)
    UPDATE ledger.idempotency_key SET owner = NULL WHERE key = $1 AND owner = $2 AND status IS NULL AND known`,
};
const KNOW = `INSERT INTO ledger.idempotency_key AS k (key, request_hash, at, known)
  SELECT key, request_hash, $3, true FROM unnest($1::text[], $2::text[]) AS t (key, request_hash) ORDER BY key
  ON CONFLICT (key) DO UPDATE SET request_hash = excluded.request_hash, at = excluded.at, owner = NULL, known = true,
    status = NULL, headers = NULL, body = NULL WHERE k.at <= $4 AND k.status IS NOT NULL`;
/** Takes what is over, and the oldest when there are too many. */
const SWEEP = `DELETE FROM ledger.idempotency_key WHERE key IN (SELECT key FROM ledger.idempotency_key
  WHERE at <= $1 OR (SELECT reltuples > $2 FROM pg_catalog.pg_class WHERE oid = 'ledger.idempotency_key'::regclass)
  ORDER BY at LIMIT $3 FOR UPDATE SKIP LOCKED)`;

interface KeyRow {
  readonly request_hash: string;
  readonly status: number | null;
  readonly headers: string | null;
  readonly body: string | null;
}

/**
 * Opens the answers by idempotency key that several processes share. A claim holds while the session of the process
 * that made it lasts; the request of one that died may be claimed again by the same request.
 */
export async function openPostgresIdempotencyKeys({
  url,
  now,
  recent = [],
}: PostgresIdempotencyKeysOptions): Promise<IdempotencyKeys> {
  const owner = randomInt(1, OWNERS);
  // A cache beside the truth: the log knows the requests that a crash of the server takes back.
  const settings = { synchronous_commit: 'off', enable_seqscan: 'off' };
  const pool = openPool({
    url,
    purpose: 'idempotency keys',
    connections: POSTGRES_LIMITS.keyConnections,
    settings,
  });
  try {
    await requireMigrated(pool, 'opening the idempotency keys');
    await know(pool, { requests: recent, at: now() });
    const session = await LastingSession.open({
      url,
      purpose: 'key owner',
      onOpen: async (client) => {
        await client.query('SELECT pg_advisory_lock_shared($1, $2)', [LOCKS.keyOwner, owner]);
      },
      onLost: () => undefined,
    });
    return new PostgresIdempotencyKeys({ pool, session, owner, now });
  } catch (error) {
    await closePool(pool);
    throw portError(error, 'opening the idempotency keys');
  }
}

async function know(
  pool: pg.Pool,
  { requests, at }: { readonly requests: Iterable<KnownRequest>; readonly at: number },
): Promise<void> {
  const latest = new Map(
    [...requests].slice(-LIMITS.recentCommands).map((each) => [each.key, each.requestHash]),
  );
  if (latest.size === 0) return;
  const values = [arrayOf([...latest.keys()]), arrayOf([...latest.values()]), at, expiryOf(at)];
  await withConnection(pool, (connection) => connection.query(KNOW, values));
}

const expiryOf = (now: number): number => now - LIMITS.idempotencyKeyMilliseconds;

interface Opened {
  readonly pool: pg.Pool;
  readonly session: LastingSession;
  readonly owner: number;
  readonly now: () => number;
}

class PostgresIdempotencyKeys implements IdempotencyKeys {
  /** Keys that this process has claimed and neither finished nor released. */
  readonly #claims = new Set<string>();
  /** Claims under way, by key: one after another, since each must know whether the one before holds the key. */
  readonly #claiming = new Map<string, Promise<unknown>>();
  readonly #sweeping: NodeJS.Timeout;
  #closed = false;

  constructor(private readonly opened: Opened) {
    this.#sweeping = setInterval(() => void this.#sweep(), POSTGRES_LIMITS.sweepMilliseconds);
    this.#sweeping.unref();
  }

  async claim(request: KnownRequest): Promise<ClaimResult> {
    if (this.#claims.size >= LIMITS.idempotencyClaims)
      throw new PortError('unavailable', 'too many requests with an idempotency key are running');
    const { key } = request;
    const before = this.#claiming.get(key) ?? Promise.resolve();
    const claim = (): Promise<ClaimResult> => this.#claim(request);
    const claiming = before.then(claim, claim);
    this.#claiming.set(key, claiming);
    try {
      return await claiming;
    } finally {
      if (this.#claiming.get(key) === claiming) this.#claiming.delete(key);
    }
  }

  async #claim({ key, requestHash }: KnownRequest): Promise<ClaimResult> {
    const { owner, now } = this.opened;
    for (let attempt = 0; attempt < POSTGRES_LIMITS.claimAttempts; attempt++) {
      const at = now();
      const result = await this.#asking(async (connection) => {
        const values = [key, requestHash, at, owner, expiryOf(at), this.#claims.has(key)];
        const { rowCount } = await connection.query({ ...CLAIM, values });
        if (rowCount === 1) return { kind: 'claimed' } as const;
        const { rows } = await connection.query<KeyRow>({ ...LOOK, values: [key] });
        return rows[0] === undefined ? undefined : resultOf(rows[0], requestHash);
      });
      if (result?.kind === 'claimed') this.#claims.add(key);
      if (result !== undefined) return result;
    }
    throw new PortError('unavailable', 'the row of an idempotency key came and went');
  }

  /** An answer to a key that this process does not hold is not kept: another one may run the request by now. */
  async finish({ key, answer }: { readonly key: string; readonly answer: StoredAnswer }): Promise<void> {
    const { owner, now } = this.opened;
    const { status, headers, body } = answer;
    try {
      await this.#asking((connection) =>
        connection.query({ ...FINISH, values: [key, owner, now(), status, JSON.stringify(headers), body] }),
      );
    } finally {
      // Whether it was stored or not, nobody runs the request any more.
      this.#claims.delete(key);
    }
  }

  async release(key: string): Promise<void> {
    try {
      await this.#asking((connection) => connection.query({ ...RELEASE, values: [key, this.opened.owner] }));
    } finally {
      this.#claims.delete(key);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#sweeping);
    await Promise.all([this.opened.session.close(), closePool(this.opened.pool)]);
  }

  async #sweep(): Promise<void> {
    const values = [expiryOf(this.opened.now()), LIMITS.idempotencyKeys, POSTGRES_LIMITS.sweepRows];
    // What is left over is taken by a later sweep.
    await this.#asking((connection) => connection.query(SWEEP, values)).catch(() => undefined);
  }

  async #asking<Answer>(ask: (connection: Connection) => Promise<Answer>): Promise<Answer> {
    if (this.#closed) throw new PortError('unavailable', 'the idempotency keys are closed');
    try {
      return await withConnection(this.opened.pool, ask);
    } catch (error) {
      throw portError(error, 'asking for an idempotency key');
    }
  }
}

function resultOf(row: KeyRow, requestHash: string): ClaimResult {
  if (row.request_hash !== requestHash) return { kind: 'other-request' };
  if (row.status === null) return { kind: 'in-progress' };
  const headers = JSON.parse(row.headers ?? '{}') as StoredAnswer['headers'];
  return { kind: 'finished', answer: { status: row.status, headers, body: row.body ?? '' } };
}
