import { accept, type Decider, type Decision, refuse, unchanged } from './decision.js';
import { refuseDenomination } from './denomination.js';
import type { EventOf, OrderEvent } from './events.js';
import type { OrderId } from './ids.js';
import { equals, multiply, toMinorUnits } from './money.js';
import { given } from './optional.js';
import type { OrderCommand, OrderCommandOf, OrderState, OrderTerms, PlacedOrder } from './order.js';
import { evolveOrder } from './order-evolve.js';
import type { Money, Payment } from './wire.generated.js';

/** A buyer's wish for stamps from a channel: stream `order-<orderId>`. */
export const orderDecider: Decider<OrderState, OrderCommand, OrderEvent> = {
  initialState: { status: 'none' },
  decide: decideOrder,
  evolve: evolveOrder,
};

function decideOrder(state: OrderState, command: OrderCommand): Decision<OrderEvent> {
  if (command.kind === 'place') return place(state, command);
  if (state.status === 'none') return refuse('unknown-order', 'There is no such order.');
  const actingChannel = 'actingChannel' in command ? command.actingChannel : undefined;
  if (actingChannel !== undefined && actingChannel !== state.channel) return wrongChannel();
  switch (command.kind) {
    case 'pay':
      return pay(state, command);
    case 'fulfil':
      return fulfil(state, command);
    case 'reject':
      return reject(state, command);
    case 'cancel':
      return cancel(state, command);
    case 'refund':
      return refund(state, command);
  }
}

/** Takes an order, paid at once or not. */
function place(state: OrderState, command: OrderCommandOf<'place'>): Decision<OrderEvent> {
  const { orderId, channel, holder, denomination, quantity, payment, actingChannel } = command;
  if (actingChannel !== undefined && actingChannel !== channel) return wrongChannel();
  if (state.status !== 'none') return placeAgain(state, command);
  const refusal = refuseDenomination(denomination);
  if (refusal !== undefined) return refusal;
  const placed: OrderEvent = {
    type: 'OrderPlaced',
    data: { orderId, channel, holder, denomination, quantity },
  };
  if (payment === undefined) return accept(placed);
  return isFullPayment(command, payment)
    ? accept<OrderEvent>(placed, paid(orderId, payment))
    : paymentMismatch();
}

function placeAgain(state: PlacedOrder, command: OrderCommandOf<'place'>): Decision<OrderEvent> {
  const { actingChannel, payment } = command;
  if (actingChannel !== undefined && actingChannel !== state.channel) return wrongChannel();
  const sameTerms =
    state.orderId === command.orderId &&
    state.channel === command.channel &&
    state.holder === command.holder &&
    state.quantity === command.quantity &&
    equals(state.denomination, command.denomination);
  // A payment that the order does not have must not vanish behind "nothing to do".
  const samePayment = payment === undefined || paymentOf(state)?.reference === payment.reference;
  return sameTerms && samePayment
    ? unchanged
    : refuse('order-exists', 'An order with this identifier exists with other terms.', {
        state: state.status,
      });
}

/** Takes the payment of a placed order, in full and once. */
function pay(state: PlacedOrder, command: OrderCommandOf<'pay'>): Decision<OrderEvent> {
  const payment = paymentOf(state);
  if (payment !== undefined) {
    return payment.reference === command.payment.reference
      ? unchanged
      : refuse('already-paid', 'This order was paid with another payment.', { state: state.status });
  }
  if (state.status !== 'placed') {
    return refuse('order-not-payable', 'This order takes no payment any more.', { state: state.status });
  }
  return isFullPayment(state, command.payment)
    ? accept(paid(state.orderId, command.payment))
    : paymentMismatch();
}

