import {
  MIGRATIONS,
  migratePostgres,
  openPostgresRebuilds,
  openPostgresStatus,
} from '@stamp-ledger/postgres';
import t from 'tap';
import { queryPostgres, startPostgres } from '../support/postgres-server.js';

const server = await startPostgres();
t.teardown(() => server.stop());

/** Everything of one generation that PostgreSQL's catalogue tells, as text without the generation's number. */
const CATALOGUE = `
  SELECT 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull
         || ' ' || coalesce(l.collname, '') || ' ' || a.attidentity::text || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
         || ' ' || coalesce(c.reloptions::text, '') AS line
    FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
    LEFT JOIN pg_collation AS l ON l.oid = a.attcollation
    LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
   WHERE c.relnamespace = to_regnamespace($1) AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = $1
  UNION ALL SELECT 'constraint ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
   WHERE connamespace = to_regnamespace($1)
  UNION ALL SELECT 'function ' || pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = to_regnamespace($1)
  UNION ALL SELECT 'trigger ' || pg_get_triggerdef(g.oid) FROM pg_trigger AS g JOIN pg_class AS c ON c.oid = g.tgrelid
   WHERE c.relnamespace = to_regnamespace($1) AND NOT g.tgisinternal
  ORDER BY 1`;

async function catalogueOf(url: string, generation: number): Promise<readonly string[]> {
  const schema = `models_${generation}`;
  const rows = await queryPostgres(url, CATALOGUE, [schema]);
  return rows.map(({ line }) => String(line).replaceAll(schema, 'models').replaceAll(/\s+/g, ' '));
}

async function migrated(name: string): Promise<string> {
  const url = await server.createDatabase(name);
  t.strictSame(
    await migratePostgres({ url }),
    MIGRATIONS.map((migration) => migration.name),
  );
  return url;
}

t.test('the migrations come to the same read models as a generation that is made today', async (t) => {
  const url = await migrated('same');
  const rebuilds = await openPostgresRebuilds({ url });
  t.teardown(() => rebuilds.close());
  const generation = await rebuilds.createGeneration();
  // Its indexes are made last.
  await rebuilds.swapGeneration(generation);
  const [old, made] = [await catalogueOf(url, 1), await catalogueOf(url, generation)];
  t.ok(old.length > 100, 'there is something to compare');
  t.strictSame(old, made);
});

t.test('a migration that is not the one that was applied is refused', async (t) => {
  const url = await migrated('changed');
  const [first = { name: '', sql: '' }, ...rest] = MIGRATIONS;
  const migrations = [{ ...first, sql: `${first.sql}-- changed` }, ...rest];
  const refusal = { name: 'PortError', kind: 'corrupt', message: /other statements/ };
  await t.rejects(migratePostgres({ url, migrations }), refusal);
  await queryPostgres(url, `UPDATE ledger.migration SET sha256 = repeat('0', 64) WHERE number = 1`);
  await t.rejects(openPostgresStatus({ url }), refusal);
});

t.test('a migration of the read models is done to every generation', async (t) => {
  const url = await migrated('generations');
  const rebuilds = await openPostgresRebuilds({ url });
  t.teardown(() => rebuilds.close());
  const next = await rebuilds.createGeneration();
  await rebuilds.swapGeneration(next);
  const more = { name: '999-more', sql: 'ALTER TABLE {models}.batch ADD COLUMN more int;' };
  const migrations = [...MIGRATIONS, more];
  t.strictSame(await migratePostgres({ url, migrations }), ['999-more']);
  for (const generation of [1, next])
    t.ok((await catalogueOf(url, generation)).some((line) => line.startsWith('column batch.more integer')));
  t.strictSame(await migratePostgres({ url, migrations }), [], 'once');
});

t.test('times of recording that were kept before there were moments are found by them', async (t) => {
  const url = await server.createDatabase('moments');
  await migratePostgres({ url, migrations: MIGRATIONS.slice(0, 3) });
  await queryPostgres(
    url,
    `INSERT INTO models_1.timeline SELECT 'inventory', to_char(n, 'FM0000'), 'at ' || to_char(n, 'FM0000') FROM generate_series(1, 2500) AS n;
     UPDATE models_1.progress SET settled_position = '2300', settled_recorded_at = 'at 2300' WHERE projection = 'inventory'`,
  );
  t.strictSame(
    await migratePostgres({ url }),
    MIGRATIONS.slice(3).map(({ name }) => name),
  );
  t.strictSame(
    await queryPostgres(url, 'SELECT position, recorded_at FROM models_1.moment ORDER BY position'),
    [
      { position: '1000', recorded_at: 'at 1000' },
      { position: '2000', recorded_at: 'at 2000' },
      { position: '2300', recorded_at: 'at 2300' },
    ],
  );
});

t.test('a generation that is being built, without its indexes yet, is migrated too', async (t) => {
  const url = await server.createDatabase('bare');
  await migratePostgres({ url, migrations: MIGRATIONS.slice(0, 3) });
  await queryPostgres(url, 'DROP INDEX models_1.timeline_by_time');
  t.strictSame(
    await migratePostgres({ url }),
    MIGRATIONS.slice(3).map(({ name }) => name),
  );
});

t.test('ids of commands that were numbers of a table are in the rows themselves', async (t) => {
  const url = await server.createDatabase('event-ids');
  await migratePostgres({ url, migrations: MIGRATIONS.slice(0, 4) });
  const id = (digit: number): string => `0000000${digit}-0000-8000-8000-000000000000`;
  await queryPostgres(
    url,
    `INSERT INTO models_1.long_id (id) VALUES ('${id(1)}'), ('${id(2)}');
     INSERT INTO models_1.event_index (position, stream, revision, type, recorded_at, occurred_at, command, correlation)
       VALUES ('1', 's', 0, 't', 'now', 'now', 1, 1), ('2', 's', 1, 't', 'now', 'before', 2, 1)`,
  );
  t.strictSame(
    await migratePostgres({ url }),
    MIGRATIONS.slice(4).map(({ name }) => name),
  );
  t.strictSame(
    await queryPostgres(
      url,
      'SELECT position, occurred_at, command, correlation FROM models_1.event_index ORDER BY position',
    ),
    [
      { position: '1', occurred_at: null, command: id(1), correlation: null },
      { position: '2', occurred_at: 'before', command: id(2), correlation: id(1) },
    ],
  );
});
