import {
  allocationStream,
  batchStream,
  incidentStream,
  type LedgerEvent,
  orderStream,
  type Position,
  type StreamName,
  stampStream,
} from '@stamp-ledger/codec';
import type { AllocationId, BatchId, IncidentId, OrderId, Serial } from '@stamp-ledger/domain';
import type {
  IncidentRow,
  InventoryBook,
  InventoryTransaction,
  JobRow,
  OrderRow,
  ProjectionProgress,
  StampRow,
} from '@stamp-ledger/ports';
import type { Projection } from './batch.js';
import { unreachable } from './fault.js';
import { admit, applyOrFault, beginsUnseenStream } from './guard.js';
import { writeHistory } from './inventory-history.js';
import { collectKeys, collectNeeds } from './inventory-keys.js';
import { applyIncidentEvent, applyJobEvent, applyOrderEvent } from './inventory-orders.js';
import { applyStampEvent } from './inventory-stamps.js';
import { InventoryState } from './inventory-state.js';
import { type InventoryLedgerEvent, isOfInventory, kindOf } from './kinds.js';
import { advance } from './progress.js';

/** Rows whose revisions guard what is applied. */
interface GuardRows {
  readonly stamps: readonly StampRow[];
  readonly orders: readonly OrderRow[];
  readonly batches: readonly JobRow<BatchId>[];
  readonly allocations: readonly JobRow<AllocationId>[];
  readonly incidents: readonly IncidentRow[];
}

/**
 * Stamps by batch, channel, denomination and state, orders, work lists and money, now and at any past moment.
 * `snapshotChanges` is for tests: how many changes lie between two snapshots, at least.
 */
export function createInventoryProjection({
  snapshotChanges,
}: {
  readonly snapshotChanges?: number;
} = {}): Projection<'inventory'> {
  return {
    name: 'inventory',
    async project(transaction, delivered, source) {
      const from = await transaction.loadProgress();
      const events = delivered.filter(isOfInventory);
      const rows = await loadGuardRows(
        transaction,
        events.filter((event) => mayHaveRow(event, from)),
      );
      const admitted = await admit(events, revisionsOf(rows), source);
      const write = advance(from, delivered, admitted.repaired);
      if (write === undefined) return { progress: from, repaired: 0 };
      const book = await transaction.loadBook();
      const next = admitted.events.filter(isOfInventory);
      const state = await loadState(transaction, { rows, events: next, book, from });
      for (const event of next) applyOrFault(event, (applied) => applyEvent(state, applied));
      const history = await writeHistory(transaction, state, {
        book,
        position: write.progress.position,
        ...(snapshotChanges === undefined ? {} : { snapshotChanges }),
      });
      await transaction.save({
        ...write,
        ...history,
        stamps: state.stamps.changed(),
        orders: state.orders.changed(),
        batches: state.batches.changed(),
        allocations: state.allocations.changed(),
        incidents: state.incidents.changed(),
        lots: state.lots.changed(),
        money: state.money.changed(),
        stampChanges: state.stampChanges,
        moneyChanges: state.moneyChanges,
        payments: state.payments,
      });
      return { progress: write.progress, repaired: admitted.repaired.length };
    },
  };
}

/** Orders and jobs may have a row before their first event: their stamps make one. */
const mayHaveRow = (event: LedgerEvent, from: ProjectionProgress | undefined): boolean =>
  kindOf(event.type) !== 'stamp' || !beginsUnseenStream(event, from);

export const inventoryProjection: Projection<'inventory'> = createInventoryProjection();

async function loadGuardRows(
  transaction: InventoryTransaction,
  events: readonly InventoryLedgerEvent[],
): Promise<GuardRows> {
  const keys = collectKeys(events);
  return {
    stamps: await transaction.loadStamps([...keys.serials]),
    orders: await transaction.loadOrders([...keys.orders]),
    batches: await transaction.loadBatches([...keys.batches]),
    allocations: await transaction.loadAllocations([...keys.allocations]),
    incidents: await transaction.loadIncidents([...keys.incidents]),
  };
}

function revisionsOf(rows: GuardRows): Map<StreamName, number> {
  const revisions = new Map<StreamName, number>();
  for (const { serial, revision } of rows.stamps) revisions.set(stampStream(serial), revision);
  for (const { orderId, revision } of rows.orders) revisions.set(orderStream(orderId), revision);
  for (const { id, revision } of rows.batches) revisions.set(batchStream(id), revision);
  for (const { id, revision } of rows.allocations) revisions.set(allocationStream(id), revision);
  for (const { view, revision } of rows.incidents) revisions.set(incidentStream(view.incidentId), revision);
  return revisions;
}

/** Everything that the admitted events read or change. */
async function loadState(
  transaction: InventoryTransaction,
  {
    rows,
    events,
    book,
    from,
  }: {
    readonly rows: GuardRows;
    readonly events: readonly InventoryLedgerEvent[];
    readonly book: InventoryBook;
    readonly from: ProjectionProgress | undefined;
  },
): Promise<InventoryState> {
  const late: Position[] = events
    .map(({ position }) => position)
    .filter((position) => from !== undefined && position <= from.position);
  const none: ReadonlySet<Position> = new Set();
  const counted = late.length === 0 ? { stamps: none, money: none } : await transaction.loadChanged(late);
  const state = new InventoryState(book, counted);
  const needs = collectNeeds(events, rows);
  const lots = await transaction.loadLots([...needs.lots]);
  for (const lot of lots) needs.lotBatches.add(lot.batchId);
  state.loadLots(lots);
  state.loadLots(
    await transaction.findLots({ batches: [...needs.lotBatches], channels: [...needs.channels] }),
  );
  state.stamps.load(rows.stamps, ({ serial }): Serial => serial);
  state.orders.load(rows.orders, ({ orderId }): OrderId => orderId);
  state.orders.load(await transaction.loadOrders([...needs.orders]), ({ orderId }): OrderId => orderId);
  state.batches.load(rows.batches, ({ id }): BatchId => id);
  state.batches.load(await transaction.loadBatches([...needs.batches]), ({ id }): BatchId => id);
  state.allocations.load(rows.allocations, ({ id }): AllocationId => id);
  state.allocations.load(
    await transaction.loadAllocations([...needs.allocations]),
    ({ id }): AllocationId => id,
  );
  state.incidents.load(rows.incidents, ({ view }): IncidentId => view.incidentId);
  state.money.load(await transaction.loadMoney([...needs.currencies]), ({ currency }) => currency);
  return state;
}

function applyEvent(state: InventoryState, event: InventoryLedgerEvent): void {
  switch (event.type) {
    case 'StampMinted':
    case 'StampAllocated':
    case 'StampDeallocated':
    case 'StampSold':
    case 'StampReserved':
    case 'StampReleased':
    case 'AffixOutcomeUnknown':
    case 'AffixOutcomeResolved':
    case 'StampAffixed':
    case 'StampVerified':
    case 'StampVoided':
    case 'EventCorrected':
      applyStampEvent(state, event);
      return;
    case 'OrderPlaced':
    case 'OrderPaid':
    case 'OrderFulfilled':
    case 'OrderRejected':
    case 'OrderCancelled':
    case 'OrderRefunded':
      applyOrderEvent(state, event);
      return;
    case 'BatchOpened':
    case 'BatchCompleted':
    case 'AllocationRequested':
    case 'AllocationCompleted':
      applyJobEvent(state, event);
      return;
    case 'IncidentOpened':
    case 'IncidentClosed':
      applyIncidentEvent(state, event);
      return;
    default:
      unreachable(event);
  }
}
