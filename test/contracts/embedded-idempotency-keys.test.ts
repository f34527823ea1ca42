import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { idempotencyKeysContract } from '@stamp-ledger/contracts';
import { openEmbeddedIdempotencyKeys } from '@stamp-ledger/embedded';
import { LIMITS } from '@stamp-ledger/ports';
import Database from 'better-sqlite3';
import t, { type Test } from 'tap';
import { embeddedIdempotencyKeys, temporaryDirectory } from './embedded-stores.js';

for (const { name, run } of idempotencyKeysContract({ name: 'embedded', open: embeddedIdempotencyKeys }))
  t.test(name, () => run());

const answer = { status: 200, headers: {}, body: '{}' };

const HOUR = 3_600_000;

async function keysFile(t: Test) {
  const directory = await temporaryDirectory();
  t.teardown(() => rm(directory, { recursive: true }));
  const withFile = <Result>(use: (db: Database.Database) => Result): Result => {
    const db = new Database(join(directory, 'keys.sqlite'));
    try {
      return use(db);
    } finally {
      db.close();
    }
  };
  const query = (sql: string): unknown => withFile((db) => db.prepare(sql).pluck().get());
  return {
    directory,
    query,
    change: (sql: string) => withFile((db) => db.exec(sql)),
    rows: () => query('SELECT count(*) FROM answer'),
    /** Finishes this many keys, in a life of their own. */
    async finish(prefix: string, count: number, now = 0): Promise<void> {
      const keys = await openEmbeddedIdempotencyKeys({ directory, now: () => now });
      for (let index = 0; index < count; index++) {
        await keys.claim({ key: `${prefix}${index}`, requestHash: 'h' });
        await keys.finish({ key: `${prefix}${index}`, answer });
      }
      await keys.close();
    },
  };
}

t.test('expired answers leave the file as new ones come in', async (t) => {
  const { rows, finish } = await keysFile(t);
  await finish('old', 100);
  await finish('late', 5, HOUR);
  t.equal(rows(), 105);
  const now = LIMITS.idempotencyKeyMilliseconds;
  await finish('new', 10, now);
  t.equal(rows(), 105 - 20 + 10, 'a small step');
  for (const name of ['a', 'b', 'c', 'd']) await finish(name, 10, now);
  t.equal(rows(), 55, 'all that are expired');
});

t.test('answers beyond the greatest number leave the file, the oldest first', async (t) => {
  const { rows, finish, query, change } = await keysFile(t);
  await finish('old', 100);
  // As if as many had been stored since, less 50.
  change(`UPDATE answer SET rowid = ${LIMITS.idempotencyKeys + 50} WHERE key = 'old99'`);
  await finish('new', 10);
  t.equal(rows(), 110 - 20, 'a small step');
  await finish('newer', 30);
  t.equal(rows(), 120 - 60);
  await finish('newest', 10);
  t.equal(rows(), 51, 'and no more than those');
  t.equal(query("SELECT min(key) FROM answer WHERE key LIKE 'old%'"), 'old99');
});

t.test('the file of an earlier version is begun anew', async (t) => {
  const { rows, finish, change } = await keysFile(t);
  await finish('old', 10);
  change('PRAGMA user_version = 1');
  await finish('new', 3);
  t.equal(rows(), 3);
});

