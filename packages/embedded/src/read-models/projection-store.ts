import {
  PortError,
  type ProjectionName,
  type ProjectionStore,
  type ProjectionTransactions,
} from '@stamp-ledger/ports';
import type Database from 'better-sqlite3';
import type { Guarded } from './inventory-tables.js';
import { INVENTORY_LAYOUT, LOOK_UP_LAYOUT } from './layout.js';
import { ProgressTable } from './progress-table.js';
import type { Keep } from './rows.js';
import { beginSql, lookUpFile, openToWrite } from './schema.js';
import { readModelError } from './statements.js';
import { inventoryTransactions, lookUpTransactions } from './transactions.js';

const guarded: Guarded = async (work) => {
  try {
    return work();
  } catch (error) {
    throw readModelError(error, 'projecting');
  }
};

/** Every row is written when it is saved. */
const written: Keep = (table) => table;

/**
 * The write side of one generation of read models. Transactions run one at a time, in the order of the calls. A second
 * process that writes to the same files waits, and fails with `unavailable` when it waits too long.
 */
class SqliteProjectionStore implements ProjectionStore {
  readonly #inventory: Database.Database;
  readonly #lookUp: Database.Database;
  readonly #transactions: ProjectionTransactions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(file: string) {
    this.#inventory = openToWrite(file, INVENTORY_LAYOUT);
    try {
      this.#lookUp = openToWrite(lookUpFile(file), LOOK_UP_LAYOUT);
    } catch (error) {
      this.#inventory.close();
      throw error;
    }
    this.#transactions = {
      ...inventoryTransactions({ db: this.#inventory, keep: written, guarded }),
      ...lookUpTransactions({ db: this.#lookUp, keep: written, guarded }),
    };
  }

  progress(): ReturnType<ProjectionStore['progress']> {
    return this.#queued(() =>
      guarded(
        () => new Map([this.#inventory, this.#lookUp].flatMap((db) => [...new ProgressTable(db).all()])),
      ),
    );
  }

  transact<Name extends ProjectionName, Result>(
    projection: Name,
    work: (transaction: ProjectionTransactions[Name]) => Promise<Result>,
  ): Promise<Result> {
    const db = projection === 'inventory' ? this.#inventory : this.#lookUp;
    return this.#queued(async () => {
      await guarded(() => db.exec(beginSql(projection)));
      try {
        const result = await work(this.#transactions[projection]);
        await guarded(() => db.exec('COMMIT'));
        return result;
      } catch (error) {
        // SQLite may have rolled back by itself, as it does when the disk is full.
        if (db.inTransaction) await guarded(() => db.exec('ROLLBACK'));
        throw error;
      }
    });
  }

  close(): Promise<void> {
    return this.#queued(() =>
      guarded(() => {
        this.#inventory.close();
        this.#lookUp.close();
      }),
    );
  }

  #queued<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(() => {
      if (!this.#inventory.open) throw new PortError('unavailable', 'the read models are closed');
      return work();
    });
    this.#last = result.catch(() => undefined);
    return result;
  }
}

/** Opens one generation of read models for writing, made when absent. Throws a PortError. */
export function openEmbeddedProjectionStore({ file }: { readonly file: string }): ProjectionStore {
  try {
    return new SqliteProjectionStore(file);
  } catch (error) {
    throw readModelError(error, 'opening the read models for writing');
  }
}
