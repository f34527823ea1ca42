import { mkdir } from 'node:fs/promises';
import { createContext, createPublishedLog, gatedStore } from '@stamp-ledger/app';
import { recordedAt } from '@stamp-ledger/codec';
import { openTileFiles } from '@stamp-ledger/embedded';
import { openEventStoreDb } from '@stamp-ledger/eventstoredb';
import type { PortError } from '@stamp-ledger/ports';
import {
  openPostgresIdempotencyKeys,
  openPostgresOperationsJournal,
  openPostgresWorkShare,
} from '@stamp-ledger/postgres';
import type { Engines } from '../engines.js';
import type { OpenRequest, Parts } from '../open-ledger.js';
import { openRuntime } from '../runtime.js';
import { sealingPlaces } from '../sealing/places.js';
import { StatusFile } from '../sealing/status-file.js';
import { followSealing } from './followed-sealing.js';
import { openSharedReadModels } from './shared-read-models.js';
import { tolerantKeys } from './tolerant-keys.js';

/**
 * The ledger on EventStoreDB and PostgreSQL, as one of several processes. The read models are written by the projections
 * service, and the log by the sealer, in the data directory that it shares with this process; what a process does behind
 * accepted commands it shares with the others.
 */
export async function openDistributedParts({
  configuration,
  engines,
  jobs,
  logger,
  onFatal,
}: OpenRequest & { readonly engines: Engines }): Promise<Parts> {
  const directory = configuration.dataDirectory;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const onAway = (what: string) => (error: PortError) =>
    logger.warn({ kind: error.kind, reason: error.message }, `${what} cannot be reached`);
  const store = await openEventStoreDb(engines.eventStoreDb);
  const last = await store.last();
  const runtime = await openRuntime({
    dataDirectory: directory,
    logHasEvents: last !== undefined,
    notBefore: last && recordedAt(last),
  });
  const places = sealingPlaces(directory);
  const sealing = await followSealing({
    file: new StatusFile(places.lock),
    store,
    onUnreadable: (error) => logger.warn({ err: error }, 'what the sealer says cannot be read'),
    onFatal,
  });
  const { url } = engines.database;
  const readModels = await openSharedReadModels({ url, onAway: onAway('the read models'), onFatal });
  const now = (): number => Date.parse(runtime.clock.now());
  const keys = await openPostgresIdempotencyKeys({ url, now });
  const journal = await openPostgresOperationsJournal({ url });
  const share = jobs ? await openPostgresWorkShare({ url }) : undefined;
  return {
    context: createContext({
      store: gatedStore(store, sealing.intake),
      readModels,
      runtime,
      sealing,
      log: createPublishedLog({ store, tiles: openTileFiles({ directory: places.tiles }) }),
      ...(share && { share }),
    }),
    idempotencyKeys: tolerantKeys(keys, onAway('the idempotency keys')),
    journal,
    close: async () => {
      // Not waited for: a write that hangs would hold up the end, and the connections end with the process.
      void journal.close().catch(() => undefined);
      await share?.close();
      await keys.close();
      await readModels.close();
      sealing.close();
      await store.close();
    },
  };
}
