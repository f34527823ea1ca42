import { closeSync, fsyncSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { PortError } from '@stamp-ledger/ports';
import Database from 'better-sqlite3';
import { privateFile } from '../private-file.js';
import { type Layout, READ_MODELS_VERSION } from './layout.js';

const WRITER_CACHE_KIB = 32_768;
const READER_CACHE_KIB = 8_192;
const BUILDER_CACHE_KIB = 32_768;
/** Pages of write-ahead log (4 KiB each) after which it is copied into the file. */
const CHECKPOINT_PAGES = 16_000;
const BUSY_MILLISECONDS = 5_000;

/** A generation of the read models by the file of its inventory; {@link lookUpFile} is beside it. */
export const readModelsFile = (directory: string, generation: number): string =>
  join(directory, `read-models-${generation}.sqlite`);

export const lookUpFile = (file: string): string => `${file}-look-up`;

/** Opens a file for writing, making it and its tables when absent. Throws as SQLite does. */
export function openToWrite(file: string, { tables, indexes }: Layout): Database.Database {
  return opened(new Database(privateFile(file), { timeout: BUSY_MILLISECONDS }), (db) => {
    db.pragma('journal_mode = WAL');
    // Derived data: what a crash takes back, the log tells again. Set on every open, the library's default differs.
    db.pragma('synchronous = NORMAL');
    db.pragma('temp_store = MEMORY');
    db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    db.pragma(`cache_size = -${WRITER_CACHE_KIB}`);
    db.transaction(() => {
      const version = versionOf(db);
      if (version !== 0 && version !== READ_MODELS_VERSION) throw otherVersion(version);
      if (version === 0) db.exec(tables + indexes + MARK);
    }).immediate();
  });
}

/**
 * Makes a new file to be filled in one go by {@link endBuilding}: no journal, nothing durable, no index but those of keys.
 * Until then its version is that of no read models, so a crash leaves a file that nobody takes for one.
 */
export function openToBuild(file: string, { tables }: Layout): Database.Database {
  return opened(new Database(privateFile(file)), (db) => {
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma('journal_mode = OFF');
    db.pragma('synchronous = OFF');
    db.pragma(`cache_size = -${BUILDER_CACHE_KIB}`);
    db.exec(`BEGIN; ${tables}`);
  });
}

/** Makes the indexes and leaves a whole and durable file. */
export function endBuilding(db: Database.Database, { indexes }: Layout): void {
  db.exec(`${indexes} ${MARK} COMMIT;`);
  const { name } = db;
  db.close();
  const descriptor = openSync(name, 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Opens an existing file for reading only. Throws as SQLite does. */
export function openToRead(file: string): Database.Database {
  return opened(
    new Database(file, { readonly: true, fileMustExist: true, timeout: BUSY_MILLISECONDS }),
    (db) => {
      db.pragma('query_only = ON');
      db.pragma(`cache_size = -${READER_CACHE_KIB}`);
      if (versionOf(db) !== READ_MODELS_VERSION) throw otherVersion(versionOf(db));
    },
  );
}

function opened(db: Database.Database, prepare: (db: Database.Database) => void): Database.Database {
  try {
    prepare(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

const MARK = `PRAGMA user_version = ${READ_MODELS_VERSION};`;

const versionOf = (db: Database.Database): number => Number(db.pragma('user_version', { simple: true }));

const otherVersion = (version: number): PortError =>
  new PortError(
    'corrupt',
    `the read models have version ${version}, this program makes ${READ_MODELS_VERSION}`,
  );
