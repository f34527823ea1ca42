import { type LedgerEvent, parseInstant } from '@stamp-ledger/codec';
import {
  type AllocationId,
  type BatchId,
  type Channel,
  DIRECT_CHANNEL,
  type EventData,
  type OrderId,
  type Serial,
  type StampStage,
} from '@stamp-ledger/domain';
import type { JobRow, LotId, OrderRow, StampGroup, StampRow } from '@stamp-ledger/ports';
import { paymentRow } from './inventory-payments.js';
import type { InventoryState } from './inventory-state.js';
import type { StampLedgerEvent } from './kinds.js';

/** What an event makes of a minted stamp's row, besides revision and group. */
interface Step {
  readonly state: StampStage;
  /** The channel whose lot the stamp is in afterwards; absent when it stays in its own. */
  readonly channel?: Channel;
  /** The channels between which the stamp moved, as the event alone tells. */
  readonly flow?: { readonly from: Channel; readonly to: Channel };
  readonly row?: Partial<Pick<StampRow, 'orderId' | 'expiresAt' | 'sale'>>;
}

/**
 * Applies the next event of a stamp's stream.
 *
 * @throws Error when the event cannot follow
 */
export function applyStampEvent(state: InventoryState, event: StampLedgerEvent): void {
  const serial = event.data.serial as Serial;
  const row = state.stamps.get(serial);
  switch (event.type) {
    case 'StampVerified':
    case 'EventCorrected':
      state.stamps.put(serial, { ...(row ?? unminted(serial)), revision: event.revision });
      return;
    case 'StampMinted':
      mint(state, row, event);
      return;
    default:
      if (row?.group === undefined) throw new Error('no such stamp was minted');
      step(state, { ...row, group: row.group }, event);
  }
}

const unminted = (serial: Serial): StampRow => ({
  serial,
  revision: -1,
  group: undefined,
  since: undefined,
  orderId: undefined,
  expiresAt: undefined,
  sale: undefined,
});

function mint(state: InventoryState, row: StampRow | undefined, event: LedgerEvent<'StampMinted'>): void {
  if (row?.group !== undefined) throw new Error('minted twice');
  const { data, position, revision } = event;
  const batchId = data.batchId as BatchId;
  const serial = data.serial as Serial;
  const lot = state.lotOf(batchId, DIRECT_CHANNEL, data.denomination, position);
  const group: StampGroup = { lot: lot.id, state: 'minted' };
  const counted = state.isCounted(position);
  state.count({ position, from: undefined, to: group, flowFrom: undefined, flowTo: lot.id });
  state.stamps.put(serial, {
    serial,
    revision,
    group,
    since: position,
    orderId: undefined,
    expiresAt: undefined,
    sale: undefined,
  });
  if (!counted) {
    const batch = state.batches.get(batchId) ?? unopened(batchId);
    state.batches.put(batchId, { ...batch, done: batch.done + 1 });
  }
}

type MovingEvent = Exclude<
  StampLedgerEvent,
  { readonly type: 'StampMinted' | 'StampVerified' | 'EventCorrected' }
>;

function step(
  state: InventoryState,
  row: StampRow & { readonly group: StampGroup },
  event: MovingEvent,
): void {
  const { position, revision } = event;
  const { channel, flow, row: changes, state: stage } = stepOf(row, event);
  const lot = state.lot(row.group.lot);
  const lotOf = (of: Channel): LotId =>
    of === lot.channel ? lot.id : state.lotOf(lot.batchId, of, lot.denomination, position).id;
  const group: StampGroup = { lot: channel === undefined ? lot.id : lotOf(channel), state: stage };
  if (!state.isCounted(position)) countElsewhere(state, row, event);
  state.count({
    position,
    from: row.group,
    to: group,
    flowFrom: flow === undefined ? undefined : lotOf(flow.from),
    flowTo: flow === undefined ? undefined : lotOf(flow.to),
  });
  // Named one by one: copying a row is most of the cost of a step otherwise.
  state.stamps.put(row.serial, {
    serial: row.serial,
    revision,
    group,
    since: position,
    orderId: changes?.orderId ?? row.orderId,
    expiresAt: changes?.expiresAt,
    sale: changes?.sale ?? row.sale,
  });
}

