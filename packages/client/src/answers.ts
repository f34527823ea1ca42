import type {
  Document,
  Evidence,
  MetadataV1,
  Money,
  Payment,
  Refill,
  RelaxedRules,
  Share,
  Verdict,
  VerificationReason,
} from '@stamp-ledger/domain';
import type { Problem } from './errors.js';

/** States of a stamp's life. `unknown` is a serial that nobody minted but somebody asked for. */
export type StampStage =
  | 'minted'
  | 'allocated'
  | 'sold'
  | 'reserved'
  | 'outcome-unknown'
  | 'affixed'
  | 'voided';
export type OrderStatus = 'placed' | 'paid' | 'fulfilled' | 'rejected' | 'cancelled' | 'refunded';

export interface BatchAnswer {
  readonly batchId: string;
  readonly status: 'minting' | 'minted';
  readonly denomination: Money;
  readonly series: string;
  readonly quantity: number;
  readonly minted: number;
  /** Provided serials that another batch minted first. */
  readonly conflicts?: readonly string[];
}

export interface AllocationAnswer {
  readonly allocationId: string;
  readonly status: 'allocating' | 'allocated';
  readonly channel: string;
  readonly denomination: Money;
  readonly batchId?: string;
  readonly quantity: number;
  readonly allocated: number;
}

/** Where a ticket of the waiting room stands. */
export interface TicketAnswer {
  /** When it was just taken: the ticket, and the one order that it lets in. */
  readonly ticket?: string;
  readonly orderId?: string;
  /** `not-needed`: orders need no ticket; `expired`: take another. */
  readonly status: 'not-needed' | 'before-opening' | 'waiting' | 'admitted' | 'expired';
  /** Its lot is drawn then. */
  readonly opensAt?: string;
  /** In the line of its channel, from 1. */
  readonly place?: number;
  readonly ahead?: number;
  readonly estimatedSeconds?: number;
  /** The order may be placed until then. */
  readonly until?: string;
  /** Absent when asking again tells nothing new. */
  readonly askAgainSeconds?: number;
}

export interface OpeningAnswer {
  readonly openingId: string;
  readonly status: 'announced' | 'withdrawn';
  readonly opensAt: string;
  readonly ticketsFrom: string;
  readonly title?: string;
  readonly shares: readonly Share[];
}

export interface QueueAnswer {
  /** Whether there are tickets. By an opening orders need one; under pressure those with one go before the others. */
  readonly isOpen: boolean;
  readonly roomId?: string;
  readonly cause?: 'opening' | 'pressure';
  readonly perSecond?: number;
  readonly waiting?: number;
  readonly lines?: readonly { readonly channel: string; readonly waiting: number; readonly weight: number }[];
  /** Still to come. */
  readonly openings: readonly Pick<OpeningAnswer, 'openingId' | 'opensAt' | 'ticketsFrom' | 'title'>[];
}

export interface StockPolicyAnswer {
  readonly policyId: string;
  readonly channel: string;
  readonly denomination: Money;
  readonly lowBelow: number;
  readonly refill?: Refill;
}

export interface WatchedStockAnswer extends StockPolicyAnswer {
  readonly inStock: number;
  readonly status: 'enough' | 'low';
  readonly notRefilled?: 'not-automatic' | 'limit-reached' | 'issuer-out-of-stock';
}

export interface OrderAnswer {
  readonly orderId: string;
  readonly status: OrderStatus;
  readonly channel: string;
  readonly denomination: Money;
  readonly quantity: number;
  readonly revision: number;
  /** Paid orders that come first, while this one waits. */
  readonly ahead: number;
  /** Until its stamps, by the recent rate; 0 when it is settled, absent while the stock does not cover it. */
  readonly estimatedSeconds?: number;
  readonly payment?: Payment;
  /** Once fulfilled. */
  readonly serials?: readonly string[];
  /** Why it was rejected. */
  readonly reason?: string;
  /** What was given back, and by which policy, once refunded. */
  readonly amount?: Money;
  readonly policyVersion?: string;
}

/** What a command on one stamp answers. */
export interface StampCommandAnswer {
  readonly serial: string;
  readonly revision: number;
  readonly state: StampStage;
}

