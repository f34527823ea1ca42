import type { OrderStatus } from '@stamp-ledger/domain';
import { PortError } from './errors.js';
import type { PaymentStatus } from './read-models.js';

/**
 * What became of the payment of an order in this state.
 *
 * @throws PortError `corrupt` when an order in this state has no payment
 */
export function paymentStatusOf(order: OrderStatus | undefined): PaymentStatus {
  switch (order) {
    case 'paid':
      return 'pending';
    case 'fulfilled':
    case 'refunded':
      return order;
    case 'cancelled':
      return 'refund-due';
    case 'placed':
    case 'rejected':
    case undefined:
      throw new PortError('corrupt', 'a payment is of an order that was not paid');
  }
}
