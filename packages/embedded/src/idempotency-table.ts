import { join } from 'node:path';
import { LIMITS, PortError, type StoredAnswer } from '@stamp-ledger/ports';
import Database from 'better-sqlite3';
import { type AnswerRow, requestOf, type Storing } from './answer-protocol.js';
import { LIMIT } from './limit.js';
import { privateFile } from './private-file.js';
import { toPortError } from './sqlite-errors.js';

/** Version of the file's layout and of what its keys mean, in `user_version`. */
const VERSION = 2;
/** Old rows that may be deleted for each row written: small steps that still get ahead. */
const FORGOTTEN_PER_ROW = 2;

/** A row without an answer is a request that was still running. Later rows have greater `rowid`. */
const CREATE = `
  DROP TABLE IF EXISTS answer;
  CREATE TABLE answer (
    key TEXT PRIMARY KEY,
    request_hash TEXT NOT NULL,
    status INTEGER,
    headers TEXT,
    body TEXT,
    stored_at INTEGER NOT NULL
  ) STRICT;
  PRAGMA user_version = ${VERSION};
`;

/** A key and the hash of the request that it belongs to. */
export interface KnownRequest {
  readonly key: string;
  readonly requestHash: string;
}

export interface StoredRequest extends KnownRequest {
  /** Absent while the request runs. */
  readonly answer?: StoredAnswer;
  /** When it was answered, or else when it was stored. */
  readonly at: number;
}

export type Answered = StoredRequest & { readonly answer: StoredAnswer };

const fileIn = (directory: string): string => join(directory, 'keys.sqlite');

/** Requests and their answers in `keys.sqlite`, for the one thread that writes them. Methods throw a PortError. */
export class AnswerTable {
  readonly #db: Database.Database;
  readonly #store: Database.Transaction<(storing: Storing) => void>;
  readonly #keys: Database.Statement<[string, number], string>;

  /** Makes the file when it is absent. */
  constructor(directory: string) {
    try {
      this.#db = open(fileIn(directory));
      const remove = this.#db.prepare<[string]>('DELETE FROM answer WHERE key = ?');
      const put = this.#db.prepare<[...AnswerRow]>('INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?, ?)');
      const forget = this.#db.prepare<[number, number, number]>(`
        DELETE FROM answer WHERE rowid IN (SELECT rowid FROM answer ORDER BY rowid ${LIMIT})
          AND (stored_at <= ? OR rowid <= (SELECT max(rowid) FROM answer) - ?)`);
      this.#keys = this.#db
        .prepare<[string, number], string>(`SELECT key FROM answer WHERE key > ? ORDER BY key ${LIMIT}`)
        .pluck();
      this.#store = this.#db.transaction(({ released, rows, expiry }) => {
        for (const key of released) remove.run(key);
        for (const row of rows) put.run(...row);
        forget.run(FORGOTTEN_PER_ROW * rows.length, expiry, LIMITS.idempotencyKeys);
      });
    } catch (error) {
      throw toPortError(error, OPENING);
    }
  }

  /** Stores the requests and forgets some of the old ones, in one transaction. */
  store(storing: Storing): void {
    try {
      this.#store.immediate(storing);
    } catch (error) {
      throw toPortError(error, 'storing answers');
    }
  }

  count(): number {
    return Number(this.#db.prepare('SELECT count(*) FROM answer').pluck().get());
  }

  /** Keys in their own order: they are read from their index, a thirtieth of what the answers beside them take. */
  keysAfter(key: string, limit: number): readonly string[] {
    return this.#keys.all(key, limit);
  }

  close(): void {
    this.#db.close();
  }
}

/** Finds what {@link AnswerTable} stored, on any thread. Methods throw a PortError. */
export class AnswerReader {
  readonly #db: Database.Database;
  readonly #find: Database.Statement<[string], AnswerRow>;

  /** The file must be there. */
  constructor(directory: string) {
    try {
      this.#db = new Database(fileIn(directory), { readonly: true, fileMustExist: true });
      this.#find = this.#db
        .prepare<[string], AnswerRow>(
          'SELECT key, request_hash, status, headers, body, stored_at FROM answer WHERE key = ?',
        )
        .raw();
    } catch (error) {
      throw toPortError(error, OPENING);
    }
  }

  find(key: string): StoredRequest | undefined {
    try {
      const row = this.#find.get(key);
      return row === undefined ? undefined : requestOf(row);
    } catch (error) {
      throw toPortError(error, 'reading an answer');
    }
  }

  close(): void {
    this.#db.close();
  }
}

const OPENING = 'opening keys.sqlite (a cache, which may be deleted)';

function open(file: string): Database.Database {
  const db = new Database(privateFile(file));
  try {
    db.pragma('journal_mode = WAL');
    // What was stored outlives a power cut: only what the log's last events still tell may be missing.
    db.pragma('synchronous = FULL');
    // Small, as that of the log's writer: SQLite walks through all of it at the end of nearly every transaction.
    db.pragma('cache_size = -2048');
    db.transaction(() => {
      const version = db.pragma('user_version', { simple: true });
      // The keys of version 1 were other hashes, which nobody asks for any more.
      if (version === 0 || version === 1) db.exec(CREATE);
      else if (version !== VERSION)
        throw new PortError('unavailable', `keys.sqlite has version ${String(version)}, not ${VERSION}`);
    }).immediate();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
