import type { LedgerEvent } from '@stamp-ledger/codec';
import type { EventType, StampEventType } from '@stamp-ledger/domain';
import { unreachable } from './fault.js';

export type StampLedgerEvent = LedgerEvent<StampEventType>;

/** Which kind of stream an event type belongs to. */
export type EventKind = 'stamp' | 'order' | 'batch' | 'allocation' | 'incident';

export function kindOf(type: EventType): EventKind {
  switch (type) {
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
      return 'stamp';
    case 'OrderPlaced':
    case 'OrderPaid':
    case 'OrderFulfilled':
    case 'OrderRejected':
    case 'OrderCancelled':
    case 'OrderRefunded':
      return 'order';
    case 'BatchOpened':
    case 'BatchCompleted':
      return 'batch';
    case 'AllocationRequested':
    case 'AllocationCompleted':
      return 'allocation';
    case 'IncidentOpened':
    case 'IncidentClosed':
      return 'incident';
    default:
      return unreachable(type);
  }
}

export const isStampEvent = (event: LedgerEvent): event is StampLedgerEvent => kindOf(event.type) === 'stamp';
