import { haltsIntake } from '@stamp-ledger/app';
import { PortError, type TileStore } from '@stamp-ledger/ports';
import { newTiles, tilePath } from '@stamp-ledger/transparency';
import t, { type Test } from 'tap';
import { faultIn } from '../transparency/naive.js';
import { IDENTITY, ORIGIN, signerOf, World } from './world.js';

async function world(t: Test): Promise<World> {
  const world = await World.begin();
  t.teardown(() => world.end());
  return world;
}

async function isWhole(t: Test, world: World, size: number): Promise<void> {
  const published = await world.published();
  t.equal(published?.size, size);
  t.ok(published?.hashesToRoot, 'every bundle hashes to the signed root');
  t.strictSame(published?.entries, await world.entries(), 'the leaves are the events, in order');
  for (const tile of newTiles({ from: 0, to: size }))
    t.ok(await world.tiles.read(tilePath(tile)), `${tilePath(tile)} is there`);
  t.strictSame(await world.lock.read(), published?.note, 'the lock holds what is published');
}

t.test('an empty log is published as such', async (t) => {
  const here = await world(t);
  t.equal((await here.seal()).kind, 'running');
  await isWhole(t, here, 0);
});

t.test('events are sealed in global order, over restarts of the sealer, whatever the sizes', async (t) => {
  const here = await world(t);
  let size = 0;
  for (const step of [1, 2, 252, 1, 1, 300, 0, 12_345]) {
    await here.append(step);
    size += step;
    const status = await here.seal();
    t.match(status, { kind: 'running', sealed: { size, position: await here.store.head() } });
    await isWhole(t, here, size);
  }
});

t.test('a running sealer is woken by events and seals them', async (t) => {
  const here = await world(t);
  const stopping = new AbortController();
  const sizes: number[] = [];
  await here.append(3);
  await here.seal({
    signal: stopping.signal,
    onStatus: (status) => {
      if (status.kind !== 'running' || status.signed !== undefined) return;
      sizes.push(status.sealed.size);
      if (status.sealed.size === 3) void here.append(4);
      if (status.sealed.size === 7) stopping.abort();
    },
  });
  t.strictSame(sizes, [0, 3, 7]);
  await isWhole(t, here, 7);
});

t.test('several signers sign, and a change of signers signs the same tree again', async (t) => {
  const here = await world(t);
  const [old, fresh] = [signerOf(1), signerOf(2)];
  await here.append(300);
  await here.seal();
  await here.seal({ identity: { origin: ORIGIN, signers: [fresh, old], retired: [] } });
  for (const key of [old, fresh]) t.equal((await here.published([key.verifier]))?.size, 300);
  await here.seal({ identity: { origin: ORIGIN, signers: [fresh], retired: [old.verifier] } });
  t.equal((await here.published([fresh.verifier]))?.size, 300);
  t.equal(await faultIn(here.published([old.verifier])), 'no-known-signature');
});

/** A tile store that fails at its n-th call, before or after doing what was asked. */
function failing(tiles: TileStore, at: number, when: 'before' | 'after', error: Error): TileStore {
  let calls = 0;
  const failed = async <Result>(call: () => Promise<Result>): Promise<Result> => {
    const isIt = ++calls === at;
    if (isIt && when === 'before') throw error;
    const result = await call();
    if (isIt) throw error;
    return result;
  };
  return {
    write: (files) => failed(() => tiles.write(files)),
    read: (path) => tiles.read(path),
    discardPartials: (path) => failed(() => tiles.discardPartials(path)),
    readCheckpoint: () => tiles.readCheckpoint(),
    replaceCheckpoint: (bytes) => failed(() => tiles.replaceCheckpoint(bytes)),
    readCosigned: () => tiles.readCosigned(),
    replaceCosigned: (bytes) => failed(() => tiles.replaceCosigned(bytes)),
    readVkeys: () => tiles.readVkeys(),
    replaceVkeys: (bytes) => tiles.replaceVkeys(bytes),
  };
}

class Crash extends Error {}

