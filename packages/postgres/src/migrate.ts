import { PortError } from '@stamp-ledger/ports';
import type pg from 'pg';
import { makeClient } from './connect.js';
import { isMissing, portError } from './errors.js';
import { POSTGRES_LIMITS } from './limits.js';
import { LOCKS } from './locks.js';
import { digestOf, MIGRATIONS, type Migration } from './migrations.js';
import { inSchema, type Queryable } from './statements.js';

const NEWER = 'the database was migrated by a newer version of this program';
const CHANGED = 'the database was migrated by other statements than those of this program';

/**
 * Brings the tables to this version, waiting for another process that does; answers the migrations it applied. Rejects
 * with `corrupt` when one that was applied is not the one of this program. `migrations` are others than its own in tests.
 */
export async function migratePostgres({
  url,
  migrations = MIGRATIONS,
}: {
  readonly url: string;
  readonly migrations?: readonly Migration[];
}): Promise<readonly string[]> {
  const client = makeClient({
    url,
    purpose: 'migrate',
    statementMilliseconds: POSTGRES_LIMITS.migrateMilliseconds,
    lockMilliseconds: POSTGRES_LIMITS.migrateLockMilliseconds,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await applyMissing(client, migrations);
  } catch (error) {
    throw portError(error, 'migrating');
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function applyMissing(client: pg.Client, migrations: readonly Migration[]): Promise<string[]> {
  await client.query('SELECT pg_advisory_lock($1, 0)', [LOCKS.migrate]);
  await client.query(
    `CREATE SCHEMA IF NOT EXISTS ledger;
     CREATE TABLE IF NOT EXISTS ledger.migration (
       number int PRIMARY KEY, name text NOT NULL UNIQUE, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
     )`,
  );
  const applied = await appliedMigrations(client);
  requirePrefix(applied, migrations);
  const names: string[] = [];
  for (const [index, migration] of migrations.entries()) {
    if (index < applied.length) continue;
    await client.query('BEGIN');
    for (const sql of await statementsOf(client, migration)) await client.query(sql);
    await client.query('INSERT INTO ledger.migration (number, name, sha256) VALUES ($1, $2, $3)', [
      index + 1,
      migration.name,
      digestOf(migration),
    ]);
    await client.query('COMMIT');
    names.push(migration.name);
  }
  return names;
}

/** What is about the read models is done to every generation: the live one, and one that is being built beside it. */
async function statementsOf(client: pg.Client, { sql }: Migration): Promise<readonly string[]> {
  if (inSchema(sql, 0) === sql) return [sql];
  // No swap and no other generation until this is committed.
  await client.query('SELECT pg_advisory_xact_lock($1, 0)', [LOCKS.live]);
  const { rows } = await client.query<{ number: number }>(
    'SELECT number FROM ledger.generation ORDER BY number',
  );
  return rows.map(({ number }) => inSchema(sql, number));
}

/** Rejects with `corrupt` unless the tables are those of this version. */
export async function checkMigrated(connection: Queryable): Promise<void> {
  let applied: readonly Applied[];
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

interface Applied {
  readonly name: string;
  readonly sha256: string;
}

async function appliedMigrations(connection: Queryable): Promise<readonly Applied[]> {
  const { rows } = await connection.query<Applied>(
    'SELECT name, sha256 FROM ledger.migration ORDER BY number',
  );
  return rows;
}

function requirePrefix(applied: readonly Applied[], migrations: readonly Migration[] = MIGRATIONS): void {
  for (const [index, { name, sha256 }] of applied.entries()) {
    const migration = migrations[index];
    if (migration?.name !== name) throw new PortError('corrupt', NEWER);
    if (digestOf(migration) !== sha256) throw new PortError('corrupt', CHANGED);
  }
}
