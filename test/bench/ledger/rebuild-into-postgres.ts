import { setTimeout as sleep } from 'node:timers/promises';
import { runProjections } from '@stamp-ledger/app';
import { serde } from '@stamp-ledger/codec';
import { openEmbeddedLogReader } from '@stamp-ledger/embedded';
import { migratePostgres, openPostgresProjectionStore } from '@stamp-ledger/postgres';

/**
 * Projects a whole embedded log into an empty database with what a rebuild of the distributed ledger uses; answers the
 * milliseconds it took. The log is the embedded one, so that the figure is the sink's and not that of a double.
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
  const store = await openPostgresProjectionStore({ url });
  const atEnd = new AbortController();
  let halted: string | undefined;
  const start = performance.now();
  try {
    await runProjections({
      read: async (request) => log.readAll(request),
      readStream: async (request) => log.readStream(request),
      decode: serde.decode,
      store,
      signal: atEnd.signal,
      onStatus: (statuses) => {
        halted ??= statuses.find((status) => status.halted !== undefined)?.halted;
        if (halted !== undefined) atEnd.abort();
      },
      waitForMore: async () => atEnd.abort(),
      sleep: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }),
    });
    if (halted !== undefined) throw new Error(`a projection halted: ${halted}`);
    return performance.now() - start;
  } finally {
    await store.close();
    log.close();
  }
}
