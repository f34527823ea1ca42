import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { continuationEntry, recover, refill, type SealHalted } from '@stamp-ledger/app';
import { openCheckpoint, signCheckpoint } from '@stamp-ledger/transparency';
import t, { type Test } from 'tap';
import { contentsOf } from '../app-move/moving.js';
import { leafOf, mth } from '../transparency/naive.js';
import { IDENTITY, ORIGIN, World } from './world.js';

const SIZE = 1_000;

/** A world whose log has 1,000 sealed events. */
async function sealedWorld(t: Test): Promise<World> {
  const world = await World.begin();
  t.teardown(() => world.end());
  await world.append(SIZE);
  await world.seal();
  return world;
}

const checkpointOf = async (world: World, size: number): Promise<Buffer> => {
  const root = mth((await world.entries()).slice(0, size).map(leafOf));
  return signCheckpoint({ origin: ORIGIN, size, root }, IDENTITY.signers);
};

async function isSealed(t: Test, world: World, size: number): Promise<void> {
  t.match(await world.seal(), { kind: 'running', sealed: { size } });
  const published = await world.published();
  t.equal(published?.size, size);
  t.ok(published?.hashesToRoot);
  t.strictSame(published?.entries, await world.entries());
}

t.test('signed but not published: published', async (t) => {
  const world = await sealedWorld(t);
  await world.tiles.replaceCheckpoint(await checkpointOf(world, 400));
  await isSealed(t, world, SIZE);
  await rm(world.path('log/checkpoint'));
  await isSealed(t, world, SIZE);
});

t.test('lost tiles are made again from the events, from nothing or from the published size', async (t) => {
  const world = await sealedWorld(t);
  const before = await world.published();
  await rm(world.path('log'), { recursive: true });
  await isSealed(t, world, SIZE);
  t.strictSame((await world.published())?.note, before?.note, 'the same tree, the same signature');

  await world.tiles.replaceCheckpoint(await checkpointOf(world, 512));
  for (const lost of ['tile/0/003.p', 'tile/0/002', 'tile/entries/003.p'])
    await rm(join(world.path('log'), lost), { recursive: true });
  await isSealed(t, world, SIZE);
});

t.test('published beyond what was signed, or another root of its size: halted, intake too', async (t) => {
  const world = await sealedWorld(t);
  await world.append(10);
  await world.tiles.replaceCheckpoint(await checkpointOf(world, SIZE + 10));
  t.match(await world.seal(), { kind: 'halted', halt: { reason: 'forked' } });
  const forged = signCheckpoint({ origin: ORIGIN, size: SIZE, root: Buffer.alloc(32, 1) }, IDENTITY.signers);
  await world.tiles.replaceCheckpoint(forged);
  t.match(await world.seal(), { kind: 'halted', halt: { reason: 'forked' } });
  t.equal(openCheckpoint((await world.lock.read())!, trust()).size, SIZE, 'nothing was signed');
});

const trust = () => ({ origin: ORIGIN, logKeys: [IDENTITY.signers[0].verifier] });

t.test('an older backup of the events: refilled from the bundles, to the same root', async (t) => {
  for (const [kept, first] of [
    [0, 0],
    [1, 1],
    [256, 256],
    [777, 777],
  ] as const) {
    const world = await World.begin();
    await world.append(kept);
    await world.seal();
    await world.backUp('backup');
    await world.append(SIZE - kept);
    await world.seal();
    const before = { contents: await contentsOf(world.store), log: await world.published() };
    await world.restore('backup');

    const halt = await haltIn(recover(world.request()));
    t.match(halt, { reason: 'source-behind', missing: { from: first, to: SIZE } });
    t.match(await world.seal(), { kind: 'halted', halt: { reason: 'source-behind' } });
    t.equal((await world.entries()).length, kept, 'the sealer itself writes no event');

    const signed = openCheckpoint((await world.lock.read())!, trust());
    const request = {
      store: world.store,
      tiles: world.tiles,
      signed,
      missing: halt.missing!,
      inOrderAppends: true,
    };
    await refill(request);
    t.strictSame(await contentsOf(world.store), before.contents, 'ids, revisions and bytes');
    t.match(await world.seal(), { kind: 'running', sealed: { size: SIZE } });
    t.strictSame(await world.published(), before.log);
    await world.end();
  }
});

/** A log of SIZE leaves whose events were put back as they were at 300. */
async function restored(t: Test) {
  const world = await World.begin();
  t.teardown(() => world.end());
  await world.append(300);
  await world.backUp('backup');
  await world.append(SIZE - 300);
  await world.seal();
  await world.restore('backup');
  return { world, signed: openCheckpoint((await world.lock.read())!, trust()) };
}

t.test('a refill that was interrupted goes on', async (t) => {
  const { world, signed } = await restored(t);
  let appends = 0;
  const store = {
    readAll: world.store.readAll.bind(world.store),
    readStream: world.store.readStream.bind(world.store),
    append: async (...call: Parameters<typeof world.store.append>) => {
      if (++appends === 100) throw new Error('killed');
      return world.store.append(...call);
    },
  };
  const request = { tiles: world.tiles, signed, inOrderAppends: false };
  await t.rejects(refill({ ...request, store, missing: { from: 300, to: SIZE } }), /killed/);
  const halt = await haltIn(recover(world.request()));
  t.strictSame(halt.missing, { from: 399, to: SIZE });
  await refill({ ...request, store: world.store, missing: halt.missing! });
  await isSealed(t, world, SIZE);
});

