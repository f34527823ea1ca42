import { join } from 'node:path';
import { type CheckpointLock, PortError } from '@stamp-ledger/ports';
import Database from 'better-sqlite3';
import { isRefusal, sqliteCode, toPortError } from '../sqlite-errors.js';
import { makeDirectories, toFileError } from './durable-files.js';

/** Name of the file in its directory. */
export const CHECKPOINT_LOCK_FILE = 'signed.sqlite';

/**
 * The last signed checkpoint in a directory of its own: an SQLite file, whose transaction is the compare-and-swap, also
 * between processes. Keep it on another volume than the event data where there is one, and out of the backups that the
 * event data is restored from.
 */
export async function openCheckpointLock({
  directory,
}: {
  readonly directory: string;
}): Promise<CheckpointLock & { close(): void }> {
  try {
    await makeDirectories(directory);
  } catch (error) {
    throw toFileError(error, 'making the directory of the signed checkpoint');
  }
  const db = open(join(directory, CHECKPOINT_LOCK_FILE));
  const select = db.prepare<[], Buffer>('SELECT note FROM signed WHERE one = 1').pluck();
  const upsert = db.prepare<[Uint8Array]>(
    'INSERT INTO signed (one, note) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET note = excluded.note',
  );
  const swap = db.transaction(({ from, to }: Parameters<CheckpointLock['replace']>[0]): boolean => {
    const held = select.get();
    if (held?.equals(to) === true) return true;
    if (from === undefined ? held !== undefined : held?.equals(from) !== true) return false;
    upsert.run(to);
    return true;
  });
  return {
    read: async () => using(() => select.get()),
    replace: async (change) => using(() => swap.immediate(change)),
    close: () => db.close(),
  };

  function using<Result>(call: () => Result): Result {
    if (!db.open) throw new PortError('unavailable', 'the signed checkpoint is closed');
    try {
      return call();
    } catch (error) {
      // As for the log: after a failed write that was not merely refused, what is on disk is unknown.
      if (sqliteCode(error) !== undefined && !isRefusal(error))
        throw new PortError('corrupt', 'the signed checkpoint cannot be relied on', { cause: error });
      throw toPortError(error, 'the signed checkpoint');
    }
  }
}

function open(file: string): Database.Database {
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { timeout: 5_000 });
    // A rollback journal, not WAL: the file is whole by itself, and may lie where shared memory does not reach.
    db.pragma('journal_mode = DELETE');
    db.pragma('synchronous = EXTRA');
    db.exec(
      'CREATE TABLE IF NOT EXISTS signed (one INTEGER PRIMARY KEY CHECK (one = 1), note BLOB NOT NULL) STRICT',
    );
    return db;
  } catch (error) {
    db?.close();
    throw toPortError(error, 'opening the signed checkpoint');
  }
}
