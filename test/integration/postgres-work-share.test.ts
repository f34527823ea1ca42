import assert from 'node:assert/strict';
import type { PortError, WorkShare } from '@stamp-ledger/ports';
import { migratePostgres, openPostgresWorkShare } from '@stamp-ledger/postgres';
import t from 'tap';
import { eventually } from '../support/eventually.js';
import { queryPostgres, startPostgres } from '../support/postgres-server.js';
import { startWire } from '../support/wire.js';

const KEYS = Array.from({ length: 200 }, (_, index) => `channel-${index}`);
const SETTLED = { milliseconds: 15_000 };

const server = await startPostgres();
t.teardown(() => server.stop());
const url = await server.createDatabase('share');
await migratePostgres({ url });

const shares = new Set<WorkShare>();
t.afterEach(async () => {
  for (const share of shares) await share.close();
  shares.clear();
});

async function open(onError?: (error: PortError) => void, at: string = url): Promise<WorkShare> {
  const share = await openPostgresWorkShare({ url: at, ...(onError && { onError }) });
  shares.add(share);
  return share;
}

const ownersOf = (key: string): number => [...shares].filter((share) => share.owns(key)).length;
const owned = (share: WorkShare): number => KEYS.filter((key) => share.owns(key)).length;

/** Every key has one owner, and none has two on the way there. */
const eachHasOneOwner = async (): Promise<boolean> => {
  const owners = KEYS.map(ownersOf);
  assert.ok(
    owners.every((count) => count <= 1),
    'a key has two owners',
  );
  return owners.every((count) => count === 1);
};

/** Ends sessions from outside, as a network or an operator would. */
async function endSessions(which: string): Promise<number> {
  const ended = await queryPostgres(
    server.url,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'stamp-ledger work share' ${which}`,
  );
  return ended.length;
}

t.test('one member owns everything, and gives up half when another comes', async (t) => {
  const one = await open();
  t.equal(owned(one), KEYS.length);
  const term = one.term();
  const two = await open();
  await eventually(async () => owned(two) > 0 && eachHasOneOwner(), { what: 'a new division', ...SETTLED });
  t.ok(owned(one) > 0);
  t.not(one.term(), term);
  const still = [one.term(), two.term()];
  await two.close();
  shares.delete(two);
  t.equal(owned(two), 0, 'a member that left owns nothing');
  await eventually(eachHasOneOwner, { what: 'one owner again', ...SETTLED });
  t.equal(owned(one), KEYS.length);
  t.not(one.term(), still[0]);
});

t.test('three members hold every key, once', async (t) => {
  const members = [await open(), await open(), await open()];
  await eventually(async () => members.every((share) => owned(share) > 0) && eachHasOneOwner(), {
    what: 'a division by three',
    ...SETTLED,
  });
  const terms = members.map((share) => share.term());
  for (const share of members) t.ok(owned(share) < KEYS.length / 2);
  await eventually(eachHasOneOwner, { what: 'the same division', ...SETTLED });
  t.strictSame(
    members.map((share) => share.term()),
    terms,
    'a division that is settled stays',
  );
});

t.test('a session that was ended frees its keys, and joins again', async (t) => {
  const errors: string[] = [];
  const one = await open();
  const two = await open((error) => errors.push(error.kind));
  await eventually(async () => owned(two) > 0 && eachHasOneOwner(), { what: 'a division', ...SETTLED });
  const term = two.term();
  t.equal(await endSessions('ORDER BY backend_start DESC LIMIT 1'), 1);
  await eventually(async () => two.term() !== term, { what: 'the loss is noticed', ...SETTLED });
  await eventually(async () => owned(two) > 0 && eachHasOneOwner(), { what: 'a division again', ...SETTLED });
  t.ok(owned(one) > 0);
});

t.test('a restart of the server takes everything at once, and everything comes back', async (t) => {
  const one = await open();
  const term = one.term();
  await server.crash();
  await eventually(async () => owned(one) === 0, { what: 'nothing is owned', ...SETTLED });
  t.not(one.term(), term);
  await server.restart();
  await eventually(async () => owned(one) === KEYS.length, { what: 'all is owned', ...SETTLED });
});

t.test(
  'a host that is gone without a word loses its keys in seconds, after it has given them up',
  async (t) => {
    const wire = await startWire(server.port);
    t.teardown(() => wire.close());
    const gone = await open(undefined, url.replace(`${server.port}`, `${wire.port}`));
    t.equal(owned(gone), KEYS.length);
    const one = await open();
    await eventually(async () => owned(one) > 0 && eachHasOneOwner(), { what: 'a division', ...SETTLED });
    wire.silence();
    await eventually(async () => (await eachHasOneOwner()) && owned(one) === KEYS.length, {
      what: 'all is owned by the one that is left',
      ...SETTLED,
    });
    t.equal(owned(gone), 0);
  },
);
