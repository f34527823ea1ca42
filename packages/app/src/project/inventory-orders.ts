import type { LedgerEvent } from '@stamp-ledger/codec';
import type {
  AllocationEventType,
  AllocationId,
  BatchEventType,
  BatchId,
  Channel,
  IncidentEventType,
  IncidentId,
  Instant,
  OrderEventType,
  OrderId,
} from '@stamp-ledger/domain';
import type { IncidentView, JobRow, OrderRow, PlacedOrderRow } from '@stamp-ledger/ports';
import { paymentRow } from './inventory-payments.js';
import { unopened } from './inventory-stamps.js';
import type { InventoryState } from './inventory-state.js';

/**
 * Applies the next event of an order's stream.
 *
 * @throws Error when the event cannot follow
 */
export function applyOrderEvent(state: InventoryState, event: LedgerEvent<OrderEventType>): void {
  const orderId = event.data.orderId as OrderId;
  const row: OrderRow = state.orders.get(orderId) ?? {
    orderId,
    revision: -1,
    outstanding: 0,
    order: undefined,
  };
  countOrderMoney(state, row.order, event);
  state.orders.put(orderId, { ...row, revision: event.revision, order: foldOrder(row.order, event) });
}

function foldOrder(order: PlacedOrderRow | undefined, event: LedgerEvent<OrderEventType>): PlacedOrderRow {
  if (event.type === 'OrderPlaced') {
    if (order !== undefined) throw new Error('placed twice');
    return placed(event);
  }
  if (order === undefined) throw new Error('an order never placed');
  switch (event.type) {
    case 'OrderPaid':
      return {
        ...order,
        status: 'paid',
        payment: event.data.payment,
        paidAt: event.metadata.occurredAt as Instant,
        paidPosition: event.position,
      };
    case 'OrderFulfilled':
      return { ...order, status: 'fulfilled' };
    case 'OrderRejected':
      return { ...order, status: 'rejected' };
    case 'OrderCancelled':
      return { ...order, status: 'cancelled' };
    case 'OrderRefunded':
      return { ...order, status: 'refunded', policyVersion: event.data.policyVersion };
  }
}

const placed = ({ data, metadata }: LedgerEvent<'OrderPlaced'>): PlacedOrderRow => ({
  status: 'placed',
  channel: data.channel as Channel,
  holder: data.holder,
  denomination: data.denomination,
  quantity: data.quantity,
  placedAt: metadata.occurredAt as Instant,
  payment: undefined,
  paidAt: undefined,
  paidPosition: undefined,
  policyVersion: undefined,
});

/** A refund counts with the order's payment as a whole, whatever part of it the policy gives back. */
function countOrderMoney(
  state: InventoryState,
  order: PlacedOrderRow | undefined,
  event: LedgerEvent<OrderEventType>,
): void {
  switch (event.type) {
    case 'OrderPaid':
      if (order === undefined) throw new Error('an order never placed');
      state.countPayment(
        paymentRow(event, event.data.payment, {
          channel: order.channel,
          subject: { orderId: event.data.orderId as OrderId },
        }),
        'pending',
      );
      return;
    case 'OrderFulfilled':
      if (order?.payment !== undefined)
        state.countMoney(event.position, order.payment, { from: 'pending', to: 'fulfilled' });
      return;
    case 'OrderRefunded':
      if (order?.payment !== undefined)
        state.countMoney(event.position, order.payment, {
          from: order.status === 'fulfilled' ? 'fulfilled' : 'pending',
          to: 'refunded',
        });
      return;
    case 'OrderPlaced':
    case 'OrderRejected':
    case 'OrderCancelled':
      return;
  }
}

/** Applies the next event of a batch's or an allocation's stream. */
export function applyJobEvent(
  state: InventoryState,
  event: LedgerEvent<BatchEventType | AllocationEventType>,
): void {
  switch (event.type) {
    case 'BatchOpened':
    case 'BatchCompleted': {
      const id = event.data.batchId as BatchId;
      const row = state.batches.get(id) ?? unopened(id);
      const opened = event.type === 'BatchOpened' ? event.data.quantity : undefined;
      state.batches.put(id, foldJob(row, event, opened));
      return;
    }
    case 'AllocationRequested':
    case 'AllocationCompleted': {
      const id = event.data.allocationId as AllocationId;
      const row = state.allocations.get(id) ?? unopened(id);
      const opened = event.type === 'AllocationRequested' ? event.data.quantity : undefined;
      state.allocations.put(id, foldJob(row, event, opened));
      return;
    }
  }
}

/** `opened` is the quantity asked for when the event opens the job, undefined when it completes it. */
function foldJob<Id extends string>(
  row: JobRow<Id>,
  { position, revision }: LedgerEvent,
  opened: number | undefined,
): JobRow<Id> {
  if ((opened === undefined) === (row.openedAt === undefined)) throw new Error('a job opens once and first');
  return opened === undefined
    ? { ...row, revision, completed: true }
    : { ...row, revision, openedAt: position, quantity: opened };
}

/** Applies the next event of an incident's stream. */
export function applyIncidentEvent(state: InventoryState, event: LedgerEvent<IncidentEventType>): void {
  const incidentId = event.data.incidentId as IncidentId;
  const row = state.incidents.get(incidentId);
  const { revision } = event;
  if (event.type === 'IncidentOpened') {
    if (row !== undefined) throw new Error('opened twice');
    const { title, description, startedAt, relaxedRules } = event.data;
    const view: IncidentView = {
      incidentId,
      status: 'open',
      title,
      startedAt: startedAt as Instant,
      ...(description === undefined ? {} : { description }),
      ...(relaxedRules === undefined ? {} : { relaxedRules }),
    };
    state.incidents.put(incidentId, { revision, openedAt: event.position, view });
    return;
  }
  if (row === undefined) throw new Error('closed before it was opened');
  const { endedAt, summary } = event.data;
  const view: IncidentView = {
    ...row.view,
    status: 'closed',
    endedAt: endedAt as Instant,
    ...(summary === undefined ? {} : { summary }),
  };
  state.incidents.put(incidentId, { revision, openedAt: row.openedAt, view });
}