/** Records that every stamp of a paid order was sold to its holder. */
function fulfil(state: PlacedOrder, command: OrderCommandOf<'fulfil'>): Decision<OrderEvent> {
  const serials = new Set(command.serials);
  if (state.status === 'fulfilled') {
    const same =
      serials.size === state.serials.length && state.serials.every((serial) => serials.has(serial));
    return same
      ? unchanged
      : refuse('order-not-fulfillable', 'This order was fulfilled with other stamps.', {
          state: state.status,
        });
  }
  if (state.status !== 'paid') {
    return refuse('order-not-fulfillable', 'Only a paid order can be fulfilled.', { state: state.status });
  }
  if (serials.size !== state.quantity || command.serials.length !== state.quantity) {
    return refuse(
      'order-not-fulfillable',
      'An order is fulfilled with exactly as many stamps as it asks for.',
      {
        quantity: state.quantity,
      },
    );
  }
  return accept({ type: 'OrderFulfilled', data: { orderId: state.orderId, serials: [...command.serials] } });
}

/** Gives up an unpaid order. */
function reject(state: PlacedOrder, command: OrderCommandOf<'reject'>): Decision<OrderEvent> {
  if (state.status === 'rejected') return unchanged;
  if (state.status !== 'placed') {
    return refuse('wrong-state', 'Only an unpaid order can be rejected.', { state: state.status });
  }
  return accept({ type: 'OrderRejected', data: { orderId: state.orderId, reason: command.reason } });
}

/** Withdraws an order that is not fulfilled. A payment stays on record as owed back. */
function cancel(state: PlacedOrder, command: OrderCommandOf<'cancel'>): Decision<OrderEvent> {
  if (state.status === 'cancelled') return unchanged;
  if (state.status !== 'placed' && state.status !== 'paid') {
    return refuse('order-not-cancellable', 'This order can no longer be cancelled.', { state: state.status });
  }
  return accept({
    type: 'OrderCancelled',
    data: { orderId: state.orderId, ...given('reason', command.reason) },
  });
}

/** Gives a payment back, once, in full unless the policy says less, and only while no stamp of the order was used. */
function refund(state: PlacedOrder, command: OrderCommandOf<'refund'>): Decision<OrderEvent> {
  if (state.status === 'refunded') {
    const same =
      state.policyVersion === command.policyVersion &&
      (command.amount === undefined || equals(state.amount, command.amount));
    return same
      ? unchanged
      : refuse('order-not-refundable', 'This order was refunded on other terms.', { state: state.status });
  }
  const payment = paymentOf(state);
  if (payment === undefined) {
    return refuse('order-not-refundable', 'Nothing was paid for this order.', { state: state.status });
  }
  if (command.usedSerials.length > 0) {
    return refuse('order-has-used-stamps', 'Stamps of this order have been used.', {
      serials: command.usedSerials,
    });
  }
  const amount = command.amount ?? { amount: payment.amount, currency: payment.currency };
  if (!isRefundable(amount, payment)) {
    return refuse(
      'refund-amount-mismatch',
      'A refund is a positive amount in the currency of the payment, and no more than was paid.',
    );
  }
  return accept({
    type: 'OrderRefunded',
    data: {
      orderId: state.orderId,
      policyVersion: command.policyVersion,
      amount,
      ...given('reason', command.reason),
    },
  });
}

function isRefundable(amount: Money, payment: Payment): boolean {
  const minor = toMinorUnits(amount);
  const paidMinor = toMinorUnits(payment);
  if (minor === undefined || paidMinor === undefined || amount.currency !== payment.currency) return false;
  return minor > 0n && minor <= paidMinor;
}

function isFullPayment(terms: OrderTerms, payment: Payment): boolean {
  return equals(multiply(terms.denomination, terms.quantity), payment);
}

function paymentOf(state: PlacedOrder): Payment | undefined {
  return 'payment' in state ? state.payment : undefined;
}

function paid(orderId: OrderId, payment: Payment): EventOf<'OrderPaid'> {
  return { type: 'OrderPaid', data: { orderId, payment } };
}

function wrongChannel(): Decision<OrderEvent> {
  return refuse('wrong-channel', 'This order belongs to another channel.');
}

function paymentMismatch(): Decision<OrderEvent> {
  return refuse('payment-mismatch', 'The payment must be exactly the denomination times the quantity.');
}
