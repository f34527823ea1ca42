import { mkdir } from 'node:fs/promises';
import { createContext } from '@stamp-ledger/app';
import { recordedAt } from '@stamp-ledger/codec';
import {
  openEmbeddedEventStore,
  openEmbeddedIdempotencyKeys,
  openEmbeddedOperationsJournal,
} from '@stamp-ledger/embedded';
import { LIMITS } from '@stamp-ledger/ports';
import type { OpenRequest, Parts } from './open-ledger.js';
import { openEmbeddedReadModels } from './read-models/embedded-read-models.js';
import { recentCommands } from './recent-commands.js';
import { openRuntime } from './runtime.js';

/** Everything of the ledger that needs no server: SQLite and files in the data directory. */
export async function openEmbeddedParts({ configuration, onFatal }: OpenRequest): Promise<Parts> {
  const directory = configuration.dataDirectory;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const store = await openEmbeddedEventStore({ directory, onFatal });
  const last = await store.last();
  const runtime = await openRuntime({
    dataDirectory: directory,
    logHasEvents: last !== undefined,
    notBefore: last && recordedAt(last),
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
    context: createContext({ store, readModels, runtime }),
    idempotencyKeys,
    journal,
    close: async () => {
      await journal.close();
      await idempotencyKeys.close();
      await readModels.close();
      await store.close();
    },
  };
}
