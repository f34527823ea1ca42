import { join } from 'node:path';
import { LIMITS, PortError, type StoredAnswer } from '@stamp-ledger/ports';
import Database from 'better-sqlite3';
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

export interface Storing {
  /** Keys whose rows are deleted first. */
  readonly released: readonly string[];
  readonly requests: readonly StoredRequest[];
  /** Rows of this time or before may be forgotten. */
  readonly expiry: number;
}

type Row = readonly [
  requestHash: string,
  status: number | null,
  headers: string | null,
  body: string | null,
  at: number,
];

/** Requests and their answers in `keys.sqlite`. Methods throw a PortError. */
export class AnswerTable {
  readonly #db: Database.Database;
  readonly #find: Database.Statement<[string], Row>;
  readonly #store: Database.Transaction<(storing: Storing) => void>;

  constructor(directory: string) {
    try {
      this.#db = open(join(directory, 'keys.sqlite'));
      this.#find = this.#db
        .prepare<[string], Row>(
          'SELECT request_hash, status, headers, body, stored_at FROM answer WHERE key = ?',
        )
        .raw();
      const remove = this.#db.prepare<[string]>('DELETE FROM answer WHERE key = ?');
      const put = this.#db.prepare<[string, ...Row]>(
        'INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?, ?)',
      );
      const forget = this.#db.prepare<[number, number, number]>(`
        DELETE FROM answer WHERE rowid IN (SELECT rowid FROM answer ORDER BY rowid LIMIT ?)
          AND (stored_at <= ? OR rowid <= (SELECT max(rowid) FROM answer) - ?)`);
      this.#store = this.#db.transaction(({ released, requests, expiry }) => {
        for (const key of released) remove.run(key);
        for (const request of requests) put.run(request.key, ...rowOf(request));
        forget.run(FORGOTTEN_PER_ROW * requests.length, expiry, LIMITS.idempotencyKeys);
      });
    } catch (error) {
      throw toPortError(error, 'opening keys.sqlite (a cache, which may be deleted)');
    }
  }

  find(key: string): StoredRequest | undefined {
    try {
      const row = this.#find.get(key);
      return row === undefined ? undefined : requestOf(key, row);
    } catch (error) {
      throw toPortError(error, 'reading an answer');
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

  close(): void {
    this.#db.close();
  }
}

const rowOf = ({ requestHash, answer, at }: StoredRequest): Row =>
  answer === undefined
    ? [requestHash, null, null, null, at]
    : [requestHash, answer.status, JSON.stringify(answer.headers), answer.body, at];

const requestOf = (key: string, [requestHash, status, headers, body, at]: Row): StoredRequest =>
  status === null || headers === null || body === null
    ? { key, requestHash, at }
    : { key, requestHash, at, answer: { status, headers: JSON.parse(headers), body } };

function open(file: string): Database.Database {
  const db = new Database(file);
  try {
    db.pragma('journal_mode = WAL');
    // What was stored outlives a power cut: only what the log's last events still tell may be missing.
    db.pragma('synchronous = FULL');
    db.pragma('cache_size = -8192');
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
