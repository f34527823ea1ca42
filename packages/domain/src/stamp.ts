import type { AllocationId, BatchId, Channel, Instant, OrderId, Serial } from './ids.js';
import type { Document, Evidence, Money, Payment, Verdict, VerificationReason } from './wire.generated.js';

/** States of A4, as clients read them. */
export type StampStage =
  | 'minted'
  | 'allocated'
  | 'sold'
  | 'reserved'
  | 'outcome-unknown'
  | 'affixed'
  | 'voided';

/** What never changes after minting. */
export interface StampIdentity {
  readonly serial: Serial;
  readonly batchId: BatchId;
  readonly series: string;
  readonly denomination: Money;
  readonly index: number;
}

/** Since the sale. */
export interface StampSale {
  readonly holder: string;
  readonly orderId?: OrderId;
}

export type StampState =
  | { readonly stage: 'unminted' }
  | ({ readonly stage: 'minted'; readonly channel: Channel } & StampIdentity)
  | ({
      readonly stage: 'allocated';
      readonly channel: Channel;
      readonly allocationId: AllocationId;
    } & StampIdentity)
  | ({ readonly stage: 'sold'; readonly channel: Channel } & StampIdentity & StampSale)
  | ({
      readonly stage: 'reserved';
      readonly channel: Channel;
      readonly document: Document;
      readonly expiresAt: Instant;
    } & StampIdentity &
      StampSale)
  | ({
      readonly stage: 'outcome-unknown';
      readonly channel: Channel;
      readonly document: Document;
    } & StampIdentity &
      StampSale)
  | ({
      readonly stage: 'affixed';
      readonly channel: Channel;
      readonly document: Document;
      readonly signedSha256?: string;
      readonly resolved?: true;
    } & StampIdentity &
      StampSale)
  | ({
      readonly stage: 'voided';
      readonly channel: Channel;
      readonly reason: string;
      readonly document?: Document;
    } & StampIdentity);

/** `actingChannel` is the channel that the caller's token acts for; absent when it may act for all. */
export type StampCommand =
  | {
      readonly kind: 'mint';
      readonly batchId: BatchId;
      readonly series: string;
      readonly denomination: Money;
      readonly index: number;
      readonly serial: Serial;
    }
  | { readonly kind: 'allocate'; readonly allocationId: AllocationId; readonly channel: Channel }
  | { readonly kind: 'deallocate'; readonly reason: string }
  | {
      readonly kind: 'sell';
      readonly channel: Channel;
      readonly holder: string;
      readonly orderId?: OrderId;
      readonly payment?: Payment;
      readonly actingChannel?: Channel;
    }
  | {
      readonly kind: 'reserve';
      readonly document: Document;
      readonly expiresAt: Instant;
      readonly at: Instant;
      /** The order that the stamp was sold with is refunded or cancelled, read by the caller. */
      readonly orderClosed?: boolean;
      readonly actingChannel?: Channel;
    }
  | { readonly kind: 'release'; readonly reason: string; readonly actingChannel?: Channel }
  /** Only ends a reservation whose time is over at `at`; anything else is left alone. */
  | { readonly kind: 'expire-reservation'; readonly at: Instant }
  | {
      readonly kind: 'affix';
      readonly document: Document;
      readonly signedSha256?: string;
      readonly at: Instant;
      /** The order that the stamp was sold with is refunded or cancelled, read by the caller. */
      readonly orderClosed?: boolean;
      readonly actingChannel?: Channel;
    }
  | {
      readonly kind: 'report-outcome-unknown';
      readonly evidence?: Evidence;
      readonly actingChannel?: Channel;
    }
  | {
      readonly kind: 'resolve-outcome';
      readonly result: 'affixed' | 'not-affixed';
      readonly evidence: Evidence;
      readonly actingChannel?: Channel;
    }
  | {
      readonly kind: 'void';
      readonly reason: string;
      readonly evidence?: Evidence;
      readonly policyVersion?: string;
      readonly orderId?: OrderId;
    }
  /** The verdict is worked out by `judge` before; here it is only recorded, minted or not. */
  | {
      readonly kind: 'record-verification';
      readonly serial: Serial;
      readonly verdict: Verdict;
      readonly reasons: readonly VerificationReason[];
      readonly documentSha256?: string;
    }
  /** `corrects` was read from this stamp's own stream by the caller. */
  | {
      readonly kind: 'correct';
      readonly corrects: { readonly eventId: string; readonly revision: number; readonly type: string };
      readonly statement: string;
      readonly evidence?: Evidence;
    };

/** A stamp that exists. */
export type MintedStamp = Exclude<StampState, { readonly stage: 'unminted' }>;

/** A stamp in one of the stages `Stage`. */
export type StampIn<Stage extends StampStage> = Extract<StampState, { readonly stage: Stage }>;

/** The command of one kind. */
export type StampCommandOf<Kind extends StampCommand['kind']> = Extract<
  StampCommand,
  { readonly kind: Kind }
>;
