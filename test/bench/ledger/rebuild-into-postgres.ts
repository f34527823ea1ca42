import { setTimeout as sleep } from 'node:timers/promises';
import { readThrough } from '@stamp-ledger/app';
import { serde } from '@stamp-ledger/codec';
import { openEmbeddedLogReader } from '@stamp-ledger/embedded';
import { migratePostgres, openPostgresProjectionStore, openPostgresRebuilds } from '@stamp-ledger/postgres';

/**
 * Projects a whole embedded log into a new generation of a database, as a rebuild of the distributed ledger does, up to
 * the swap; answers the milliseconds it took. The log is the embedded one, so that the figure is the sink's and not that of a double.
 */
export async function rebuildIntoPostgres({
  directory,
  url,
}: {
  readonly directory: string;
  readonly url: string;
}): Promise<number> {
  await migratePostgres({ url });
  const log = openEmbeddedLogReader({ directory });
  const rebuilds = await openPostgresRebuilds({ url });
  let halted: string | undefined;
  const start = performance.now();
  const generation = await rebuilds.createGeneration();
  const store = await openPostgresProjectionStore({ url, generation });
  try {
    await readThrough({
      read: async (request) => log.readAll(request),
      readStream: async (request) => log.readStream(request),
      decode: serde.decode,
      store,
      signal: new AbortController().signal,
      onStatus: (statuses) => {
        halted ??= statuses.find((status) => status.halted !== undefined)?.halted;
      },
      sleep: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }),
    });
    if (halted !== undefined) throw new Error(`a projection halted: ${halted}`);
    await rebuilds.swapGeneration(generation);
    return performance.now() - start;
  } finally {
    await store.close();
    await rebuilds.close();
    log.close();
  }
}
