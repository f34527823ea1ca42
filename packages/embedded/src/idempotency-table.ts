import { join } from 'node:path';
import { PortError, type StoredAnswer } from '@stamp-ledger/ports';
import Database from 'better-sqlite3';
import { toPortError } from './sqlite-errors.js';

/** Version of the file's layout, in `user_version`. */
const VERSION = 1;
/** Expired rows deleted at a time, more than are written at a time. */
const FORGET_ROWS = 512;

const CREATE = `
  CREATE TABLE answer (
    key TEXT PRIMARY KEY,
    request_hash TEXT NOT NULL,
    status INTEGER NOT NULL,
    headers TEXT NOT NULL,
    body TEXT NOT NULL,
    finished_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX answer_by_age ON answer (finished_at);
  PRAGMA user_version = ${VERSION};
`;

export interface FinishedRequest {
  readonly key: string;
  readonly requestHash: string;
  readonly answer: StoredAnswer;
  readonly finishedAt: number;
}

type Row = readonly [requestHash: string, status: number, headers: string, body: string, finishedAt: number];

/** Finished answers in `keys.sqlite`. Methods throw a PortError. */
export class AnswerTable {
  readonly #db: Database.Database;
  readonly #find: Database.Statement<[string], Row>;
  readonly #store: Database.Transaction<(rows: readonly FinishedRequest[], forgetUpTo: number) => void>;

  constructor(directory: string) {
    try {
      this.#db = open(join(directory, 'keys.sqlite'));
      this.#find = this.#db
        .prepare<[string], Row>(
          'SELECT request_hash, status, headers, body, finished_at FROM answer WHERE key = ?',
        )
        .raw();
      const forget = this.#db.prepare<[number, number]>(
        'DELETE FROM answer WHERE rowid IN (SELECT rowid FROM answer WHERE finished_at <= ? LIMIT ?)',
      );
      const put = this.#db.prepare<[string, string, number, string, string, number]>(
        'INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?, ?)',
      );
      this.#store = this.#db.transaction((rows, forgetUpTo) => {
        forget.run(forgetUpTo, FORGET_ROWS);
        for (const { key, requestHash, answer, finishedAt } of rows)
          put.run(key, requestHash, answer.status, JSON.stringify(answer.headers), answer.body, finishedAt);
      });
    } catch (error) {
      throw toPortError(error, 'opening keys.sqlite (a cache, which may be deleted)');
    }
  }

  find(key: string): FinishedRequest | undefined {
    try {
      const row = this.#find.get(key);
      if (row === undefined) return undefined;
      const [requestHash, status, headers, body, finishedAt] = row;
      return { key, requestHash, answer: { status, headers: JSON.parse(headers), body }, finishedAt };
    } catch (error) {
      throw toPortError(error, 'reading an answer');
    }
  }

  /** Stores the rows and forgets some of the old ones, in one transaction. */
  store(rows: readonly FinishedRequest[], { forgetUpTo }: { readonly forgetUpTo: number }): void {
    try {
      this.#store.immediate(rows, forgetUpTo);
    } catch (error) {
      throw toPortError(error, 'storing answers');
    }
  }

  close(): void {
    this.#db.close();
  }
}

function open(file: string): Database.Database {
  const db = new Database(file);
  try {
    db.pragma('journal_mode = WAL');
    // A power cut may take the latest answers, never the file's soundness.
    db.pragma('synchronous = NORMAL');
    db.pragma('cache_size = -8192');
    db.transaction(() => {
      const version = db.pragma('user_version', { simple: true });
      if (version === 0) db.exec(CREATE);
      else if (version !== VERSION)
        throw new PortError('unavailable', `keys.sqlite has version ${String(version)}, not ${VERSION}`);
    }).immediate();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
