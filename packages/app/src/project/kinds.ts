import type { LedgerEvent } from '@stamp-ledger/codec';
import type { EventType, StampEventType } from '@stamp-ledger/domain';

export type StampLedgerEvent = LedgerEvent<StampEventType>;

/** Which kind of stream an event type belongs to. */
export type EventKind = 'stamp' | 'order' | 'batch' | 'allocation' | 'incident';

const KINDS: { readonly [Type in EventType]: EventKind } = {
  StampMinted: 'stamp',
  StampAllocated: 'stamp',
  StampDeallocated: 'stamp',
  StampSold: 'stamp',
  StampReserved: 'stamp',
  StampReleased: 'stamp',
  AffixOutcomeUnknown: 'stamp',
  AffixOutcomeResolved: 'stamp',
  StampAffixed: 'stamp',
  StampVerified: 'stamp',
  StampVoided: 'stamp',
  EventCorrected: 'stamp',
  OrderPlaced: 'order',
  OrderPaid: 'order',
  OrderFulfilled: 'order',
  OrderRejected: 'order',
  OrderCancelled: 'order',
  OrderRefunded: 'order',
  BatchOpened: 'batch',
  BatchCompleted: 'batch',
  AllocationRequested: 'allocation',
  AllocationCompleted: 'allocation',
  IncidentOpened: 'incident',
  IncidentClosed: 'incident',
};

export const kindOf = (type: EventType): EventKind => KINDS[type];

export const isStampEvent = (event: LedgerEvent): event is StampLedgerEvent => KINDS[event.type] === 'stamp';
