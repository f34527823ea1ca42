import type { Position } from '@stamp-ledger/codec';
import type { Instant, Serial } from '@stamp-ledger/domain';
import type { Partition, ProjectionProgress } from '@stamp-ledger/ports';
import {
  migratePostgres,
  openPostgresProjectionStore,
  openPostgresQueries,
  openPostgresRebuilds,
  openPostgresStatus,
} from '@stamp-ledger/postgres';
import pg from 'pg';
import t, { type Test } from 'tap';
import { eventually } from '../support/eventually.js';
import { queryPostgres, startPostgres } from '../support/postgres-server.js';

const server = await startPostgres();
t.teardown(() => server.stop());

let databases = 0;
async function openAll(t: Test) {
  const url = await server.createDatabase(`rebuilds_${++databases}`);
  await migratePostgres({ url });
  const store = await openPostgresProjectionStore({ url });
  const queries = await openPostgresQueries({ url });
  const status = await openPostgresStatus({ url });
  const rebuilds = await openPostgresRebuilds({ url });
  t.teardown(async () => {
    for (const each of [store, queries, status, rebuilds]) await each.close();
  });
  return { url, store, queries, status, rebuilds };
}

const serial = 'S'.padEnd(22, 'X') as Serial;
const progressAt = (place: number): ProjectionProgress => ({
  position: String(place).padStart(16, '0') as Position,
  recordedAt: '2024-09-06T00:00:00.000Z' as Instant,
  events: place,
  disorderMilliseconds: 0,
});
const seen = (place: number, revision: number) => ({
  progress: progressAt(place),
  timeline: [],
  stamps: [
    { serial, state: 'unknown', revision, verifications: { count: 0, severalActors: false } } as const,
  ],
});

t.test('a new generation is filled beside the live one, and takes its place', async (t) => {
  const { url, store, queries, status, rebuilds } = await openAll(t);
  const partition = 'stamps/0' as Partition;
  await store.transactFromBus('verification', async (transaction, bus) => {
    await transaction.save(seen(1, 1));
    await bus.saveOffsets({ offsets: new Map([[partition, 7n]]), marks: [] });
  });
  const next = await rebuilds.createGeneration();
  t.equal(next, 2);
  const beside = await openPostgresProjectionStore({ url, generation: next });
  t.teardown(() => beside.close());
  t.equal((await beside.progress()).size, 0, 'it is empty');
  t.equal(
    (await beside.transactFromBus('verification', (_, bus) => bus.loadOffsets())).get(partition),
    7n,
    'but for what it has seen of the bus',
  );
  await beside.transact('verification', (transaction) => transaction.save(seen(2, 2)));
  t.equal((await queries.stamp(serial))?.revision, 1);
  t.equal((await status.read()).generation, 1);

  // The swap waits for a transaction on the live generation, and the next one finds the new generation.
  let swapped = false;
  let swap: Promise<void> | undefined;
  await store.transact('verification', async (transaction) => {
    swap = rebuilds.swapGeneration(next).then(() => {
      swapped = true;
    });
    await eventually(
      async () =>
        (await queryPostgres(url, "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"))
          .length > 0,
      { what: 'the swap waits', milliseconds: 5_000 },
    );
    await transaction.save(seen(3, 3));
    t.notOk(swapped);
  });
  await swap;
  t.equal((await store.progress()).get('verification')?.position, progressAt(2).position);
  await eventually(async () => (await queries.stamp(serial))?.revision === 2, {
    what: 'readers see the new generation',
    milliseconds: 2_000,
  });
  // Every reader finds out for itself which generation is live.
  await eventually(async () => (await status.read()).generation === 2, {
    what: 'the status is of the new generation',
    milliseconds: 2_000,
  });
  t.match(
    (await status.read()).statuses.find(({ projection }) => projection === 'verification'),
    { position: progressAt(2).position },
  );

  const asking = Promise.all(Array.from({ length: 50 }, () => queries.stamp(serial)));
  await rebuilds.dropOldGenerations();
  for (const stamp of await asking) t.equal(stamp?.revision, 2);
  t.strictSame(await queryPostgres(url, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'models%'"), [
    { nspname: 'models_2' },
  ]);
  t.equal(await rebuilds.createGeneration(), 3, 'a number is never used again');
  await rebuilds.dropOldGenerations();
  t.equal((await queries.stamp(serial))?.revision, 2);
  await t.rejects(rebuilds.swapGeneration(3), { name: 'PortError', kind: 'corrupt' });
});

