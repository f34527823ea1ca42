import { keepSealed, publishVkeys, SealGapWatch, type SealStatus } from '@stamp-ledger/app';
import type { Position } from '@stamp-ledger/codec';
import { lockDirectory, openCheckpointLock, openTileFiles } from '@stamp-ledger/embedded';
import { openEventStoreDb } from '@stamp-ledger/eventstoredb';
import { type EventStore, PortError } from '@stamp-ledger/ports';
import { makeDataDirectory } from '../data-directory.js';
import type { DistributedGiven } from '../run-service.js';
import { monotoneClock } from '../runtime.js';
import { askWitnesses, type Cosigning, openCosigning } from '../sealing/cosigning.js';
import { logIdentity } from '../sealing/log-keys.js';
import { sealingPlaces } from '../sealing/places.js';
import { StatusFile } from '../sealing/status-file.js';
import { sleep } from '../sleep.js';
import { EngineWatch } from './engine-watch.js';
import { recordRun } from './record-run.js';
import type { Part } from './relay.js';

/** Milliseconds between two tries to become the one that seals. */
const STAND_BY_MILLISECONDS = 1_000;

/**
 * Starts sealing the log of EventStoreDB, or standing by for another sealer on the same directory that does. Its runs and
 * the delays of sealing go to the journal.
 */
export async function openSealer(given: DistributedGiven): Promise<Part> {
  const { engines, logger, onFatal } = given;
  const store = await openEventStoreDb(engines.eventStoreDb);
  const gaps = new SealGapWatch(monotoneClock().now);
  const run = await recordRun(given, { service: 'sealer', sealGaps: () => gaps.take() });
  const stopping = new AbortController();
  const log = await EngineWatch.start({
    engine: 'EventStoreDB',
    ask: async () => void (await store.head()),
    onAway: ({ kind, message }) => logger.warn({ kind, reason: message }, 'EventStoreDB cannot be reached'),
    signal: stopping.signal,
    onFatal,
  });
  let status: SealStatus | { readonly kind: 'standing-by' } = { kind: 'standing-by' };
  let size = 0;
  const running = sealInTurn(given, store, {
    signal: stopping.signal,
    onStatus: (next) => {
      status = next;
      if (next.kind === 'running') size = next.sealed.size;
      if (next.kind === 'running' && next.round !== undefined) gaps.sealed(next.round);
      if (next.kind === 'halted') logger.error({ ...next.halt }, 'sealing halted');
    },
  }).catch(onFatal);
  return {
    // A sealer that halted waits for a person; a new process would find the same.
    live: () => true,
    health: () => {
      const failing = [...log.failing()];
      if (status.kind === 'halted')
        failing.push(`sealing halted: ${status.halt.reason}: ${status.halt.detail}`);
      return { ready: failing.length === 0, failing };
    },
    gauges: () => ({
      ledger_sealed_events: size,
      ledger_sealer_leading: status.kind === 'standing-by' ? 0 : 1,
      ledger_sealer_halted: status.kind === 'halted' ? 1 : 0,
    }),
    stop: async () => {
      stopping.abort();
      await running;
      await run?.end();
      await store.close();
    },
  };
}

interface Turn {
  readonly signal: AbortSignal;
  readonly onStatus: (status: SealStatus) => void;
}

/** Waits until no other process seals in this directory, then seals. The kernel ends the turn of one that dies. */
async function sealInTurn(given: DistributedGiven, store: EventStore, turn: Turn): Promise<void> {
  const places = sealingPlaces(given.configuration.dataDirectory);
  await makeDataDirectory(places.lock);
  while (!turn.signal.aborted) {
    const own = hold(places.lock);
    if (own === undefined) {
      await sleep(STAND_BY_MILLISECONDS, turn.signal);
      continue;
    }
    try {
      return await seal(given, store, turn);
    } finally {
      own.release();
    }
  }
}

async function seal(
  { configuration, logger }: DistributedGiven,
  store: EventStore,
  { signal, onStatus }: Turn,
): Promise<void> {
  const { dataDirectory, origin, witnesses } = configuration;
  const places = sealingPlaces(dataDirectory);
  const tiles = openTileFiles({ directory: places.tiles });
  const lock = await openCheckpointLock({ directory: places.lock });
  const file = new StatusFile(places.lock);
  let cosigning: Cosigning | undefined;
  try {
    const signedBefore = (await lock.read()) ?? (await tiles.readCheckpoint());
    const identity = await logIdentity({
      directory: places.keys,
      origin,
      logExists: signedBefore !== undefined,
    });
    await publishVkeys(tiles, identity);
    cosigning = await openCosigning({
      settings: witnesses,
      tiles,
      signal,
      onTrouble: (reason) => logger.warn({ reason }, 'a checkpoint was not cosigned'),
    });
    // What the last one said held until here; from here on nobody may append before this one has compared.
    file.show({ kind: 'starting' });
    await keepSealed({
      store,
      tiles: cosigning.tiles,
      lock,
      identity,
      shown: askWitnesses(configuration, logger),
      signal: cosigning.signal,
      sleep,
      // EventStoreDB promises no order among the streams of one call.
      inOrderAppends: false,
      monotonicMilliseconds: () => performance.now(),
      waitForMore: (after, ending) => waitForMore(store, after, ending),
      onStatus: (status) => {
        file.show(status);
        onStatus(status);
      },
      onPortError: (error) => logger.warn({ kind: error.kind, reason: error.message }, 'sealing waits'),
    });
  } finally {
    try {
      await cosigning?.end();
    } finally {
      lock.close();
    }
  }
}

/** The directory for this process alone; undefined while another has it. */
function hold(directory: string): { release(): void } | undefined {
  try {
    return lockDirectory(directory);
  } catch (error) {
    if (error instanceof PortError && error.kind === 'unavailable') return undefined;
    throw error;
  }
}

async function waitForMore(
  store: EventStore,
  after: Position | undefined,
  signal: AbortSignal,
): Promise<void> {
  for await (const page of store.follow({ limit: 1, signal, ...(after && { after }) }))
    if (page.length > 0) return;
}