/** How fresh an answer is. */
export interface Freshness {
  readonly recordedAt: string;
  readonly lagMilliseconds: number;
}

/** What anybody may see of a stamp: never the holder, the payment or an actor. */
export interface StampAnswer {
  readonly serial: string;
  readonly state: StampStage;
  readonly denomination: Money;
  readonly series: string;
  readonly channel: string;
  readonly mintedAt: string;
  readonly soldAt?: string;
  readonly affixedAt?: string;
  readonly document?: Pick<Document, 'sha256' | 'type'>;
  readonly voided?: { readonly reason: string; readonly at: string };
  readonly verifications: { readonly count: number; readonly lastAt?: string };
  readonly revision: number;
  readonly asOf: Freshness;
}

/** The answer to one line of a bulk verification, or why there is none. */
export type BulkVerificationAnswer = { readonly line: number } & (
  | {
      readonly serial: string;
      readonly verdict: Verdict;
      readonly reasons: readonly VerificationReason[];
      /** Absent when nothing was recorded: a malformed serial. */
      readonly position?: string;
    }
  | { readonly problem: Problem }
);

/** A verdict with its reasons, and the public view where the serial is known. */
export type VerificationAnswer = {
  readonly serial: string;
  readonly verdict: Verdict;
  readonly reasons: readonly VerificationReason[];
} & Partial<Omit<StampAnswer, 'serial'>>;

/** One event as auditors and subscribers read it. */
export interface EventAnswer {
  readonly position: string;
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  readonly occurredAt: string;
  readonly recordedAt: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<MetadataV1>;
  /** RFC 6962 leaf hash of the event's log entry, hexadecimal. */
  readonly leafHash: string;
  readonly leafIndex?: number;
  /** What later events of the same answer say was wrong with it; it stays as it is. */
  readonly corrections?: readonly {
    readonly revision: number;
    readonly position: string;
    readonly recordedAt: string;
    readonly statement: string;
    readonly evidence?: Evidence;
  }[];
}

export interface HistoryAnswer {
  readonly serial: string;
  readonly events: readonly EventAnswer[];
  /** Revision for `after`; absent when there are no more. */
  readonly next?: number;
}

/** A C2SP tlog-proof of one event. */
export interface StampProofAnswer {
  readonly revision: number;
  readonly eventId: string;
  readonly leafIndex: number;
  readonly leafHash: string;
  /** The file, as text. */
  readonly proof: string;
}

export interface StampProofsAnswer {
  readonly serial: string;
  readonly proofs: readonly StampProofAnswer[];
  /** Revisions that are not in the published log yet. */
  readonly unsealed: readonly number[];
  /** Revision for `from`; absent when there are no more. */
  readonly next?: number;
}

export interface EventsPageAnswer {
  readonly events: readonly EventAnswer[];
  /** Where the next page begins; absent while the log is empty. */
  readonly next?: string;
}

export interface DocumentAnswer {
  readonly sha256: string;
  readonly stamps: readonly Omit<StampAnswer, 'asOf'>[];
  /** Serial for `after`, when there may be more. */
  readonly next?: string;
  readonly asOf: Freshness;
}

/** The moment that an answer speaks of. */
export interface AsOfAnswer {
  readonly position?: string;
  readonly recordedAt?: string;
}

/** Stamps by state. */
export interface StampCounts {
  readonly inStock: number;
  readonly allocated: number;
  readonly sold: number;
  readonly reserved: number;
  readonly outcomeUnknown: number;
  readonly affixed: number;
  readonly voided: number;
}

export interface InventoryGroup extends StampCounts {
  readonly batchId: string;
  readonly channel: string;
  readonly denomination: Money;
}

export interface InventoryAnswer {
  readonly asOf: AsOfAnswer;
  readonly groups: readonly InventoryGroup[];
  readonly totals: StampCounts;
}

export interface ConservationGroup extends InventoryGroup {
  readonly minted: number;
  /** minted less the sum of the states. */
  readonly difference: number;
  /** The stamps behind a difference. */
  readonly serials?: readonly string[];
}

