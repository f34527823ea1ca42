import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createPublishedLog, keepSealed, type SealStatus } from '@stamp-ledger/app';
import { entryText } from '@stamp-ledger/codec';
import { openCheckpointLock, openTileFiles } from '@stamp-ledger/embedded';
import { openEventStoreDb } from '@stamp-ledger/eventstoredb';
import { type EventStore, LIMITS } from '@stamp-ledger/ports';
import { parseTlogProof, verifyTlogProof } from '@stamp-ledger/transparency';
import { sleep } from '@stamp-ledger/wiring';
import t, { type Test } from 'tap';
import { contentsOf, fill } from '../app-move/moving.js';
import { temporaryDirectory } from '../contracts/embedded-stores.js';
import { startEventStoreDouble } from '../support/eventstoredb/double.js';
import { leafOf } from '../transparency/naive.js';
import { IDENTITY, ORIGIN, waitForMore } from './world.js';

t.setTimeout(120_000);

const EVENTS = 700;

/** An EventStoreDB with events of its own in between, so that positions are no leaf indexes. */
async function openStore(t: Test): Promise<EventStore> {
  const directory = await temporaryDirectory();
  const double = await startEventStoreDouble({ directory });
  double.misbehave({ systemEventEvery: 3 });
  const store = await openEventStoreDb({ url: double.url });
  t.teardown(async () => {
    await store.close();
    await double.stop();
    await rm(directory, { recursive: true });
  });
  return store;
}

async function sealAll(
  store: EventStore,
  files: {
    readonly tiles: ReturnType<typeof openTileFiles>;
    readonly lock: Awaited<ReturnType<typeof openCheckpointLock>>;
  },
): Promise<readonly SealStatus[]> {
  const stopping = new AbortController();
  const seen: SealStatus[] = [];
  await keepSealed({
    ...files,
    store,
    identity: IDENTITY,
    inOrderAppends: false,
    signal: stopping.signal,
    // Nobody else appends here: the time that others are given to end is not waited for.
    sleep: async (milliseconds, signal) =>
      milliseconds === LIMITS.sealQuietMilliseconds ? undefined : sleep(milliseconds, signal),
    monotonicMilliseconds: () => performance.now(),
    waitForMore: (after, signal) => waitForMore(store, after, signal),
    onPortError: () => undefined,
    onStatus: (status) => {
      seen.push(status);
      if (status.kind === 'running' && status.sealed.size === EVENTS) stopping.abort();
    },
  });
  return seen;
}

t.test('another engine: the same leaves, proofs by search, and a refill into an empty server', async (t) => {
  const directory = await temporaryDirectory();
  const tiles = openTileFiles({ directory: join(directory, 'log') });
  const lock = await openCheckpointLock({ directory: join(directory, 'lock') });
  t.teardown(async () => {
    lock.close();
    await rm(directory, { recursive: true });
  });
  const store = await openStore(t);
  await fill(store, EVENTS, 3);
  t.match((await sealAll(store, { tiles, lock })).at(-1), { kind: 'running', sealed: { size: EVENTS } });
  const checkpoint = await tiles.readCheckpoint();

  const log = createPublishedLog({ tiles, store, quorum: 1 });
  const events = await store.readAll({ limit: EVENTS });
  t.strictSame(
    await log.leafIndexes(
      events
        .filter((_, at) => at % 50 === 7)
        .map((event) => ({ position: event.position, leaf: leafOf(Buffer.from(entryText(event))) })),
    ),
    events.flatMap((_, at) => (at % 50 === 7 ? [at] : [])),
  );
  const last = events.at(-1)!;
  const [proof] = await log.prove([last]);
  const trust = {
    origin: ORIGIN,
    logKeys: [IDENTITY.signers[0].verifier],
    leaf: leafOf(Buffer.from(entryText(last))),
  };
  t.equal(verifyTlogProof(parseTlogProof(Buffer.from(proof!.file)), trust).size, EVENTS);

  const restored = await openStore(t);
  const seen = await sealAll(restored, { tiles, lock });
  t.match(seen[0], { kind: 'refilling', missing: { from: 0, to: EVENTS } });
  t.match(seen.at(-1), { kind: 'running', sealed: { size: EVENTS } });
  t.strictSame(await contentsOf(restored), await contentsOf(store));
  t.strictSame(await tiles.readCheckpoint(), checkpoint, 'the same tree');
});
