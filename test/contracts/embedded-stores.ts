import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeysUnderTest, SealedFilesUnderTest, StoreUnderTest } from '@stamp-ledger/contracts';
import {
  type KnownRequest,
  openCheckpointLock,
  openEmbeddedEventStore,
  openEmbeddedIdempotencyKeys,
  openTileFiles,
} from '@stamp-ledger/embedded';
import type { EventStore } from '@stamp-ledger/ports';

export const temporaryDirectory = (): Promise<string> => mkdtemp(join(tmpdir(), 'stamp-ledger-'));

/** Stands between the suite and the store: the mutants' way in. */
export type Wrap = (store: EventStore) => EventStore;

/** An embedded event store in a directory of its own. */
export async function embeddedEventStore(wrap: Wrap = (store) => store): Promise<StoreUnderTest> {
  const directory = await temporaryDirectory();
  const opened: EventStore[] = [];
  let destroyed = false;
  const open = async (path: string): Promise<EventStore> => {
    if (destroyed) throw new Error('the case is over');
    const store = wrap(await openEmbeddedEventStore({ directory: path }));
    opened.push(store);
    return store;
  };
  return {
    store: await open(directory),
    async reopen() {
      await opened.at(-1)?.close();
      return open(directory);
    },
    /** A copy of the files is what the kernel keeps of a process that was killed: nothing is flushed by the store. */
    async crash() {
      const image = join(directory, `crash-${opened.length}`);
      await mkdir(image);
      for (const file of ['log.sqlite', 'log.sqlite-wal'])
        await copyFile(join(directory, file), join(image, file));
      return open(image);
    },
    async destroy() {
      destroyed = true;
      await Promise.all(opened.map((store) => store.close()));
      await rm(directory, { recursive: true });
    },
  };
}

/** Embedded idempotency keys in a directory and a time of their own. */
export async function embeddedIdempotencyKeys(): Promise<KeysUnderTest> {
  const directory = await temporaryDirectory();
  let now = Date.UTC(2024, 8, 6);
  const open = (recent: readonly KnownRequest[] = []) =>
    openEmbeddedIdempotencyKeys({ directory, now: () => now, recent });
  let keys = await open();
  return {
    keys,
    async reopen(recent) {
      await keys.close();
      keys = await open(recent);
      return keys;
    },
    advance(milliseconds) {
      now += milliseconds;
    },
    async destroy() {
      await keys.close();
      await rm(directory, { recursive: true });
    },
  };
}

/** Tile files and a lock in directories of their own. */
export async function embeddedSealedFiles(): Promise<SealedFilesUnderTest> {
  const directory = await temporaryDirectory();
  const locks: { close(): void }[] = [];
  const open = async () => {
    const lock = await openCheckpointLock({ directory: join(directory, 'lock') });
    locks.push(lock);
    return { tiles: openTileFiles({ directory: join(directory, 'log') }), lock };
  };
  return {
    ...(await open()),
    reopen: open,
    async destroy() {
      for (const lock of locks) lock.close();
      await rm(directory, { recursive: true });
    },
  };
}
