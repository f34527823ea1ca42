import { idempotencyKeysContract, type KeysUnderTest } from '@stamp-ledger/contracts';
import { type IdempotencyKeys, LIMITS, type StoredAnswer } from '@stamp-ledger/ports';
import { migratePostgres, openPostgresIdempotencyKeys } from '@stamp-ledger/postgres';
import { tolerantKeys } from '@stamp-ledger/wiring/distributed';
import t, { type Test } from 'tap';
import { eventually } from '../support/eventually.js';
import { queryPostgres, startPostgres } from '../support/postgres-server.js';
import { startWire, type Wire } from '../support/wire.js';

const server = await startPostgres();
t.teardown(() => server.stop());

let databases = 0;
async function freshDatabase(): Promise<string> {
  const url = await server.createDatabase(`keys_${++databases}`);
  await migratePostgres({ url });
  return url;
}

async function postgresKeys(): Promise<KeysUnderTest> {
  const url = await freshDatabase();
  let time = 1_000_000_000_000;
  const open = (recent: Parameters<KeysUnderTest['reopen']>[0] = []) =>
    openPostgresIdempotencyKeys({ url, now: () => time, recent });
  let current = await open();
  return {
    keys: current,
    async reopen(recent) {
      await current.close();
      current = await open(recent);
      return current;
    },
    advance(milliseconds) {
      time += milliseconds;
    },
    destroy: () => current.close(),
  };
}

for (const { name, run } of idempotencyKeysContract({ name: 'postgres', open: postgresKeys }))
  t.test(name, () => run());

const answer: StoredAnswer = { status: 201, headers: { location: '/v1/orders/a' }, body: '{"a":"印"}' };
const now = () => 1_000_000_000_000;

async function twoProcesses(t: Test): Promise<readonly [IdempotencyKeys, IdempotencyKeys, string]> {
  const url = await freshDatabase();
  const [one, two] = await Promise.all([1, 2].map(() => openPostgresIdempotencyKeys({ url, now })));
  if (one === undefined || two === undefined) throw new Error('not opened');
  t.teardown(() => Promise.all([one.close(), two.close()]));
  return [one, two, url];
}

t.test('two processes share their keys', async (t) => {
  const [one, two] = await twoProcesses(t);
  const request = { key: 'k', requestHash: 'h' };
  const claims = await Promise.all([one, two, one, two].map((keys) => keys.claim(request)));
  t.strictSame(claims.map(({ kind }) => kind).sort(), [
    'claimed',
    'in-progress',
    'in-progress',
    'in-progress',
  ]);
  const holder = claims.findIndex(({ kind }) => kind === 'claimed') % 2 === 0 ? one : two;
  const other = holder === one ? two : one;
  t.strictSame(await other.claim({ ...request, requestHash: 'other' }), { kind: 'other-request' });
  await other.finish({ key: 'k', answer: { ...answer, status: 500 } });
  await other.release('k');
  t.strictSame(await other.claim(request), { kind: 'in-progress' }, 'only the holder ends a claim');
  await holder.finish({ key: 'k', answer });
  t.strictSame(await other.claim(request), { kind: 'finished', answer });
});

t.test('the claim of a process that died is free for the same request alone', async (t) => {
  const [one, two, url] = await twoProcesses(t);
  const request = { key: 'k', requestHash: 'h' };
  t.strictSame(await one.claim(request), { kind: 'claimed' });
  t.strictSame(await two.claim(request), { kind: 'in-progress' });
  // A process that died is a session that is not there: the row says that its owner was number 0.
  await queryPostgres(url, 'UPDATE ledger.idempotency_key SET owner = 0');
  t.strictSame(await two.claim({ ...request, requestHash: 'other' }), { kind: 'other-request' });
  t.strictSame(await two.claim(request), { kind: 'claimed' });
  await one.finish({ key: 'k', answer: { ...answer, status: 500 } });
  t.strictSame(await one.claim(request), { kind: 'in-progress' }, 'a late answer does not count');
});

t.test('keys go on after a restart of the server, and claims hold again', async (t) => {
  const [one, two] = await twoProcesses(t);
  const request = { key: 'k', requestHash: 'h' };
  await one.claim({ key: 'before', requestHash: 'h' });
  await one.finish({ key: 'before', answer });
  await server.restart();
  await eventually(
    () =>
      one.claim({ key: 'before', requestHash: 'h' }).then(
        ({ kind }) => kind === 'finished',
        (error) => {
          t.match(error, { name: 'PortError', kind: 'unavailable' });
          return false;
        },
      ),
    { what: 'the answer is there', milliseconds: 10_000 },
  );
  let round = 0;
  await eventually(
    async () => {
      const again = { ...request, key: `k${++round}` };
      await one.claim(again);
      return (await two.claim(again)).kind === 'in-progress';
    },
    { what: 'the session of the owner is there', milliseconds: 10_000 },
  );
});