function stepOf(row: StampRow, event: MovingEvent): Step {
  switch (event.type) {
    case 'StampAllocated': {
      const channel = event.data.channel as Channel;
      return { state: 'allocated', channel, flow: { from: DIRECT_CHANNEL, to: channel } };
    }
    case 'StampDeallocated':
      return {
        state: 'minted',
        channel: DIRECT_CHANNEL,
        flow: { from: event.data.channel as Channel, to: DIRECT_CHANNEL },
      };
    case 'StampSold':
      return { state: 'sold', channel: event.data.channel as Channel, row: saleOf(event.data) };
    case 'StampReserved':
      return { state: 'reserved', row: { expiresAt: parseInstant(event.data.expiresAt) } };
    case 'StampReleased':
      return { state: 'sold' };
    case 'AffixOutcomeUnknown':
      return { state: 'outcome-unknown' };
    case 'AffixOutcomeResolved':
      return { state: event.data.result === 'affixed' ? 'affixed' : 'sold' };
    case 'StampAffixed':
      return { state: 'affixed' };
    case 'StampVoided':
      return isSaleRefund(row, event)
        ? { state: 'voided', row: { sale: { ...row.sale, refunded: true } } }
        : { state: 'voided' };
  }
}

type RowWithSale = StampRow & { readonly sale: NonNullable<StampRow['sale']> };

const isSaleRefund = (row: StampRow, { data }: LedgerEvent<'StampVoided'>): row is RowWithSale =>
  data.reason === 'refund' && row.sale !== undefined && !row.sale.refunded;

function saleOf({ orderId, payment }: EventData['StampSold']): Partial<StampRow> {
  if (orderId !== undefined) return { orderId: orderId as OrderId };
  if (payment === undefined) return {};
  return {
    sale: { paid: { amount: payment.amount, currency: payment.currency }, refunded: false },
  };
}

/** What the event changes beside the stamp's own row: its order, its allocation, money of a sale without an order. */
function countElsewhere(state: InventoryState, row: StampRow, event: MovingEvent): void {
  const { position } = event;
  switch (event.type) {
    case 'StampAllocated': {
      const id = event.data.allocationId as AllocationId;
      const allocation = state.allocations.get(id) ?? unopened(id);
      state.allocations.put(id, { ...allocation, done: allocation.done + 1 });
      return;
    }
    case 'StampSold': {
      const { sale, orderId } = saleOf(event.data);
      const { payment, channel } = event.data;
      if (sale !== undefined && payment !== undefined)
        state.countPayment(
          paymentRow(event, payment, { channel: channel as Channel, subject: { serial: row.serial } }),
          'fulfilled',
        );
      if (orderId !== undefined) countOutstanding(state, orderId, 1);
      return;
    }
    case 'StampVoided': {
      if (row.orderId !== undefined) countOutstanding(state, row.orderId, -1);
      if (isSaleRefund(row, event))
        state.countMoney(position, row.sale.paid, { from: 'fulfilled', to: 'refunded' });
      return;
    }
    case 'StampDeallocated':
    case 'StampReserved':
    case 'StampReleased':
    case 'AffixOutcomeUnknown':
    case 'AffixOutcomeResolved':
    case 'StampAffixed':
      return;
  }
}

function countOutstanding(state: InventoryState, orderId: OrderId, by: 1 | -1): void {
  const order: OrderRow = state.orders.get(orderId) ?? {
    orderId,
    revision: -1,
    outstanding: 0,
    order: undefined,
  };
  state.orders.put(orderId, { ...order, outstanding: order.outstanding + by });
}

export const unopened = <Id extends string>(id: Id): JobRow<Id> => ({
  id,
  revision: -1,
  openedAt: undefined,
  quantity: undefined,
  done: 0,
  completed: false,
});
