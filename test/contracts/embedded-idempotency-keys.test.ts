import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { idempotencyKeysContract } from '@stamp-ledger/contracts';
import { openEmbeddedIdempotencyKeys } from '@stamp-ledger/embedded';
import { LIMITS } from '@stamp-ledger/ports';
import Database from 'better-sqlite3';
import t from 'tap';
import { embeddedIdempotencyKeys, temporaryDirectory } from './embedded-stores.js';

for (const { name, run } of idempotencyKeysContract({ name: 'embedded', open: embeddedIdempotencyKeys }))
  t.test(name, () => run());

const answer = { status: 200, headers: {}, body: '{}' };

t.test('expired answers leave the file as new ones come in', async (t) => {
  const directory = await temporaryDirectory();
  t.teardown(() => rm(directory, { recursive: true }));
  let now = 0;
  const rows = (): unknown => {
    const db = new Database(join(directory, 'keys.sqlite'), { readonly: true });
    const count = db.prepare('SELECT count(*) FROM answer').pluck().get();
    db.close();
    return count;
  };
  const finish = async (prefix: string, count: number): Promise<void> => {
    const keys = await openEmbeddedIdempotencyKeys({ directory, now: () => now });
    for (let index = 0; index < count; index++) {
      await keys.claim({ key: `${prefix}${index}`, requestHash: 'h' });
      await keys.finish({ key: `${prefix}${index}`, answer });
    }
    await keys.close();
  };
  await finish('old', 700);
  t.equal(rows(), 700);
  now = LIMITS.idempotencyKeyMilliseconds;
  await finish('new', 10);
  t.equal(rows(), 700 - 512 + 10, 'a bounded step');
  await finish('newer', 10);
  t.equal(rows(), 20);
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
    if (index % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const kinds = new Set<string>();
  for (let index = 0; index < 2_000; index++)
    kinds.add((await keys.claim({ key: String(index), requestHash: 'h' })).kind);
  t.strictSame([...kinds], ['finished']);
});
