import {
  PortError,
  type ProgressWrite,
  type ProjectionName,
  type ProjectionStore,
  type ProjectionTransactions,
} from '@stamp-ledger/ports';
import type Database from 'better-sqlite3';
import { AuditTable } from './audit-table.js';
import { type Guarded, InventoryTables, inventoryTransaction } from './inventory-tables.js';
import { ProgressTable } from './progress-table.js';
import { openToWrite } from './schema.js';
import { readModelError } from './statements.js';
import { VerificationTable } from './verification-table.js';

const guarded: Guarded = async (work) => {
  try {
    return work();
  } catch (error) {
    throw readModelError(error, 'projecting');
  }
};

/**
 * The write side of the read models in one SQLite file. Transactions run one at a time, in the order of the calls. A
 * second process that writes to the same file waits, and fails with `unavailable` when it waits too long.
 */
class SqliteProjectionStore implements ProjectionStore {
  readonly #db: Database.Database;
  readonly #progress: ProgressTable;
  readonly #transactions: ProjectionTransactions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(file: string) {
    this.#db = openToWrite(file);
    this.#progress = new ProgressTable(this.#db);
    this.#transactions = this.#makeTransactions();
  }

  #makeTransactions(): ProjectionTransactions {
    const inventory = new InventoryTables(this.#db);
    const verification = new VerificationTable(this.#db);
    const audit = new AuditTable(this.#db);
    const saving =
      <Write extends ProgressWrite>(projection: ProjectionName, save: (write: Write) => void) =>
      (write: Write): Promise<void> =>
        guarded(() => {
          save(write);
          this.#progress.save(projection, write);
        });
    const loadProgress = (projection: ProjectionName) => () => guarded(() => this.#progress.get(projection));
    return {
      inventory: {
        ...inventoryTransaction(inventory, guarded),
        loadProgress: loadProgress('inventory'),
        save: saving('inventory', (write) => inventory.save(write)),
      },
      verification: {
        loadProgress: loadProgress('verification'),
        loadStamps: (serials) => guarded(() => verification.load(serials)),
        save: saving('verification', ({ stamps }) => verification.save(stamps)),
      },
      'audit-index': {
        loadProgress: loadProgress('audit-index'),
        loadIndexed: (positions) => guarded(() => audit.indexed(positions)),
        save: saving('audit-index', ({ events }) => audit.append(events)),
      },
    };
  }

  progress(): ReturnType<ProjectionStore['progress']> {
    return this.#queued(() => guarded(() => this.#progress.all()));
  }

  transact<Name extends ProjectionName, Result>(
    projection: Name,
    work: (transaction: ProjectionTransactions[Name]) => Promise<Result>,
  ): Promise<Result> {
    return this.#queued(async () => {
      await guarded(() => this.#db.exec('BEGIN IMMEDIATE'));
      try {
        const result = await work(this.#transactions[projection]);
        await guarded(() => this.#db.exec('COMMIT'));
        return result;
      } catch (error) {
        // SQLite may have rolled back by itself, as it does when the disk is full.
        if (this.#db.inTransaction) await guarded(() => this.#db.exec('ROLLBACK'));
        throw error;
      }
    });
  }

  close(): Promise<void> {
    return this.#queued(() => guarded(() => void this.#db.close()));
  }

  #queued<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(() => {
      if (!this.#db.open) throw new PortError('unavailable', 'the read models are closed');
      return work();
    });
    this.#last = result.catch(() => undefined);
    return result;
  }
}

/** Opens one file of read models for writing, made when absent. Throws a PortError. */
export function openEmbeddedProjectionStore({ file }: { readonly file: string }): ProjectionStore {
  try {
    return new SqliteProjectionStore(file);
  } catch (error) {
    throw readModelError(error, 'opening the read models for writing');
  }
}
