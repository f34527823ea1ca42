import type { Channel, OrderId, Serial } from './ids.js';
import type { Money, Payment } from './wire.generated.js';

export type OrderStatus = 'placed' | 'paid' | 'fulfilled' | 'rejected' | 'cancelled' | 'refunded';

export interface OrderTerms {
  readonly orderId: OrderId;
  readonly channel: Channel;
  readonly holder: string;
  readonly denomination: Money;
  readonly quantity: number;
}

export type OrderState =
  | { readonly status: 'none' }
  | ({ readonly status: 'placed' } & OrderTerms)
  | ({ readonly status: 'paid'; readonly payment: Payment } & OrderTerms)
  | ({
      readonly status: 'fulfilled';
      readonly payment: Payment;
      readonly serials: readonly Serial[];
    } & OrderTerms)
  | ({ readonly status: 'rejected'; readonly reason: string } & OrderTerms)
  /** With a payment, the money is still owed back: `refund` settles it. */
  | ({ readonly status: 'cancelled'; readonly payment?: Payment } & OrderTerms)
  | ({
      readonly status: 'refunded';
      readonly payment: Payment;
      readonly amount: Money;
      readonly policyVersion: string;
      readonly serials: readonly Serial[];
    } & OrderTerms);

export type OrderCommand =
  | ({ readonly kind: 'place'; readonly payment?: Payment; readonly actingChannel?: Channel } & OrderTerms)
  | { readonly kind: 'pay'; readonly payment: Payment; readonly actingChannel?: Channel }
  | { readonly kind: 'fulfil'; readonly serials: readonly Serial[] }
  /** Only an unpaid order is ever rejected. */
  | { readonly kind: 'reject'; readonly reason: string }
  | { readonly kind: 'cancel'; readonly reason?: string; readonly actingChannel?: Channel }
  /** `usedSerials`: stamps of this order that are no longer just sold, read by the caller; any forbids the refund. */
  | {
      readonly kind: 'refund';
      readonly policyVersion: string;
      readonly amount?: Money;
      readonly reason?: string;
      readonly usedSerials: readonly Serial[];
      readonly actingChannel?: Channel;
    };

/** An order that exists. */
export type PlacedOrder = Exclude<OrderState, { readonly status: 'none' }>;

/** The command of one kind. */
export type OrderCommandOf<Kind extends OrderCommand['kind']> = Extract<
  OrderCommand,
  { readonly kind: Kind }
>;