/** paid = fulfilled + pending + refunded, in one currency. */
export interface MoneyConservation {
  readonly currency: string;
  readonly paid: Money;
  readonly fulfilled: Money;
  readonly pending: Money;
  readonly refunded: Money;
  readonly difference: Money;
}

export interface ConservationAnswer {
  readonly asOf: AsOfAnswer;
  readonly groups: readonly ConservationGroup[];
  /** In the home currency. */
  readonly money: MoneyConservation;
  readonly otherCurrencies?: readonly MoneyConservation[];
}

/** A paid order without its stamps, and why. */
export interface UnfulfilledOrder {
  readonly orderId: string;
  readonly channel: string;
  readonly quantity: number;
  readonly denomination: Money;
  readonly paidAt?: string;
  readonly cause: 'in-progress' | 'out-of-stock' | 'refund-due';
  readonly ageSeconds: number;
}

export interface UnfulfilledAnswer {
  readonly orders: readonly UnfulfilledOrder[];
  readonly next?: string;
}

/** One payment that the ledger took: of an order, or of a stamp sold without one. */
export interface PaymentAnswer {
  readonly reference: string;
  readonly amount: string;
  readonly currency: string;
  readonly paidAt: string;
  readonly recordedAt: string;
  readonly position: string;
  readonly channel: string;
  readonly orderId?: string;
  readonly serial?: string;
  readonly status: 'pending' | 'fulfilled' | 'refund-due' | 'refunded';
}

export interface PaymentsAnswer {
  readonly payments: readonly PaymentAnswer[];
  readonly next?: string;
}

export interface EventTotals {
  readonly total: number;
  readonly byType: Readonly<Record<string, number>>;
}

/** What happened in a window, or during an incident. */
export interface OutageAnswer {
  readonly from: string;
  readonly to: string;
  readonly incidents: readonly IncidentAnswer[];
  readonly asOf: AsOfAnswer;
  readonly accepted: EventTotals;
  readonly refused?: {
    readonly total: number;
    readonly byKind: Readonly<Record<string, number>>;
    readonly lostByCrashSeconds: number;
  };
  readonly outcomeUnknown: {
    readonly total: number;
    readonly cases: readonly {
      readonly serial: string;
      readonly reportedAt: string;
      readonly position: string;
      readonly ending: 'affixed' | 'not-affixed' | 'voided' | 'open';
      readonly endedAt?: string;
    }[];
    readonly more: boolean;
  };
  readonly reservationsReleased: number;
  readonly backfilled: readonly ({ readonly incidentId: string } & EventTotals)[];
  readonly refunded: number;
  readonly salesRefunded: number;
  readonly paidNotFulfilled: { readonly orders: readonly UnfulfilledOrder[]; readonly more: boolean };
  readonly readModelLag: readonly { readonly projection: string; readonly milliseconds: number }[];
  readonly processes: {
    readonly runs: readonly {
      readonly instance: string;
      readonly service: string;
      readonly version: string;
      readonly startedAt: string;
      readonly seenAt: string;
      readonly stoppedAt?: string;
    }[];
    readonly more: boolean;
  };
  readonly sealing: 'not-configured' | 'configured';
  /** `lasting` has no end yet; of an `unknown` one nobody can say whether events waited, nor without a time since when. */
  readonly sealGaps: readonly {
    readonly extent: 'measured' | 'lasting' | 'unknown';
    readonly from?: string;
    readonly to?: string;
    readonly events?: number;
  }[];
}

export interface IncidentAnswer {
  readonly incidentId: string;
  readonly status: 'open' | 'closed';
  readonly title: string;
  readonly description?: string;
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly summary?: string;
  readonly relaxedRules?: RelaxedRules;
}

export interface IncidentsAnswer {
  readonly incidents: readonly IncidentAnswer[];
  readonly next?: string;
}

export interface RebuildAnswer {
  readonly rebuildId: string;
  readonly status: 'running' | 'done' | 'failed';
  readonly eventsDone: number;
  readonly eventsTotal: number;
  readonly detail?: string;
}

export interface ReadinessAnswer {
  readonly sealing?: {
    readonly status: 'starting' | 'running' | 'refilling' | 'halted';
    readonly events: number;
    readonly lagMilliseconds: number;
  };
  readonly status: string;
  readonly [detail: string]: unknown;
}
