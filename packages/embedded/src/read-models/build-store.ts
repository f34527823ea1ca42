import {
  LIMITS,
  PortError,
  type ProjectionName,
  type ProjectionStore,
  type ProjectionTransactions,
} from '@stamp-ledger/ports';
import type Database from 'better-sqlite3';
import type { Guarded } from './inventory-tables.js';
import { INVENTORY_LAYOUT, type Layout, LOOK_UP_LAYOUT } from './layout.js';
import { ProgressTable } from './progress-table.js';
import { HeldRows, type Keep } from './rows.js';
import { endBuilding, lookUpFile, openToBuild } from './schema.js';
import { readModelError } from './statements.js';
import { inventoryTransactions, lookUpTransactions } from './transactions.js';

/** Projections whose rows are in one file: the files of a generation can be built side by side. */
export const READ_MODEL_PARTS = [
  ['inventory'],
  ['verification', 'audit-index'],
] as const satisfies readonly (readonly ProjectionName[])[];
export type ReadModelPart = (typeof READ_MODEL_PARTS)[number];

/**
 * A file of read models on its way to be whole. As a {@link ProjectionStore}, except that nothing is kept before `finish`
 * and that a failure leaves nothing to go on from: the file has to be thrown away.
 */
export interface ReadModelsBuild extends ProjectionStore {
  /** Makes the file whole and durable, and closes it. */
  finish(): Promise<void>;
}

/** Any failure: what was half saved is not taken back. */
const guarded: Guarded = async (work) => {
  try {
    return work();
  } catch (error) {
    throw new PortError('corrupt', readModelError(error, 'building the read models').message, {
      cause: error,
    });
  }
};

interface BuildOptions {
  readonly file: string;
  readonly part: ReadModelPart;
  /** For tests. */
  readonly heldRows?: number;
}

class SqliteBuild implements ReadModelsBuild {
  readonly #db: Database.Database;
  readonly #layout: Layout;
  readonly #held: { flush(): void }[] = [];
  readonly #transactions: Partial<ProjectionTransactions>;

  constructor({ file, part, heldRows = LIMITS.rebuildHeldRows }: BuildOptions) {
    const isInventory = part[0] === 'inventory';
    this.#layout = isInventory ? INVENTORY_LAYOUT : LOOK_UP_LAYOUT;
    this.#db = openToBuild(isInventory ? file : lookUpFile(file), this.#layout);
    const keep: Keep = (table, keyOf) => {
      const held = new HeldRows(table, { keyOf, most: heldRows });
      this.#held.push(held);
      return held;
    };
    const tables = { db: this.#db, keep, guarded };
    this.#transactions = isInventory ? inventoryTransactions(tables) : lookUpTransactions(tables);
  }

  progress(): ReturnType<ProjectionStore['progress']> {
    return guarded(() => new ProgressTable(this.#db).all());
  }

  transact<Name extends ProjectionName, Result>(
    projection: Name,
    work: (transaction: ProjectionTransactions[Name]) => Promise<Result>,
  ): Promise<Result> {
    const transaction = this.#transactions[projection];
    if (transaction === undefined) throw new Error(`${projection} has its rows in another file`);
    return work(transaction);
  }

  finish(): Promise<void> {
    return guarded(() => {
      for (const held of this.#held) held.flush();
      endBuilding(this.#db, this.#layout);
    });
  }

  close(): Promise<void> {
    return guarded(() => void this.#db.close());
  }
}

/** Begins to build one file of a generation that is not there yet. Throws a PortError. */
export function openEmbeddedBuild(options: BuildOptions): ReadModelsBuild {
  try {
    return new SqliteBuild(options);
  } catch (error) {
    throw readModelError(error, 'beginning to build the read models');
  }
}