t.test('readers go over to the new generation though the old one is dropped at once', async (t) => {
  const { store, queries, rebuilds } = await openAll(t);
  await store.transact('verification', (transaction) => transaction.save(seen(1, 1)));
  t.equal((await queries.stamp(serial))?.revision, 1);
  await rebuilds.swapGeneration(await rebuilds.createGeneration());
  await rebuilds.dropOldGenerations();
  t.equal(await queries.stamp(serial), undefined);
  t.strictSame(
    await queries.stock({
      channel: 'direct' as never,
      denomination: { amount: '1', currency: 'IDR' },
      limit: 1,
    }),
    [],
  );
  t.equal((await store.progress()).size, 0);
});

t.test('one rebuild at a time, by one worker, and ids answer as they ended', async (t) => {
  const { url, rebuilds } = await openAll(t);
  const other = await openPostgresRebuilds({ url });
  t.teardown(() => other.close());
  t.equal(await rebuilds.claimRebuild(), undefined, 'nothing was asked for');
  t.equal(await rebuilds.readRebuild('a'), undefined);
  const running = { rebuildId: 'a', status: 'running', eventsDone: 0, eventsTotal: 0 };
  t.strictSame(await Promise.all([rebuilds.requestRebuild('a'), other.requestRebuild('a')]), [
    running,
    running,
  ]);
  t.strictSame(await other.requestRebuild('b'), running, 'the one that runs is the answer');

  const turn = await rebuilds.claimRebuild();
  t.equal(turn?.rebuildId, 'a');
  t.equal(await other.claimRebuild(), undefined, 'one worker has the turn');
  await turn?.reportRebuild({ eventsDone: 5, eventsTotal: 9 });
  t.match(await other.readRebuild('a'), { status: 'running', eventsDone: 5, eventsTotal: 9 });

  // The worker dies: its session ends.
  await queryPostgres(
    url,
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'stamp-ledger rebuild turn'",
  );
  await eventually(async () => turn?.lost.aborted, { what: 'the loss is noticed', milliseconds: 5_000 });
  await t.rejects(turn?.reportRebuild({ eventsDone: 6, eventsTotal: 9 }) ?? Promise.resolve(), {
    name: 'PortError',
    kind: 'unavailable',
  });
  const again = await eventually(() => other.claimRebuild(), {
    what: 'the turn is free',
    milliseconds: 5_000,
  });
  await again.reportRebuild({ eventsDone: 9, eventsTotal: 9 });
  await again.endRebuild({ status: 'done' });
  const done = { rebuildId: 'a', status: 'done', eventsDone: 9, eventsTotal: 9 };
  t.strictSame(await rebuilds.requestRebuild('a'), done);
  t.strictSame(await rebuilds.readRebuild('a'), done);

  t.match(await rebuilds.requestRebuild('b'), { rebuildId: 'b', status: 'running' });
  const last = await eventually(() => rebuilds.claimRebuild(), {
    what: 'the turn is free',
    milliseconds: 5_000,
  });
  await last.endRebuild({ status: 'failed', detail: 'the log is away' });
  t.match(await other.readRebuild('b'), { status: 'failed', detail: 'the log is away' });
});

t.test('a rebuild that is to stop does not wait for its indexes, and is not live', async (t) => {
  const { url, status, rebuilds } = await openAll(t);
  const generation = await rebuilds.createGeneration();
  const making = () =>
    queryPostgres(
      url,
      `SELECT pid FROM pg_stat_activity WHERE application_name = 'stamp-ledger indexes' AND datname = current_database()`,
    );
  const holder = new pg.Client({ connectionString: url });
  await holder.connect();
  t.teardown(() => holder.end());
  await holder.query(`BEGIN; LOCK TABLE models_${generation}.event_index`);
  const stopping = new AbortController();
  const passing = { name: 'PortError', kind: 'unavailable' };
  const stopped = t.rejects(rebuilds.swapGeneration(generation, stopping.signal), passing);
  await eventually(async () => (await making()).length === 1, {
    what: 'the making of indexes',
    milliseconds: 20_000,
  });
  stopping.abort();
  await stopped;
  await eventually(async () => (await making()).length === 0, {
    what: 'the end of it at the server',
    milliseconds: 20_000,
  });
  t.equal((await status.read()).generation, 1);
  await t.rejects(rebuilds.swapGeneration(generation, stopping.signal), passing);
  await holder.query('COMMIT');
  t.equal(await rebuilds.swapGeneration(generation), true, 'what was begun is no hindrance');
});
