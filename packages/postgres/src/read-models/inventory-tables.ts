import type { AllocationId, BatchId } from '@stamp-ledger/domain';
import type { InventoryTransaction, InventoryWrite } from '@stamp-ledger/ports';
import type { Session } from '../statements.js';
import {
  boundariesFrom,
  findLots,
  loadBook,
  loadLots,
  lotSnapshotsFrom,
  lotsChangedAfter,
  saveLots,
} from './lot-tables.js';
import { changedMoney, loadMoney, moneyChangedAfter, moneySnapshotsFrom, saveMoney } from './money-tables.js';
import { appendPayments } from './payment-table.js';
import { appendStampChanges, changedStamps, loadStamps, saveStamps } from './stamp-table.js';
import { JobTable, loadIncidents, loadOrders, saveIncidents, saveOrders } from './work-tables.js';

const batches = new JobTable<BatchId>('batch');
const allocations = new JobTable<AllocationId>('allocation');

/** Statements go out together: one round trip for all tables. */
export async function saveInventory(session: Session, write: InventoryWrite): Promise<void> {
  await Promise.all([
    saveStamps(session, write.stamps),
    appendStampChanges(session, write.stampChanges),
    saveOrders(session, write.orders),
    batches.save(session, write.batches),
    allocations.save(session, write.allocations),
    saveIncidents(session, write.incidents),
    saveLots(session, write),
    saveMoney(session, write),
    appendPayments(session, write.payments),
  ]);
}

/** The tables as the port wants them. */
export function inventoryLoads(session: Session): Omit<InventoryTransaction, 'loadProgress' | 'save'> {
  return {
    loadBook: () => loadBook(session),
    loadStamps: (serials) => loadStamps(session, serials),
    loadOrders: (ids) => loadOrders(session, ids),
    loadBatches: (ids) => batches.load(session, ids),
    loadAllocations: (ids) => allocations.load(session, ids),
    loadIncidents: (ids) => loadIncidents(session, ids),
    loadLots: (ids) => loadLots(session, ids),
    findLots: (keys) => findLots(session, keys),
    loadMoney: (currencies) => loadMoney(session, currencies),
    changedAfter: async (position) => {
      const [lots, money] = await Promise.all([
        lotsChangedAfter(session, position),
        moneyChangedAfter(session, position),
      ]);
      return { lots, money };
    },
    loadChanged: async (positions) => {
      const [stamps, money] = await Promise.all([
        changedStamps(session, positions),
        changedMoney(session, positions),
      ]);
      return { stamps, money };
    },
    boundariesFrom: (position) => boundariesFrom(session, position),
    lotSnapshotsFrom: (request) => lotSnapshotsFrom(session, request),
    moneySnapshotsFrom: (request) => moneySnapshotsFrom(session, request),
  };
}
