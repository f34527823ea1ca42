import type { AllocationId, BatchId, OrderId, Serial } from '@stamp-ledger/domain';
import type { InventoryTransaction, InventoryWrite, OrderRow, StampRow } from '@stamp-ledger/ports';
import type Database from 'better-sqlite3';
import { LotTables } from './lot-tables.js';
import { MoneyTables } from './money-tables.js';
import { PaymentTable } from './payment-table.js';
import type { Keep, Rows } from './rows.js';
import { StampTable } from './stamp-table.js';
import { IncidentTable, JobTable, OrderTable } from './work-tables.js';

/** All tables of the inventory. Synchronous; throws as SQLite does. */
export class InventoryTables {
  readonly stamps: Rows<Serial, StampRow>;
  readonly changes: StampTable;
  readonly orders: Rows<OrderId, OrderRow>;
  readonly batches: JobTable<BatchId>;
  readonly allocations: JobTable<AllocationId>;
  readonly incidents: IncidentTable;
  readonly lots: LotTables;
  readonly money: MoneyTables;
  readonly payments: PaymentTable;

  constructor(db: Database.Database, keep: Keep) {
    this.changes = new StampTable(db);
    this.stamps = keep(this.changes, ({ serial }) => serial);
    this.orders = keep(new OrderTable(db), ({ orderId }) => orderId);
    this.batches = new JobTable(db, 'batch');
    this.allocations = new JobTable(db, 'allocation');
    this.incidents = new IncidentTable(db);
    this.lots = new LotTables(db);
    this.money = new MoneyTables(db);
    this.payments = new PaymentTable(db);
  }

  save(write: InventoryWrite): void {
    this.stamps.save(write.stamps);
    this.changes.append(write.stampChanges);
    this.orders.save(write.orders);
    this.batches.save(write.batches);
    this.allocations.save(write.allocations);
    this.incidents.save(write.incidents);
    this.lots.save(write);
    this.money.save(write);
    this.payments.append(write.payments);
  }
}

/** Runs a piece of work, turning what it throws into a PortError. */
export type Guarded = <Result>(work: () => Result) => Promise<Result>;

/** The tables as the port wants them. */
export function inventoryTransaction(
  tables: InventoryTables,
  guarded: Guarded,
): Omit<InventoryTransaction, 'loadProgress' | 'save'> {
  return {
    loadBook: () => guarded(() => tables.lots.book()),
    loadStamps: (serials) => guarded(() => tables.stamps.load(serials)),
    loadOrders: (ids) => guarded(() => tables.orders.load(ids)),
    loadBatches: (ids) => guarded(() => tables.batches.load(ids)),
    loadAllocations: (ids) => guarded(() => tables.allocations.load(ids)),
    loadIncidents: (ids) => guarded(() => tables.incidents.load(ids)),
    loadLots: (ids) => guarded(() => tables.lots.load(ids)),
    findLots: ({ batches, channels }) => guarded(() => tables.lots.find(batches, channels)),
    loadMoney: (currencies) => guarded(() => tables.money.load(currencies)),
    changedAfter: (position) =>
      guarded(() => ({
        lots: tables.lots.changedAfter(position),
        money: tables.money.changedAfter(position),
      })),
    loadChanged: (positions) =>
      guarded(() => ({
        stamps: tables.changes.changed(positions),
        money: tables.money.changed(positions),
      })),
    boundariesFrom: (position) => guarded(() => tables.lots.boundariesFrom(position)),
    lotSnapshotsFrom: ({ lots, from }) => guarded(() => tables.lots.snapshotsFrom(lots, from)),
    moneySnapshotsFrom: ({ currencies, from }) => guarded(() => tables.money.snapshotsFrom(currencies, from)),
  };
}
