import { join } from 'node:path';
import { PAYLOAD } from '../harness/payload.js';
import type { Appender } from './appender.js';
import { importPeer } from './install.js';

interface Database {
  readonly flushed: Promise<unknown>;
  put(key: readonly unknown[], value: string): Promise<boolean>;
  ifNoExists(key: readonly unknown[], write: () => void): Promise<boolean>;
  close(): Promise<void>;
}

interface Lmdb {
  open(options: { readonly path: string }): Database;
}

/** A key-value store: no ids, no order of all events, no idempotency. An acknowledgement waits for its flush. */
export async function openLmdb(directory: string): Promise<Appender> {
  const { open } = await importPeer<Lmdb>('embedded', 'lmdb');
  const db = open({ path: join(directory, 'lmdb') });
  return {
    append: async (index) => {
      const key = [`stamp-${index}`, 0];
      const value = `${PAYLOAD.id(index)}${PAYLOAD.type}${PAYLOAD.data(index)}${PAYLOAD.metadata}`;
      if (!(await db.ifNoExists(key, () => void db.put(key, value))))
        throw new Error('the stream is not new');
      await db.flushed;
    },
    close: () => db.close(),
  };
}