/** Keys of one process whose wire to the server can be cut. */
async function overWire(t: Test): Promise<{ keys: IdempotencyKeys; wire: Wire; url: string }> {
  const url = await freshDatabase();
  const wire = await startWire(server.port);
  const keys = await openPostgresIdempotencyKeys({ url: url.replace(`${server.port}`, `${wire.port}`), now });
  t.teardown(async () => {
    await keys.close();
    await wire.close();
  });
  return { keys, wire, url };
}

t.test('what a request came to while the server was away is told when it is back', async (t) => {
  const { keys, wire, url } = await overWire(t);
  const away: string[] = [];
  const tolerant = tolerantKeys(keys, ({ kind }) => away.push(kind));
  t.teardown(() => tolerant.close());
  const request = (key: string) => ({ key, requestHash: 'h' });
  for (const key of ['finished', 'released', 'again'])
    t.strictSame(await tolerant.claim(request(key)), { kind: 'claimed' });
  wire.down();
  await tolerant.finish({ key: 'finished', answer });
  await tolerant.release('released');
  await tolerant.finish({ key: 'again', answer });
  t.strictSame(away, ['unavailable'], 'and it is not asked again at once');
  t.strictSame(await tolerant.claim(request('again')), { kind: 'claimed' }, 'carried out meanwhile');
  wire.up();
  const told = await eventually(
    async () => {
      const rows = await queryPostgres(url, 'SELECT key, status FROM ledger.idempotency_key ORDER BY key');
      return rows.length === 2 && rows.every(({ status }) => status !== null) && rows;
    },
    { what: 'all that was owed', milliseconds: 10_000 },
  );
  t.strictSame(told, [
    { key: 'again', status: 201 },
    { key: 'finished', status: 201 },
  ]);
  t.strictSame(await tolerant.claim(request('again')), { kind: 'finished', answer });
});

t.test('claims of a host that is gone without a word are free in seconds', async (t) => {
  const { keys, wire, url } = await overWire(t);
  const other = await openPostgresIdempotencyKeys({ url, now });
  t.teardown(() => other.close());
  const request = { key: 'k', requestHash: 'h' };
  t.strictSame(await keys.claim(request), { kind: 'claimed' });
  wire.silence();
  t.strictSame(await other.claim(request), { kind: 'in-progress' });
  await eventually(async () => (await other.claim(request)).kind === 'claimed', {
    what: 'the claim is free',
    milliseconds: 15_000,
  });
});

t.test('an ending that was lost keeps the key from nobody in the same process', async (t) => {
  const { keys, wire } = await overWire(t);
  const request = { key: 'k', requestHash: 'h' };
  t.strictSame(await keys.claim(request), { kind: 'claimed' });
  wire.down();
  await t.rejects(keys.finish({ key: 'k', answer }), { name: 'PortError', kind: 'unavailable' });
  wire.up();
  const claims = await eventually(
    () => Promise.all([keys.claim(request), keys.claim(request)]).catch(() => false as const),
    { what: 'the server answers', milliseconds: 10_000 },
  );
  t.strictSame(claims, [{ kind: 'claimed' }, { kind: 'in-progress' }]);
});

t.test('requests that are known of the log are bounded, and a repeated one is found', async (t) => {
  const url = await freshDatabase();
  const recent = Array.from({ length: LIMITS.recentCommands + 1 }, (_, index) => ({
    key: `k${index}`,
    requestHash: 'h',
  }));
  const keys = await openPostgresIdempotencyKeys({ url, now, recent });
  t.teardown(() => keys.close());
  t.strictSame(await keys.claim({ key: 'k0', requestHash: 'other' }), { kind: 'claimed' });
  t.strictSame(await keys.claim({ key: 'k1', requestHash: 'other' }), { kind: 'other-request' });
});

t.test('a database that was not migrated is refused', async (t) => {
  const url = await server.createDatabase('empty');
  await t.rejects(openPostgresIdempotencyKeys({ url, now }), { name: 'PortError', kind: 'corrupt' });
});
