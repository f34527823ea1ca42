import { createContext, createPublishedLog, gatedStore, type Intake } from '@stamp-ledger/app';
import { openTileFiles } from '@stamp-ledger/embedded';
import { openEventStoreDb } from '@stamp-ledger/eventstoredb';
import type { PortError } from '@stamp-ledger/ports';
import {
  openPostgresIdempotencyKeys,
  openPostgresOperationsJournal,
  openPostgresWorkShare,
} from '@stamp-ledger/postgres';
import { closeAll, closing } from '../close-all.js';
import { makeDataDirectory } from '../data-directory.js';
import type { Engines } from '../engines.js';
import type { OpenRequest, Parts } from '../open-ledger.js';
import { monotoneClock, openRuntime } from '../runtime.js';
import { sealingPlaces } from '../sealing/places.js';
import { StatusFile } from '../sealing/status-file.js';
import { followSealing } from './followed-sealing.js';
import { openSharedReadModels } from './shared-read-models.js';
import { tolerantKeys } from './tolerant-keys.js';
import { watchEngines } from './watch-engines.js';

/**
 * The ledger on EventStoreDB and PostgreSQL, as one of several processes. The read models are written by the projections
 * service, and the log by the sealer, in the data directory that it shares with this process; what a process does behind
 * accepted commands it shares with the others. Either engine may be away at the start; tables of another version are
 * refused as soon as they can be seen.
 */
export async function openDistributedParts({
  configuration,
  engines,
  jobs,
  logger,
  onFatal,
}: OpenRequest & { readonly engines: Engines }): Promise<Parts> {
  const directory = configuration.dataDirectory;
  const clock = monotoneClock();
  await makeDataDirectory(directory);
  const onAway = (what: string) => (error: PortError) =>
    logger.warn({ kind: error.kind, reason: error.message }, `${what} cannot be reached`);
  const store = await openEventStoreDb(engines.eventStoreDb);
  const { url } = engines.database;
  const engineWatch = await watchEngines({ store, url, clock, onAway, onFatal }).catch(closing([store]));
  const logHasEvents = engineWatch.logHasEvents();
  const runtime = await openRuntime({ dataDirectory: directory, logHasEvents, clock }).catch(
    closing([engineWatch, store]),
  );
  const places = sealingPlaces(directory);
  const sealing = await followSealing({
    file: new StatusFile(places.lock),
    store,
    onUnreadable: (error) => logger.warn({ err: error }, 'what the sealer says cannot be read'),
    onFatal,
  });
  // Before the last event is known, a new one could be recorded at an earlier time.
  const intake: Intake = {
    closed: () =>
      engineWatch.logHasEvents() === 'unknown'
        ? 'the last event of the log is not known yet'
        : sealing.intake.closed(),
  };
  const now = (): number => Date.parse(clock.now());
  const [readModels, keys, journal, share] = await Promise.all([
    openSharedReadModels({ url, onAway: onAway('the read models'), onFatal }),
    openPostgresIdempotencyKeys({ url, now }),
    openPostgresOperationsJournal({ url }),
    jobs ? openPostgresWorkShare({ url }) : undefined,
  ]);
  const tolerant = tolerantKeys(keys, onAway('the idempotency keys'));
  return {
    context: createContext({
      store: gatedStore(store, intake),
      readModels,
      runtime,
      sealing,
      log: createPublishedLog({
        store,
        tiles: openTileFiles({ directory: places.tiles }),
        quorum: configuration.witnesses.quorum,
      }),
      ...(share && { share }),
    }),
    idempotencyKeys: tolerant,
    journal,
    away: engineWatch.away,
    close: () => {
      sealing.close();
      return closeAll([engineWatch, share, tolerant, readModels, journal, store]);
    },
  };
}
