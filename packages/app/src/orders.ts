import { orderStream, stampStream } from '@stamp-ledger/codec';
import type { Channel, OrderId, OrderState, PlaceOrder, Serial } from '@stamp-ledger/domain';
import type { Context } from './context.js';
import { seenByAll } from './freshness.js';
import { lateSource } from './late-facts.js';
import type { Ledger, OrderReport } from './ledger.js';
import { settled } from './settled.js';
import { fromCaller } from './sources.js';
import { acting, normalisedPayment } from './stamps.js';
import { whenAway } from './when-away.js';

const isSettled = ({ status }: OrderState): boolean =>
  status !== 'none' && status !== 'placed' && status !== 'paid';

/** Orders: accepted as one durable event, fulfilled behind it. */
export function orderCommands(context: Context): Ledger['orders'] {
  const { orders } = context.aggregates;
  return {
    place: (body, caller, admission = { hasTicket: false }) => {
      const orderId = (body.orderId ?? caller.commandId) as OrderId;
      return context.orderFlow.run(
        () =>
          orders.execute({
            stream: orderStream(orderId),
            source: fromCaller(caller),
            command: () => ({ kind: 'place', ...terms(orderId, body), ...acting(caller) }),
          }),
        admission,
      );
    },
    pay: async (id, { occurredAt, backfill, ...payment }, caller) =>
      orders.execute({
        stream: orderStream(id),
        ...(await lateSource(context, { occurredAt, backfill }, caller)),
        command: () => ({ kind: 'pay', payment: normalisedPayment(payment), ...acting(caller) }),
      }),
    cancel: (id, { reason }, caller) =>
      orders.execute({
        stream: orderStream(id),
        source: fromCaller(caller),
        command: () => ({ kind: 'cancel', ...(reason === undefined ? {} : { reason }), ...acting(caller) }),
      }),
    refund: async (id, body, caller) => {
      const { state } = await orders.load(orderStream(id));
      const used = state.status === 'fulfilled' ? await usedStamps(context, state.serials) : [];
      return orders.execute({
        stream: orderStream(id),
        source: fromCaller(caller),
        command: () => ({ kind: 'refund', usedSerials: used, ...body, ...acting(caller) }),
      });
    },
    report: async (id) => {
      const { state, head, lastPosition } = await orders.load(orderStream(id));
      if (state.status === 'none' || head === 'no-stream' || lastPosition === undefined) return undefined;
      return {
        state,
        revision: head,
        position: lastPosition,
        ...(await expectation(context, { state, position: lastPosition })),
      };
    },
    settled: (id, signal) =>
      settled(context, { aggregate: orders, stream: orderStream(id), isSettled, signal }),
  };
}

function terms(orderId: OrderId, { channel, holder, denomination, quantity, payment }: PlaceOrder) {
  return {
    orderId,
    channel: channel as Channel,
    holder,
    denomination,
    quantity,
    ...(payment === undefined ? {} : { payment: normalisedPayment(payment) }),
  };
}

/** Stamps that are no longer just sold. One that is affixed a moment later is revoked by the return of the order's stamps. */
async function usedStamps({ aggregates }: Context, serials: readonly Serial[]): Promise<Serial[]> {
  const used: Serial[] = [];
  for (const serial of serials) {
    const { state } = await aggregates.stamps.load(stampStream(serial));
    // A stamp that was voided is nobody's any more and stands in no refund's way.
    if (state.state.stage !== 'sold' && state.state.stage !== 'voided') used.push(serial);
  }
  return used;
}

/** How long it may take, as far as anyone can tell. */
async function expectation(
  { readModels, fulfilmentRates, queueLengths }: Context,
  { state, position }: Pick<OrderReport, 'state' | 'position'>,
): Promise<Pick<OrderReport, 'ahead' | 'estimatedSeconds'>> {
  if (isSettled(state)) return { ahead: 0, estimatedSeconds: 0 };
  const { orderId, channel, denomination, quantity } = state;
  // While nobody can count them, those ahead are left out: the order is accepted all the same.
  const queue = await whenAway(queueLengths.of(state), undefined);
  if (queue === undefined) return { ahead: 0 };
  const seen = seenByAll(readModels, ['inventory']);
  const isLast = seen === undefined || position > seen;
  // The read model has not seen an order that has just come: all that it has seen come first.
  const ahead = isLast
    ? queue.orders
    : await whenAway(readModels.ordersAhead({ channel, denomination, before: orderId }), queue.orders);
  // Each of those ahead takes a stamp at least. When new ones will come is not for the ledger to guess.
  if (queue.stock < ahead + quantity) return { ahead };
  // Before anything was fulfilled lately there is no rate to go by; one order a second promises nothing too good.
  const perSecond = Math.max(1, fulfilmentRates.perSecond(state));
  return { ahead, estimatedSeconds: Math.ceil((ahead + 1) / perSecond) };
}
