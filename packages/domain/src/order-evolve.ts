import type { EventData, OrderEvent } from './events.js';
import type { Channel, OrderId, Serial } from './ids.js';
import { cannotFollow, impossible } from './invariant.js';
import { given } from './optional.js';
import type { OrderState, OrderTerms, PlacedOrder } from './order.js';

/**
 * The state after `event`.
 *
 * @throws Error when the event cannot follow: the stream is broken
 */
export function evolveOrder(state: OrderState, event: OrderEvent): OrderState {
  if (state.status === 'none') {
    return event.type === 'OrderPlaced'
      ? placed(event.data)
      : cannotFollow(event.type, 'an order never placed');
  }
  return evolvePlaced(state, event);
}

function evolvePlaced(state: PlacedOrder, event: OrderEvent): OrderState {
  const broken = () => cannotFollow(event.type, `status ${state.status} of order ${state.orderId}`);
  if (event.data.orderId !== state.orderId) return broken();
  const terms = termsOf(state);
  switch (event.type) {
    case 'OrderPlaced':
      return broken();
    case 'OrderPaid':
      return state.status === 'placed' ? { status: 'paid', ...terms, payment: event.data.payment } : broken();
    case 'OrderFulfilled':
      return state.status === 'paid'
        ? { status: 'fulfilled', ...terms, payment: state.payment, serials: event.data.serials as Serial[] }
        : broken();
    case 'OrderRejected':
      return state.status === 'placed'
        ? { status: 'rejected', ...terms, reason: event.data.reason }
        : broken();
    case 'OrderCancelled':
      if (state.status !== 'placed' && state.status !== 'paid') return broken();
      return {
        status: 'cancelled',
        ...terms,
        ...given('payment', state.status === 'paid' ? state.payment : undefined),
      };
    case 'OrderRefunded':
      return refunded(state, event.data) ?? broken();
    default:
      return impossible(event);
  }
}

function placed(data: EventData['OrderPlaced']): OrderState {
  return {
    status: 'placed',
    orderId: data.orderId as OrderId,
    channel: data.channel as Channel,
    holder: data.holder,
    denomination: data.denomination,
    quantity: data.quantity,
  };
}

/** Undefined when there is no payment that could go back, or it has gone back before. */
function refunded(state: PlacedOrder, data: EventData['OrderRefunded']): OrderState | undefined {
  if (state.status !== 'paid' && state.status !== 'fulfilled' && state.status !== 'cancelled')
    return undefined;
  if (state.payment === undefined) return undefined;
  return {
    status: 'refunded',
    ...termsOf(state),
    payment: state.payment,
    amount: data.amount,
    policyVersion: data.policyVersion,
    serials: state.status === 'fulfilled' ? state.serials : [],
  };
}

function termsOf(state: PlacedOrder): OrderTerms {
  const { orderId, channel, holder, denomination, quantity } = state;
  return { orderId, channel, holder, denomination, quantity };
}
