import { PortError } from '@stamp-ledger/ports';
import type pg from 'pg';
import { makeClient } from './connect.js';
import { isMissing, portError } from './errors.js';
import { POSTGRES_LIMITS } from './limits.js';
import { LOCKS } from './locks.js';
import { MIGRATIONS } from './migrations.js';
import type { Queryable } from './statements.js';

const NEWER = 'the database was migrated by a newer version of this program';

/** Brings the tables to this version, waiting for another process that does; answers the migrations it applied. */
export async function migratePostgres({ url }: { readonly url: string }): Promise<readonly string[]> {
  const client = makeClient({
    url,
    purpose: 'migrate',
    statementMilliseconds: POSTGRES_LIMITS.migrateLockMilliseconds,
    settings: { lock_timeout: String(POSTGRES_LIMITS.migrateLockMilliseconds) },
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await applyMissing(client);
  } catch (error) {
    throw portError(error, 'migrating');
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function applyMissing(client: pg.Client): Promise<string[]> {
  await client.query('SELECT pg_advisory_lock($1, 0)', [LOCKS.migrate]);
  await client.query(
    `CREATE SCHEMA IF NOT EXISTS ledger;
     CREATE TABLE IF NOT EXISTS ledger.migration (
       number int PRIMARY KEY, name text NOT NULL UNIQUE, applied_at timestamptz NOT NULL DEFAULT now()
     )`,
  );
  const applied = await appliedMigrations(client);
  requirePrefix(applied);
  const names: string[] = [];
  for (const [index, { name, sql }] of MIGRATIONS.entries()) {
    if (index < applied.length) continue;
    await client.query('BEGIN');
    await client.query(sql);
    await client.query('INSERT INTO ledger.migration (number, name) VALUES ($1, $2)', [index + 1, name]);
    await client.query('COMMIT');
    names.push(name);
  }
  return names;
}

/** Rejects with `corrupt` unless the tables are those of this version. */
export async function checkMigrated(connection: Queryable): Promise<void> {
  let applied: readonly string[];
  try {
    applied = await appliedMigrations(connection);
  } catch (error) {
    if (!isMissing(error)) throw portError(error, 'looking at the migrations');
    applied = [];
  }
  requirePrefix(applied);
  if (applied.length < MIGRATIONS.length)
    throw new PortError('corrupt', 'the database lacks migrations: run stamp-ledger migrate');
}

async function appliedMigrations(connection: Queryable): Promise<string[]> {
  const { rows } = await connection.query<{ name: string }>(
    'SELECT name FROM ledger.migration ORDER BY number',
  );
  return rows.map(({ name }) => name);
}

function requirePrefix(applied: readonly string[]): void {
  if (applied.some((name, index) => MIGRATIONS[index]?.name !== name)) throw new PortError('corrupt', NEWER);
}