t.test('a request that runs for long keeps its key when the process is killed', async (t) => {
  const { directory, rows } = await keysFile(t);
  const open = (path: string) => openEmbeddedIdempotencyKeys({ directory: path, now: () => 0 });
  const keys = await open(directory);
  t.teardown(() => keys.close());
  for (const key of ['long', 'given up']) await keys.claim({ key, requestHash: 'h' });
  const stored = async (count: number): Promise<void> => {
    for (let tries = 0; rows() !== count && tries < 500; tries++) await setTimeout(10);
    t.equal(rows(), count);
  };
  await stored(2);
  await keys.release('given up');
  t.strictSame(await keys.claim({ key: 'given up', requestHash: 'other' }), { kind: 'claimed' });
  await keys.release('given up');
  await stored(1);

  // A copy of the files is what the kernel keeps of a process that was killed.
  const image = join(directory, 'image');
  await mkdir(image);
  for (const file of ['keys.sqlite', 'keys.sqlite-wal'])
    await copyFile(join(directory, file), join(image, file));
  const again = await open(image);
  t.teardown(() => again.close());
  t.strictSame(await again.claim({ key: 'long', requestHash: 'other' }), { kind: 'other-request' });
  t.strictSame(await again.claim({ key: 'long', requestHash: 'h' }), { kind: 'claimed' });

  await keys.finish({ key: 'long', answer });
  await setTimeout(50);
  t.strictSame(await keys.claim({ key: 'long', requestHash: 'h' }), { kind: 'finished', answer });
  t.equal(rows(), 1, 'the answer takes the place of the request');
});

t.test('the requests that the log knows are bounded', async (t) => {
  const { directory } = await keysFile(t);
  const recent = Array.from({ length: LIMITS.recentCommands + 1 }, (_, index) => ({
    key: `k${index}`,
    requestHash: 'h',
  }));
  const keys = await openEmbeddedIdempotencyKeys({ directory, now: () => 0, recent });
  t.teardown(() => keys.close());
  t.strictSame(await keys.claim({ key: 'k0', requestHash: 'other' }), { kind: 'claimed' });
  t.strictSame(await keys.claim({ key: 'k1', requestHash: 'other' }), { kind: 'other-request' });
});

t.test('claims are bounded', async (t) => {
  const { keys, destroy } = await embeddedIdempotencyKeys();
  t.teardown(destroy);
  for (let index = 0; index < LIMITS.idempotencyClaims; index++)
    await keys.claim({ key: String(index), requestHash: 'h' });
  await t.rejects(keys.claim({ key: 'one more', requestHash: 'h' }), {
    name: 'PortError',
    kind: 'unavailable',
  });
  await keys.release('0');
  t.strictSame(await keys.claim({ key: 'one more', requestHash: 'h' }), { kind: 'claimed' });
});

t.test('answers beyond those of one transaction are all stored without a stop', async (t) => {
  const { keys, destroy } = await embeddedIdempotencyKeys();
  t.teardown(destroy);
  for (let index = 0; index < 2_000; index++) {
    await keys.claim({ key: String(index), requestHash: 'h' });
    await keys.finish({ key: String(index), answer });
    // Lets the adapter store in between.
    if (index % 100 === 0) await setTimeout(1);
  }
  const kinds = new Set<string>();
  for (let index = 0; index < 2_000; index++)
    kinds.add((await keys.claim({ key: String(index), requestHash: 'h' })).kind);
  t.strictSame([...kinds], ['finished']);
});

t.test('a file that cannot be written keeps nobody waiting, and is written when it can', async (t) => {
  const { directory, query } = await keysFile(t);
  const open = () => openEmbeddedIdempotencyKeys({ directory, now: () => 0 });
  const keys = await open();
  const inTheWay = new Database(join(directory, 'keys.sqlite'));
  inTheWay.exec('BEGIN IMMEDIATE');
  for (const key of ['a', 'b']) {
    t.strictSame(await keys.claim({ key, requestHash: 'h' }), { kind: 'claimed' });
    await keys.finish({ key, answer });
    // Longer than answers gather: the thread that stores them is stuck by now.
    await setTimeout(100);
    t.strictSame(await keys.claim({ key, requestHash: 'h' }), { kind: 'finished', answer });
  }
  t.equal(query('SELECT count(*) FROM answer'), 0);
  inTheWay.exec('COMMIT');
  inTheWay.close();
  await keys.close();
  const again = await open();
  t.teardown(() => again.close());
  t.strictSame(await again.claim({ key: 'a', requestHash: 'h' }), { kind: 'finished', answer });
  t.strictSame(await again.claim({ key: 'b', requestHash: 'other' }), { kind: 'other-request' });
});
