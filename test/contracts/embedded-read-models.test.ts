import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readModelsContract } from '@stamp-ledger/contracts';
import {
  inspectEmbeddedReadModels,
  lookUpFile,
  openEmbeddedBuild,
  openEmbeddedProjectionStore,
  openEmbeddedQueries,
  READ_MODEL_PARTS,
} from '@stamp-ledger/embedded';
import { fromThousandths, plainAmount, toThousandths } from '@stamp-ledger/ports';
import Database from 'better-sqlite3';
import t, { type Test } from 'tap';
import { embeddedReadModels } from './embedded-models.js';
import { temporaryDirectory } from './embedded-stores.js';

for (const { name, run } of readModelsContract({ name: 'embedded', open: embeddedReadModels }))
  t.test(name, () => run());

/** The queries that are answered on the request's own thread, as they are prepared. */
const HOT = new URL('../../../packages/embedded/dist/read-models/', import.meta.url);

t.test('no hot query scans a table', async (t) => {
  const directory = await temporaryDirectory();
  const file = join(directory, 'read-models-1.sqlite');
  await openEmbeddedProjectionStore({ file }).close();
  const open = (path: string): Database.Database => {
    const db = new Database(path, { readonly: true });
    t.teardown(() => db.close());
    return db;
  };
  const { VIEW_SQL } = await import(new URL('view-queries.js', HOT).href);
  const { ORDER_SQL } = await import(new URL('order-queries.js', HOT).href);
  const { PAYMENT_SQL } = await import(new URL('payment-table.js', HOT).href);
  const { STOCK_SQL } = await import(new URL('stock-queries.js', HOT).href);
  const { WORK_SQL } = await import(new URL('work-queries.js', HOT).href);
  const { FIND_COLUMNS, findSql } = await import(new URL('event-queries.js', HOT).href);
  const queries: Record<string, string> = {
    ...ORDER_SQL,
    ...PAYMENT_SQL,
    ...STOCK_SQL,
    ...WORK_SQL,
  };
  const lookUps: Record<string, string> = { ...VIEW_SQL, 'find in a range of positions': findSql([]) };
  for (const column of FIND_COLUMNS) lookUps[`find by ${column}`] = findSql([column]);
  expectNoScan(t, open(file), queries);
  expectNoScan(t, open(lookUpFile(file)), lookUps);
});

function expectNoScan(t: Test, db: Database.Database, queries: Readonly<Record<string, string>>): void {
  for (const [name, sql] of Object.entries(queries)) {
    const parameters = Array.from(sql.matchAll(/\?/g), () => 1);
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters) as { detail: string }[];
    for (const { detail } of plan) {
      const scans = /^SCAN (?!CONSTANT)/.test(detail) && !PARTIAL.some((index) => detail.includes(index));
      t.notOk(scans, `${name}: ${detail}`);
      t.notMatch(detail, /TEMP B-TREE FOR (ORDER|GROUP)/, `${name}: ${detail}`);
    }
  }
}

/** Indexes that hold nothing but the work to do: reading one from its beginning is the point of it. */
const PARTIAL = ['order_to_return', 'batch_to_do', 'allocation_to_do'];

t.test('a file that cannot be used is told from one that is not there', async (t) => {
  const directory = await temporaryDirectory();
  const file = join(directory, 'read-models-1.sqlite');
  t.equal(inspectEmbeddedReadModels({ file }), 'absent');
  await openEmbeddedProjectionStore({ file }).close();
  t.strictSame(inspectEmbeddedReadModels({ file }), new Map());
  const db = new Database(file);
  db.pragma('user_version = 99');
  db.close();
  t.equal(inspectEmbeddedReadModels({ file }), 'unusable');
  t.throws(() => openEmbeddedProjectionStore({ file }), { name: 'PortError', kind: 'corrupt' });
  await writeFile(file, 'this is no database, and it is longer than a header of one would be'.repeat(10));
  t.equal(inspectEmbeddedReadModels({ file }), 'unusable');
});

t.test('nobody takes a file that is half built for read models', async (t) => {
  const directory = await temporaryDirectory();
  const file = join(directory, 'read-models-1.sqlite');
  const [inventory, lookUps] = READ_MODEL_PARTS;
  const half = openEmbeddedBuild({ file, part: inventory });
  t.equal((await half.progress()).size, 0);
  await half.close();
  t.equal(inspectEmbeddedReadModels({ file }), 'unusable');
  t.throws(() => openEmbeddedQueries({ file }), { name: 'PortError' });
  await rm(file);
  await openEmbeddedBuild({ file, part: inventory }).finish();
  t.strictSame(inspectEmbeddedReadModels({ file }), new Map());
  await openEmbeddedBuild({ file, part: lookUps }).close();
  t.equal(inspectEmbeddedReadModels({ file }), 'unusable');
});

t.test('a closed set of read models is unavailable', async (t) => {
  const directory = await temporaryDirectory();
  const file = join(directory, 'read-models-1.sqlite');
  const store = openEmbeddedProjectionStore({ file });
  const queries = openEmbeddedQueries({ file });
  await queries.close();
  await store.close();
  const unavailable = { name: 'PortError', kind: 'unavailable' };
  await t.rejects(store.progress(), unavailable);
  await t.rejects(queries.batchesToMint({ limit: 1 }), unavailable);
});

t.test('amounts are added in thousandths', async (t) => {
  for (const [amount, thousandths, plain] of [
    ['10000', 10_000_000n, '10000'],
    ['10000.00', 10_000_000n, '10000'],
    ['0.5', 500n, '0.50'],
    ['2.50', 2_500n, '2.50'],
    ['1.234', 1_234n, '1.234'],
  ] as const) {
    t.equal(toThousandths(amount), thousandths);
    t.equal(fromThousandths(thousandths), plain);
    t.equal(plainAmount(amount), plain);
  }
  t.equal(fromThousandths(-1_500n), '-1.50');
  t.equal(toThousandths('1e3'), undefined);
  t.equal(toThousandths('1.2345'), undefined);
  t.equal(plainAmount('1.2345'), '1.2345');
});