t.test('a crash at any step of a round leaves a log that goes on', async (t) => {
  const here = await world(t);
  let size = 0;
  for (const when of ['before', 'after'] as const)
    for (let at = 1; at <= 8; at++) {
      await here.append(300);
      size += 300;
      await here.seal({ tiles: failing(here.tiles, at, when, new Crash()) }).catch((error: unknown) => {
        if (!(error instanceof Crash)) throw error;
      });
      const published = await here.published();
      t.ok(
        published === undefined || published.hashesToRoot,
        `${when} step ${at}: what is published is whole`,
      );
      await here.append(7);
      size += 7;
      t.match(await here.seal(), { kind: 'running', sealed: { size } });
      await isWhole(t, here, size);
    }
});

t.test('an unavailable file system or event store is tried again', async (t) => {
  const here = await world(t);
  await here.append(300);
  const errors: string[] = [];
  let reads = 0;
  const status = await here.seal({
    sleep: async () => undefined,
    onPortError: (error) => errors.push(error.message),
    tiles: failing(here.tiles, 3, 'after', new PortError('unavailable', 'files')),
    store: {
      readStream: (request) => here.store.readStream(request),
      readAll: async (request) => {
        if (++reads === 1) throw new PortError('unavailable', 'events');
        return here.store.readAll(request);
      },
    },
  });
  t.match(status, { kind: 'running', sealed: { size: 300 } });
  t.strictSame(errors, ['events', 'files']);
  await isWhole(t, here, 300);
});

t.test('after a failed fsync nothing is sealed any more', async (t) => {
  const here = await world(t);
  await here.append(3);
  const status = await here.seal({
    tiles: failing(here.tiles, 3, 'before', new PortError('corrupt', 'fsync failed')),
  });
  t.match(status, { kind: 'halted', halt: { reason: 'storage' } });
  t.match(await here.seal(), { kind: 'running', sealed: { size: 3 } }, 'a new start looks at what is there');
  await isWhole(t, here, 3);
});

t.test('an event store that was away and came back without sealed events stops the sealer', async (t) => {
  const here = await world(t);
  await here.append(3);
  await here.backUp('backup');
  await here.append(2);
  let away = false;
  const status = await here.seal({
    sleep: async () => undefined,
    store: {
      readStream: (request) => here.store.readStream(request),
      readAll: async (request) => {
        if (!away) return here.store.readAll(request);
        away = false;
        await here.restore('backup');
        throw new PortError('unavailable', 'restarting');
      },
    },
    waitForMore: async () => {
      away = true;
    },
    signal: new AbortController().signal,
  });
  t.match(status, { kind: 'halted', halt: { reason: 'source-behind', missing: { from: 3, to: 5 } } });
});

t.test('of two sealers one is overtaken and signs nothing', async (t) => {
  const here = await world(t);
  await here.append(5);
  await here.seal();
  await here.append(5);
  const status = await here.seal({
    store: {
      readStream: (request) => here.store.readStream(request),
      readAll: async (request) => {
        // Another one seals between this one's reading and signing.
        const events = await here.store.readAll(request);
        await here.append(1);
        await here.seal();
        return events;
      },
    },
  });
  t.match(status, { kind: 'halted', halt: { reason: 'overtaken' } });
  t.equal(
    status.kind === 'halted' && haltsIntake(status),
    false,
    'events are safe: the store has all that are sealed',
  );
  await isWhole(t, here, 11);
});

t.test('the identity names the origin in the checkpoint', async (t) => {
  const here = await world(t);
  await here.append(1);
  await here.seal();
  const other = 'other.example/log';
  const unknown = await here.seal({
    identity: { origin: other, signers: [signerOf(1, other)], retired: [] },
  });
  t.match(unknown, { kind: 'halted', halt: { reason: 'unknown-signature' } });
  t.ok(
    unknown.kind === 'halted' && haltsIntake(unknown),
    'the events were not compared: one could take a sealed place',
  );
  t.match(
    await here.seal({
      identity: { origin: other, signers: [signerOf(3, other)], retired: [IDENTITY.signers[0].verifier] },
    }),
    { kind: 'halted', halt: { reason: 'wrong-origin' } },
  );
});
