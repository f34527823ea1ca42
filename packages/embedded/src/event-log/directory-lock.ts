import { closeSync, fsyncSync, mkdirSync, openSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PortError } from '@stamp-ledger/ports';
import Database from 'better-sqlite3';
import { privateFile } from '../private-file.js';
import { isRefusal, toPortError } from '../sqlite-errors.js';

/** Directories that this process writes to. */
const held = new Set<string>();

export interface DirectoryLock {
  /** The directory, without symbolic links. */
  readonly directory: string;
  release(): void;
}

/**
 * Makes the directory if need be and holds it against every other writer, of this process or another, until released.
 * The lock is an exclusive transaction on `lock.sqlite`: the kernel frees it when the process ends, however it ends.
 * Throws a PortError `unavailable` when somebody else holds it.
 */
export function lockDirectory(path: string): DirectoryLock {
  const directory = makeDirectory(path);
  if (held.has(directory))
    throw new PortError('unavailable', `${directory} is already open for writing in this process`);
  const db = holdExclusively(directory);
  held.add(directory);
  return {
    directory,
    release() {
      db.close();
      held.delete(directory);
    },
  };
}

function makeDirectory(path: string): string {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const directory = realpathSync(path);
    syncDirectory(dirname(directory));
    return directory;
  } catch (error) {
    throw toPortError(error, 'making the directory of the log');
  }
}

function holdExclusively(directory: string): Database.Database {
  const db = new Database(privateFile(join(directory, 'lock.sqlite')), { timeout: 0 });
  try {
    db.exec('BEGIN EXCLUSIVE');
    return db;
  } catch (error) {
    db.close();
    if (isRefusal(error))
      throw new PortError('unavailable', `another process has ${directory} open for writing`, {
        cause: error,
      });
    throw toPortError(error, 'locking the log');
  }
}

/** Makes the names in a directory durable. */
export function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
