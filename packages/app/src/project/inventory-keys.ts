import {
  type AllocationId,
  type BatchId,
  type Channel,
  DIRECT_CHANNEL,
  type OrderId,
  type Serial,
} from '@stamp-ledger/domain';
import type { LotId, OrderRow, StampRow } from '@stamp-ledger/ports';
import { unreachable } from './fault.js';
import type { InventoryLedgerEvent } from './kinds.js';

/** Ids of the streams that the events belong to. */
export interface StreamKeys {
  readonly serials: Set<Serial>;
  readonly orders: Set<OrderId>;
  readonly batches: Set<BatchId>;
  readonly allocations: Set<AllocationId>;
  readonly incidents: Set<string>;
}

export function collectKeys(events: readonly InventoryLedgerEvent[]): StreamKeys {
  const keys: StreamKeys = {
    serials: new Set(),
    orders: new Set(),
    batches: new Set(),
    allocations: new Set(),
    incidents: new Set(),
  };
  for (const event of events) collectKey(event, keys);
  return keys;
}

function collectKey(event: InventoryLedgerEvent, keys: StreamKeys): void {
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
      keys.serials.add(event.data.serial as Serial);
      return;
    case 'OrderPlaced':
    case 'OrderPaid':
    case 'OrderFulfilled':
    case 'OrderRejected':
    case 'OrderCancelled':
    case 'OrderRefunded':
      keys.orders.add(event.data.orderId as OrderId);
      return;
    case 'BatchOpened':
    case 'BatchCompleted':
      keys.batches.add(event.data.batchId as BatchId);
      return;
    case 'AllocationRequested':
    case 'AllocationCompleted':
      keys.allocations.add(event.data.allocationId as AllocationId);
      return;
    case 'IncidentOpened':
    case 'IncidentClosed':
      keys.incidents.add(event.data.incidentId);
      return;
    default:
      unreachable(event);
  }
}

/** What the events need besides the rows of their own streams. */
export interface Needs {
  readonly lots: Set<LotId>;
  /** Batches whose lots are looked up by channel. */
  readonly lotBatches: Set<BatchId>;
  readonly channels: Set<Channel>;
  readonly orders: Set<OrderId>;
  readonly batches: Set<BatchId>;
  readonly allocations: Set<AllocationId>;
  readonly currencies: Set<string>;
}

export function collectNeeds(
  events: readonly InventoryLedgerEvent[],
  rows: { readonly stamps: readonly StampRow[]; readonly orders: readonly OrderRow[] },
): Needs {
  const needs: Needs = {
    lots: new Set(),
    lotBatches: new Set(),
    channels: new Set([DIRECT_CHANNEL]),
    orders: new Set(),
    batches: new Set(),
    allocations: new Set(),
    currencies: new Set(),
  };
  for (const { group, orderId, sale } of rows.stamps) {
    if (group !== undefined) needs.lots.add(group.lot);
    if (orderId !== undefined) needs.orders.add(orderId);
    if (sale !== undefined) needs.currencies.add(sale.paid.currency);
  }
  for (const { order } of rows.orders)
    if (order?.payment !== undefined) needs.currencies.add(order.payment.currency);
  for (const event of events) collectNeed(event, needs);
  return needs;
}

function collectNeed(event: InventoryLedgerEvent, needs: Needs): void {
  switch (event.type) {
    case 'StampMinted':
      needs.batches.add(event.data.batchId as BatchId);
      needs.lotBatches.add(event.data.batchId as BatchId);
      return;
    case 'StampAllocated':
      needs.allocations.add(event.data.allocationId as AllocationId);
      needs.channels.add(event.data.channel as Channel);
      return;
    case 'StampDeallocated':
      needs.channels.add(event.data.channel as Channel);
      return;
    case 'StampSold':
      needs.channels.add(event.data.channel as Channel);
      if (event.data.orderId !== undefined) needs.orders.add(event.data.orderId as OrderId);
      if (event.data.payment !== undefined) needs.currencies.add(event.data.payment.currency);
      return;
    case 'OrderPaid':
      needs.currencies.add(event.data.payment.currency);
      return;
    case 'StampReserved':
    case 'StampReleased':
    case 'AffixOutcomeUnknown':
    case 'AffixOutcomeResolved':
    case 'StampAffixed':
    case 'StampVerified':
    case 'StampVoided':
    case 'EventCorrected':
    case 'BatchOpened':
    case 'BatchCompleted':
    case 'AllocationRequested':
    case 'AllocationCompleted':
    case 'OrderPlaced':
    case 'OrderFulfilled':
    case 'OrderRejected':
    case 'OrderCancelled':
    case 'OrderRefunded':
    case 'IncidentOpened':
    case 'IncidentClosed':
      return;
    default:
      unreachable(event);
  }
}