t.test('events taken after an older backup was restored: the first difference is named', async (t) => {
  const world = await World.begin();
  t.teardown(() => world.end());
  await world.append(300);
  await world.backUp('backup');
  await world.append(100);
  await world.seal();
  await world.restore('backup');
  await world.append(50, 'other');
  const behind = await world.seal();
  t.match(behind, { kind: 'halted', halt: { reason: 'source-differs', detail: /leaf 300 / } });
  await world.append(200, 'other');
  t.match(await world.seal(), { kind: 'halted', halt: { reason: 'source-differs' } });
  t.equal(openCheckpoint((await world.lock.read())!, trust()).size, 400);
});

t.test('bundles that were tampered with are not put back', async (t) => {
  const { world, signed } = await restored(t);
  const path = world.path('log/tile/entries/002');
  const bytes = (await world.tiles.read('tile/entries/002'))!;
  bytes[bytes.indexOf('plain')] = 'b'.charCodeAt(0);
  await writeFile(path, bytes);
  const refilling = refill({
    store: world.store,
    tiles: world.tiles,
    signed,
    missing: { from: 300, to: SIZE },
    inOrderAppends: true,
  });
  t.match(await haltIn(refilling), { reason: 'tiles-damaged' });
  t.equal((await world.entries()).length, 300);
});

t.test(
  'a lost lock store: halted until an operator adopts the largest checkpoint anyone holds',
  async (t) => {
    const world = await sealedWorld(t);
    const largest = await checkpointOf(world, SIZE);
    await world.tiles.replaceCheckpoint(await checkpointOf(world, 400));
    await world.loseLock();
    t.match(await world.seal(), { kind: 'halted', halt: { reason: 'lock-lost' } });
    t.equal(await world.lock.read(), undefined);
    const forged = signCheckpoint(
      { origin: ORIGIN, size: SIZE, root: Buffer.alloc(32, 1) },
      IDENTITY.signers,
    );
    t.match(await world.seal({ adopt: [largest, forged] }), { kind: 'halted', halt: { reason: 'forked' } });
    await world.seal({ adopt: [await checkpointOf(world, 300), largest] });
    t.strictSame(await world.lock.read(), largest);
    await isSealed(t, world, SIZE);
  },
);

t.test('a damaged tile or bundle at the right edge stops sealing, and is never overwritten', async (t) => {
  for (const path of ['tile/0/003.p/232', 'tile/entries/003.p/232', 'tile/1/000.p/3']) {
    const world = await sealedWorld(t);
    const bytes = (await world.tiles.read(path))!;
    bytes[bytes.length - 9]! ^= 1;
    await writeFile(join(world.path('log'), path), bytes);
    t.match(await world.seal(), { kind: 'halted', halt: { reason: 'storage', detail: /other bytes/ } });
    t.strictSame(await world.tiles.read(path), bytes);
  }
});

t.test('no temporary file is left, and partial tiles go when their full one is there', async (t) => {
  const world = await sealedWorld(t);
  for (let step = 0; step < 5; step++) {
    await world.append(5);
    await world.seal();
  }
  await world.append(300);
  await world.seal();
  const names = await readdir(world.path('log'), { recursive: true });
  t.strictSame(
    names.filter((name) => name.includes('.tmp')),
    [],
  );
  t.strictSame(
    names.filter((name) => /^tile\/(0|entries)\/003\.p/.test(name)),
    [],
  );
});

const haltIn = (promise: Promise<unknown>) =>
  promise.then(
    () => t.bailout('it did not halt'),
    (error: SealHalted) => error.halt,
  ) as Promise<SealHalted['halt']>;

t.test('a log that takes the place of a closed one is recovered and refilled like any other', async (t) => {
  const continuation = continuationEntry({ checkpoint: 'closed', vkeys: [], reason: 'x' });
  const identity = { ...IDENTITY, continuation };
  const world = await World.begin();
  t.teardown(() => world.end());
  t.match(await world.seal({ identity }), { sealed: { size: 1 } }, 'before the first event');
  t.match(await world.seal({ identity }), { sealed: { size: 1 } });
  await world.append(300);
  await world.backUp('backup');
  await world.append(100);
  await world.seal({ identity });
  const before = await world.published();
  t.ok(before?.hashesToRoot);
  t.strictSame(before?.entries, [continuation, ...(await world.entries())]);

  await rm(world.path('log'), { recursive: true });
  await world.seal({ identity });
  t.strictSame(await world.published(), before, 'made again from the events');

  await world.restore('backup');
  const { missing } = await haltIn(recover(world.request({ identity })));
  t.strictSame(missing, { from: 301, to: 401 });
  const signed = openCheckpoint((await world.lock.read())!, trust());
  await refill({ ...world.request(), store: world.store, signed, missing: missing!, inOrderAppends: true });
  await world.seal({ identity });
  t.strictSame(await world.published(), before);
});
