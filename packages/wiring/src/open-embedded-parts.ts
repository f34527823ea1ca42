import { createContext, createPublishedLog, gatedStore } from '@stamp-ledger/app';
import { recordedAt } from '@stamp-ledger/codec';
import {
  openEmbeddedEventStore,
  openEmbeddedIdempotencyKeys,
  openEmbeddedOperationsJournal,
} from '@stamp-ledger/embedded';
import { LIMITS } from '@stamp-ledger/ports';
import { makeDataDirectory } from './data-directory.js';
import type { OpenRequest, Parts } from './open-ledger.js';
import { openEmbeddedReadModels } from './read-models/embedded-read-models.js';
import { recentCommands } from './recent-commands.js';
import { monotoneClock, openRuntime } from './runtime.js';
import { openEmbeddedSealing } from './sealing/embedded-sealing.js';

/** Everything of the ledger that needs no server: SQLite and files in the data directory. */
export async function openEmbeddedParts({ configuration, logger, onFatal }: OpenRequest): Promise<Parts> {
  const directory = configuration.dataDirectory;
  await makeDataDirectory(directory);
  const store = await openEmbeddedEventStore({ directory, onFatal });
  const last = await store.last();
  const clock = monotoneClock();
  const time = last && recordedAt(last);
  if (time !== undefined) clock.notBefore(time);
  const runtime = await openRuntime({
    dataDirectory: directory,
    logHasEvents: last !== undefined,
    clock,
  });
  // Before anything can be appended: a restored backup must not be written to where the log is sealed.
  const { origin, witnesses } = configuration;
  const sealing = await openEmbeddedSealing({
    directory,
    origin,
    store,
    logger,
    now: runtime.clock.now,
    witnesses,
  }).catch(async (error) => {
    await store.close();
    throw error;
  });
  const readModels = await openEmbeddedReadModels({ directory, store, now: runtime.clock.now });
  const now = (): number => Date.parse(runtime.clock.now());
  const idempotencyKeys = await openEmbeddedIdempotencyKeys({
    directory,
    now,
    recent: await recentCommands(store, { since: now() - LIMITS.idempotencyKeyMilliseconds }),
  });
  const journal = await openEmbeddedOperationsJournal({ directory });
  return {
    context: createContext({
      store: gatedStore(store, sealing.intake),
      readModels,
      runtime,
      sealing,
      log: createPublishedLog({ store, tiles: sealing.tiles, quorum: witnesses.quorum }),
    }),
    idempotencyKeys,
    journal,
    away: () => [],
    sealGaps: sealing.takeGaps,
    close: async () => {
      await journal.close();
      await idempotencyKeys.close();
      await readModels.close();
      await sealing.close();
      await store.close();
    },
  };
}
