import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PortError } from '@stamp-ledger/ports';
import Database from 'better-sqlite3';
import { privateFile } from '../private-file.js';

/** Version of the file's layout, kept in `user_version`. It only ever goes up; an older program refuses a newer file. */
export const LOG_SCHEMA_VERSION = 1;

/**
 * Small: while a file has less than 1 GiB SQLite walks through its whole cache at the end of nearly every transaction
 * (balancing a tree names a page behind the end for a moment), and a page that it let go of is still in the system's cache.
 */
const WRITER_CACHE_KIB = 4_096;
/** Pages that a transaction may change before they are written ahead of its end, and again when they change once more. */
const SPILL_PAGES = 8_192;
const READER_CACHE_KIB = 8_192;
const SYNCHRONOUS_FULL = 2;

/**
 * One row an event. The triggers keep everybody who opens the file from changing or deleting one. `position` is the
 * rowid, so reading in global order is one scan; the unique index is the stream.
 */
const CREATE = `
  CREATE TABLE event (
    position INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    revision INTEGER NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    metadata TEXT NOT NULL,
    UNIQUE (stream, revision)
  ) STRICT;
  CREATE TRIGGER event_is_never_updated BEFORE UPDATE ON event
    BEGIN SELECT RAISE(ABORT, 'an event is never updated'); END;
  CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event
    BEGIN SELECT RAISE(ABORT, 'an event is never deleted'); END;
  PRAGMA user_version = ${LOG_SCHEMA_VERSION};
`;

export const logFile = (directory: string): string => join(directory, 'log.sqlite');

/** Whether a log was ever made in the directory. */
export const hasEmbeddedLog = (directory: string): boolean => existsSync(logFile(directory));

/**
 * Opens the log for writing, creating it when absent. Throws when the file cannot be made durable (write-ahead log with
 * `synchronous=FULL`, which the library lowers on every reopen unless told) or is of a newer version.
 */
export function openForWriting(directory: string): Database.Database {
  const db = new Database(privateFile(logFile(directory)));
  try {
    requirePragma(db, 'journal_mode', 'WAL', 'wal');
    requirePragma(db, 'synchronous', 'FULL', SYNCHRONOUS_FULL);
    requirePragma(db, 'fullfsync', 'ON', 1);
    requirePragma(db, 'checkpoint_fullfsync', 'ON', 1);
    requirePragma(db, 'recursive_triggers', 'ON', 1);
    requirePragma(db, 'wal_autocheckpoint', '0', 0);
    db.pragma('temp_store = MEMORY');
    db.pragma(`cache_size = -${WRITER_CACHE_KIB}`);
    db.pragma(`cache_spill = ${SPILL_PAGES}`);
    migrate(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Opens an existing log for reading only. */
export function openForReading(directory: string): Database.Database {
  const db = new Database(logFile(directory), { readonly: true, fileMustExist: true });
  try {
    db.pragma('query_only = ON');
    db.pragma(`cache_size = -${READER_CACHE_KIB}`);
    if (versionOf(db) !== LOG_SCHEMA_VERSION) throw otherVersion(versionOf(db));
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function migrate(db: Database.Database): void {
  db.transaction(() => {
    const version = versionOf(db);
    if (version > LOG_SCHEMA_VERSION) throw otherVersion(version);
    if (version === 0) db.exec(CREATE);
  }).immediate();
}

const versionOf = (db: Database.Database): number => Number(db.pragma('user_version', { simple: true }));

const otherVersion = (version: number): PortError =>
  new PortError('unavailable', `the log has version ${version}, this program reads ${LOG_SCHEMA_VERSION}`);

/** Sets a pragma and reads it back: SQLite ignores what it does not know or cannot do. */
function requirePragma(db: Database.Database, name: string, value: string, expected: string | number): void {
  db.pragma(`${name} = ${value}`);
  const actual = db.pragma(name, { simple: true });
  if (actual !== expected) throw new PortError('unavailable', `SQLite keeps ${name} at ${String(actual)}`);
}
