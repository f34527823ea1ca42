import { type ReadModelsUnderTest, readModelsContract, type Tampering } from '@stamp-ledger/contracts';
import { migratePostgres, openPostgresProjectionStore, openPostgresQueries } from '@stamp-ledger/postgres';
import t from 'tap';
import { queryPostgres, startPostgres } from '../support/postgres-server.js';

const STATE_CODES = ['minted', 'allocated', 'sold', 'reserved', 'outcome-unknown', 'affixed', 'voided'];

const server = await startPostgres();
t.teardown(() => server.stop());

let databases = 0;

/** The address of a new database with all tables: a copy of one that was migrated once. */
async function freshDatabase(): Promise<string> {
  if (databases === 0) await migratePostgres({ url: await server.createDatabase('template') });
  const name = `ledger_${++databases}`;
  await queryPostgres(server.url, `CREATE DATABASE ${name} TEMPLATE template STRATEGY file_copy`);
  return server.url.replace(/\/postgres$/, `/${name}`);
}

async function openModels(url: string) {
  return { store: await openPostgresProjectionStore({ url }), queries: await openPostgresQueries({ url }) };
}

async function postgresReadModels(): Promise<ReadModelsUnderTest> {
  const url = await freshDatabase();
  const opened: Awaited<ReturnType<typeof openModels>>[] = [];
  const open = async (at: string) => {
    const models = await openModels(at);
    opened.push(models);
    return models;
  };
  const close = async ({ store, queries }: (typeof opened)[number]) => {
    await Promise.all([queries.close(), store.close()]);
  };
  let current = await open(url);
  return {
    ...current,
    async reopen() {
      await close(current);
      current = await open(url);
      return current;
    },
    beside: async () => open(await freshDatabase()),
    tamper: (tampering) => tamper(url, tampering),
    async destroy() {
      await Promise.all(opened.map(close));
    },
  };
}

async function tamper(url: string, tampering: Tampering): Promise<void> {
  switch (tampering.kind) {
    case 'flip-state':
      await queryPostgres(url, 'UPDATE models_1.stamp SET grp = grp / 8 * 8 + $1 WHERE serial = $2', [
        STATE_CODES.indexOf(tampering.to),
        tampering.serial,
      ]);
      return;
    case 'delete-stamp':
      await queryPostgres(url, 'DELETE FROM models_1.stamp WHERE serial = $1', [tampering.serial]);
  }
}

for (const { name, run } of readModelsContract({ name: 'postgres', open: postgresReadModels }))
  t.test(name, () => run());
