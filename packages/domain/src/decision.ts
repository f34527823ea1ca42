import type { DomainEvent } from './events.js';

/** Why a command was refused: a closed set, stable for clients. */
export type RefusalCode =
  // stamps
  | 'unknown-serial'
  | 'already-minted'
  | 'wrong-state'
  | 'wrong-channel'
  | 'not-sold'
  | 'already-sold'
  | 'already-affixed'
  | 'already-reserved'
  | 'reserved-for-another-document'
  | 'not-reserved'
  | 'outcome-unknown'
  | 'outcome-already-resolved'
  | 'stamp-voided'
  | 'evidence-required'
  | 'policy-version-required'
  | 'void-reason-not-allowed'
  | 'unknown-event'
  // orders
  | 'unknown-order'
  | 'order-exists'
  | 'order-not-payable'
  | 'already-paid'
  | 'payment-mismatch'
  | 'order-not-fulfillable'
  | 'order-not-cancellable'
  | 'order-not-refundable'
  | 'order-has-used-stamps'
  | 'refund-amount-mismatch'
  // batches, allocations, incidents
  | 'batch-exists'
  | 'unknown-batch'
  | 'allocation-exists'
  | 'unknown-allocation'
  | 'insufficient-stock'
  | 'serials-quantity-mismatch'
  | 'duplicate-serial'
  | 'serial-exists'
  | 'malformed-serial'
  | 'unknown-currency'
  | 'invalid-amount'
  | 'channel-not-allocatable'
  | 'incident-exists'
  | 'unknown-incident'
  | 'incident-closed'
  | 'incident-ends-before-start'
  // waiting rooms and stock policies
  | 'opening-exists'
  | 'unknown-opening'
  | 'opening-begun'
  | 'opening-in-the-past'
  | 'openings-overlap'
  | 'too-many-openings'
  | 'too-many-stock-policies'
  // facts recorded late
  | 'occurred-after-recording'
  | 'occurred-outside-incident';

export interface Refusal {
  readonly code: RefusalCode;
  /** One sentence for people; no internals, no personal data. */
  readonly detail: string;
  /** Small machine-readable facts, such as the state that forbids it. */
  readonly facts?: Readonly<Record<string, string | number | readonly string[]>>;
}

/** What a decider answers: new events, nothing to do because it is so already, or a refusal. */
export type Decision<Event extends DomainEvent> =
  | { readonly kind: 'accepted'; readonly events: readonly [Event, ...Event[]] }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** A decider: pure, total, no clock. Time comes in with the command. */
export interface Decider<State, Command, Event extends DomainEvent> {
  readonly initialState: State;
  decide(state: State, command: Command): Decision<Event>;
  evolve(state: State, event: Event): State;
}

export const accept = <Event extends DomainEvent>(...events: [Event, ...Event[]]): Decision<Event> => ({
  kind: 'accepted',
  events,
});

export const unchanged: { readonly kind: 'unchanged' } = { kind: 'unchanged' };

export const refuse = (
  code: RefusalCode,
  detail: string,
  facts?: Refusal['facts'],
): { readonly kind: 'refused'; readonly refusal: Refusal } => ({
  kind: 'refused',
  refusal: facts === undefined ? { code, detail } : { code, detail, facts },
});
