import type { ProgressWrite, ProjectionName, ProjectionTransactions } from '@stamp-ledger/ports';
import type Database from 'better-sqlite3';
import { AuditTable } from './audit-table.js';
import { type Guarded, InventoryTables, inventoryTransaction } from './inventory-tables.js';
import { ProgressTable } from './progress-table.js';
import type { Keep } from './rows.js';
import { VerificationTable } from './verification-table.js';

interface Tables {
  readonly db: Database.Database;
  readonly keep: Keep;
  readonly guarded: Guarded;
}

/** What its projection does with the file of the inventory. */
export function inventoryTransactions({
  db,
  keep,
  guarded,
}: Tables): Pick<ProjectionTransactions, 'inventory'> {
  const inventory = new InventoryTables(db, keep);
  const { loadProgress, saving } = progressIn(db, guarded);
  return {
    inventory: {
      ...inventoryTransaction(inventory, guarded),
      loadProgress: loadProgress('inventory'),
      save: saving('inventory', (write) => inventory.save(write)),
    },
  };
}

/** What their projections do with the file of the verification model and the audit index. */
export function lookUpTransactions({
  db,
  keep,
  guarded,
}: Tables): Pick<ProjectionTransactions, 'verification' | 'audit-index'> {
  const views = keep(new VerificationTable(db), ({ serial }) => serial);
  const audit = new AuditTable(db);
  const { loadProgress, saving } = progressIn(db, guarded);
  return {
    verification: {
      loadProgress: loadProgress('verification'),
      loadStamps: (serials) => guarded(() => views.load(serials)),
      save: saving('verification', ({ stamps }) => views.save(stamps)),
    },
    'audit-index': {
      loadProgress: loadProgress('audit-index'),
      loadIndexed: (positions) => guarded(() => audit.indexed(positions)),
      save: saving('audit-index', ({ events }) => audit.append(events)),
    },
  };
}

function progressIn(db: Database.Database, guarded: Guarded) {
  const progress = new ProgressTable(db);
  return {
    loadProgress: (projection: ProjectionName) => () => guarded(() => progress.get(projection)),
    saving:
      <Write extends ProgressWrite>(projection: ProjectionName, save: (write: Write) => void) =>
      (write: Write): Promise<void> =>
        guarded(() => {
          save(write);
          progress.save(projection, write);
        }),
  };
}
