// Generated from /schemas by `npm run generate`. Do not edit.

/**
 * What supports a statement: a reference, or a reference with the SHA-256 of the evidence.
 */
export type Evidence =
  | string
  | {
      /**
       * SHA-256 (FIPS 180-4), lower-case hexadecimal.
       */
      sha256: string;
      reference?: string;
    };
/**
 * Why a verdict is what it is.
 */
export type VerificationReason =
  | 'unknown-serial'
  | 'malformed-serial'
  | 'not-sold'
  | 'not-affixed'
  | 'document-mismatch'
  | 'no-document-presented'
  | 'voided'
  | 'outcome-unknown'
  | 'already-verified-elsewhere'
  | 'document-has-several-stamps'
  | 'stale';
/**
 * The verdict of a verification.
 */
export type Verdict = 'genuine' | 'not-genuine' | 'undetermined';

/**
 * An amount in major units as a decimal string, with its ISO 4217 currency.
 */
export interface Money {
  /**
   * Decimal, no sign, no exponent, at most the currency's minor units.
   */
  amount: string;
  /**
   * ISO 4217 alphabetic code.
   */
  currency: string;
}
/**
 * Why a fact is recorded later than it happened: during which incident, by whose record, and the SHA-256 of the evidence.
 */
export interface Backfill {
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  incidentId: string;
  /**
   * Opaque name of the record that the fact comes from, such as a reseller's offline journal. No personal data.
   */
  source: string;
  /**
   * SHA-256 (FIPS 180-4), lower-case hexadecimal.
   */
  evidenceSha256: string;
}
/**
 * A payment as the provider reported it.
 */
export interface Payment {
  /**
   * The provider's reference of the payment.
   */
  reference: string;
  /**
   * Decimal, no sign, no exponent, at most the currency's minor units.
   */
  amount: string;
  /**
   * ISO 4217 alphabetic code.
   */
  currency: string;
  /**
   * RFC 3339 date and time in UTC, ending in Z.
   */
  paidAt: string;
}
/**
 * The document a stamp is bound to, known to the ledger by its hash alone.
 */
export interface Document {
  /**
   * SHA-256 (FIPS 180-4), lower-case hexadecimal.
   */
  sha256: string;
  /**
   * Document type or media type.
   */
  type: string;
  /**
   * Version of the document type list.
   */
  typeVersion?: string;
  /**
   * The date on the document, YYYY-MM-DD.
   */
  date?: string;
  /**
   * Length of the document in bytes.
   */
  bytes?: number;
}
/**
 * Rules relaxed while an incident lasts.
 */
export interface RelaxedRules {
  /**
   * The version of the refund or void policy that was applied.
   */
  version: string;
  /**
   * Items: Free text for people. Holds no personal data.
   */
  rules: string[];
}
/**
 * What part of the orders a channel is let in with while others wait: its weight, by the weights of all that wait. One that is not named has weight 1.
 */
export interface Share {
  /**
   * A distributor or reseller that holds stock; "direct" is the issuer's own channel.
   */
  channel: string;
  weight: number;
}
/**
 * What may be allocated to a channel without asking when it runs low.
 */
export interface Refill {
  /**
   * A number of stamps.
   */
  quantity: number;
  /**
   * Stamps in any 24 hours, at most.
   */
  perDay: number;
}
/**
 * Metadata of every event.
 */
export interface MetadataV1 {
  /**
   * A UUID (RFC 9562), lower case.
   */
  commandId: string;
  /**
   * A UUID (RFC 9562), lower case.
   */
  correlationId: string;
  /**
   * A UUID (RFC 9562), lower case.
   */
  causationId: string;
  /**
   * Opaque reference to who acted: a token's subject or a process of the ledger.
   */
  actor: string;
  /**
   * SHA-256 (FIPS 180-4), lower-case hexadecimal.
   */
  requestHash: string;
  /**
   * Version of the event's data schema.
   */
  schemaVersion: number;
  /**
   * RFC 3339 date and time in UTC, ending in Z.
   */
  occurredAt: string;
  /**
   * RFC 3339 date and time in UTC, ending in Z.
   */
  recordedAt: string;
  backfill?: Backfill;
}
/**
 * The outcome of a doubtful affixing was established.
 */
export interface AffixOutcomeResolvedV1 {
  /**
   * A stamp's serial: 22 characters of 0-9 and A-Z.
   */
  serial: string;
  result: 'affixed' | 'not-affixed';
  document: Document;
  evidence: Evidence;
}
/**
 * An affixing was tried and nobody knows yet whether it happened.
 */
export interface AffixOutcomeUnknownV1 {
  /**
   * A stamp's serial: 22 characters of 0-9 and A-Z.
   */
  serial: string;
  document: Document;
  evidence?: Evidence;
}
/**
 * The channel got what the stock allowed.
 */
export interface AllocationCompletedV1 {
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  allocationId: string;
  allocated: number;
}
/**
 * The issuer asked for stock to be given to a channel.
 */
export interface AllocationRequestedV1 {
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  allocationId: string;
  /**
   * A distributor or reseller that holds stock; "direct" is the issuer's own channel.
   */
  channel: string;
  denomination: Money;
  /**
   * A number of stamps.
   */
  quantity: number;
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  batchId?: string;
}
/**
 * Every stamp of the batch that could be minted is minted.
 */
export interface BatchCompletedV1 {
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  batchId: string;
  minted: number;
  /**
   * Provided serials that another batch minted first.
   *
   * Items: A stamp's serial: 22 characters of 0-9 and A-Z.
   */
  conflicts?: string[];
}
/**
 * The issuer asked for stamps to be minted together.
 */
export interface BatchOpenedV1 {
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  batchId: string;
  denomination: Money;
  /**
   * A number of stamps.
   */
  quantity: number;
  /**
   * The issue (design and year) that a stamp belongs to.
   */
  series: string;
  /**
   * The issuer's own serials; absent when the ledger derives them.
   *
   * Items: A stamp's serial: 22 characters of 0-9 and A-Z.
   */
  serials?: string[];
  /**
   * Which key the serials are derived with.
   */
  serialKeyId?: string;
}
/**
 * An earlier event of this stream was wrong. The earlier event stays.
 */
export interface EventCorrectedV1 {
  /**
   * A stamp's serial: 22 characters of 0-9 and A-Z.
   */
  serial: string;
  corrects: {
    /**
     * A UUID (RFC 9562), lower case.
     */
    eventId: string;
    revision: number;
    type: string;
  };
  /**
   * Free text for people. Holds no personal data.
   */
  statement: string;
  evidence?: Evidence;
}
/**
 * The incident ended.
 */
export interface IncidentClosedV1 {
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  incidentId: string;
  /**
   * RFC 3339 date and time in UTC, ending in Z.
   */
  endedAt: string;
  /**
   * Free text for people. Holds no personal data.
   */
  summary?: string;
}
/**
 * An outage or a period of relaxed rules began.
 */
export interface IncidentOpenedV1 {
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  incidentId: string;
  /**
   * Free text for people. Holds no personal data.
   */
  title: string;
  /**
   * Free text for people. Holds no personal data.
   */
  description?: string;
  /**
   * RFC 3339 date and time in UTC, ending in Z.
   */
  startedAt: string;
  relaxedRules?: RelaxedRules;
}
/**
 * A key that is not recorded as signing the transparency log signs it; the first key is recorded once a second one signs beside it. Older keys vouch for it by signing this entry.
 */
export interface LogKeyAddedV1 {
  /**
   * A public key in the form of C2SP signed-note.
   */
  vkey: string;
}
/**
 * A key does not sign the transparency log any more: what it signs from now on is not the log's, unless it is added again.
 */
export interface LogKeyRetiredV1 {
  /**
   * A public key in the form of C2SP signed-note.
   */
  vkey: string;
}
/**
 * A sale will open: who comes before is served in an order drawn by lot, who comes after as they come.
 */
export interface OpeningAnnouncedV1 {
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  openingId: string;
  /**
   * RFC 3339 date and time in UTC, ending in Z.
   */
  opensAt: string;
  /**
   * RFC 3339 date and time in UTC, ending in Z.
   */
  ticketsFrom: string;
  /**
   * Free text for people. Holds no personal data.
   */
  title?: string;
  shares?: Share[];
}
/**
 * An announced opening was called off before anyone could take a ticket for it.
 */
export interface OpeningWithdrawnV1 {
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  openingId: string;
  /**
   * A machine-readable reason.
   */
  reason?: string;
}
/**
 * The order was withdrawn before it was fulfilled.
 */
export interface OrderCancelledV1 {
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  orderId: string;
  /**
   * A machine-readable reason.
   */
  reason?: string;
}
/**
 * Every stamp of the order was sold to its holder.
 */
export interface OrderFulfilledV1 {
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  orderId: string;
  /**
   * Items: A stamp's serial: 22 characters of 0-9 and A-Z.
   */
  serials: string[];
}
/**
 * The order was paid in full.
 */
export interface OrderPaidV1 {
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  orderId: string;
  payment: Payment;
}
/**
 * A buyer asked a channel for stamps.
 */
export interface OrderPlacedV1 {
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  orderId: string;
  /**
   * A distributor or reseller that holds stock; "direct" is the issuer's own channel.
   */
  channel: string;
  /**
   * Opaque reference to the owner of a sold stamp. Never a name or an identity number: a bare number of 15 or 16 digits is refused.
   */
  holder: string;
  denomination: Money;
  /**
   * Stamps in one order.
   */
  quantity: number;
}
/**
 * The payment goes back to the buyer; stamps sold for the order are returned and voided.
 */
export interface OrderRefundedV1 {
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  orderId: string;
  /**
   * The version of the refund or void policy that was applied.
   */
  policyVersion: string;
  amount: Money;
  /**
   * A machine-readable reason.
   */
  reason?: string;
}
/**
 * An unpaid order was given up by the ledger.
 */
export interface OrderRejectedV1 {
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  orderId: string;
  /**
   * A machine-readable reason.
   */
  reason: string;
}
/**
 * One process told who came to it lately, and let in who was due.
 */
export interface QueueAdvancedV1 {
  /**
   * A UUID (RFC 9562), lower case.
   */
  roomId: string;
  /**
   * A UUID (RFC 9562), lower case.
   */
  copy: string;
  /**
   * When, in milliseconds of POSIX time.
   */
  atMilliseconds: number;
  /**
   * Tickets a second that this process lets in: the orders that it can take durably, as measured, times how many more are let in because some do not come.
   */
  perSecond: number;
  /**
   * Tickets that this process gave since it last told.
   */
  arrivals: {
    /**
     * A distributor or reseller that holds stock; "direct" is the issuer's own channel.
     */
    channel: string;
    /**
     * The second of POSIX time in which they came; for those drawn by lot, that of the opening.
     */
    second: number;
    count: number;
  }[];
  /**
   * How far each channel's line has been let in, where that changed.
   */
  cursors: {
    /**
     * A distributor or reseller that holds stock; "direct" is the issuer's own channel.
     */
    channel: string;
    /**
     * Tickets of earlier seconds are let in, and of this one those with a draw below `below`.
     */
    second: number;
    /**
     * Draws are whole numbers below 2^48.
     */
    below: number;
  }[];
}
/**
 * The room is empty and no longer needed: orders need no ticket.
 */
export interface QueueClosedV1 {
  /**
   * A UUID (RFC 9562), lower case.
   */
  roomId: string;
}
/**
 * From now on an order needs an admitted ticket of this room.
 */
export interface QueueOpenedV1 {
  /**
   * A UUID (RFC 9562), lower case.
   */
  roomId: string;
  /**
   * An announced opening, or demand above capacity.
   */
  cause: 'opening' | 'pressure';
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  openingId?: string;
}
/**
 * The stamp was bound to one document, for good.
 */
export interface StampAffixedV1 {
  /**
   * A stamp's serial: 22 characters of 0-9 and A-Z.
   */
  serial: string;
  document: Document;
  /**
   * SHA-256 (FIPS 180-4), lower-case hexadecimal.
   */
  signedSha256?: string;
}
/**
 * The stamp became stock of a channel.
 */
export interface StampAllocatedV1 {
  /**
   * A stamp's serial: 22 characters of 0-9 and A-Z.
   */
  serial: string;
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  allocationId: string;
  /**
   * A distributor or reseller that holds stock; "direct" is the issuer's own channel.
   */
  channel: string;
}
/**
 * Allocated stock went back to the issuer.
 */
export interface StampDeallocatedV1 {
  /**
   * A stamp's serial: 22 characters of 0-9 and A-Z.
   */
  serial: string;
  /**
   * A distributor or reseller that holds stock; "direct" is the issuer's own channel.
   */
  channel: string;
  /**
   * A machine-readable reason.
   */
  reason: string;
}
/**
 * A serial came into being, in stock with the issuer.
 */
export interface StampMintedV1 {
  /**
   * A stamp's serial: 22 characters of 0-9 and A-Z.
   */
  serial: string;
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  batchId: string;
  /**
   * The issue (design and year) that a stamp belongs to.
   */
  series: string;
  denomination: Money;
  /**
   * Place in the batch, from 0.
   */
  index: number;
}
/**
 * A reservation ended without an affixing; the stamp is the holder's as before.
 */
export interface StampReleasedV1 {
  /**
   * A stamp's serial: 22 characters of 0-9 and A-Z.
   */
  serial: string;
  /**
   * A machine-readable reason.
   */
  reason: string;
}
/**
 * The holder reserved the stamp for one document, until a time.
 */
export interface StampReservedV1 {
  /**
   * A stamp's serial: 22 characters of 0-9 and A-Z.
   */
  serial: string;
  document: Document;
  /**
   * RFC 3339 date and time in UTC, ending in Z.
   */
  expiresAt: string;
}
/**
 * The stamp got a holder.
 */
export interface StampSoldV1 {
  /**
   * A stamp's serial: 22 characters of 0-9 and A-Z.
   */
  serial: string;
  /**
   * A distributor or reseller that holds stock; "direct" is the issuer's own channel.
   */
  channel: string;
  /**
   * Opaque reference to the owner of a sold stamp. Never a name or an identity number: a bare number of 15 or 16 digits is refused.
   */
  holder: string;
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  orderId?: string;
  payment?: Payment;
}
/**
 * A relying party checked the serial. Recorded for serials that nobody minted too.
 */
export interface StampVerifiedV1 {
  /**
   * A stamp's serial: 22 characters of 0-9 and A-Z.
   */
  serial: string;
  verdict: Verdict;
  reasons: VerificationReason[];
  document?: {
    /**
     * SHA-256 (FIPS 180-4), lower-case hexadecimal.
     */
    sha256: string;
  };
}
/**
 * The stamp lost its validity.
 */
export interface StampVoidedV1 {
  /**
   * A stamp's serial: 22 characters of 0-9 and A-Z.
   */
  serial: string;
  /**
   * A machine-readable reason.
   */
  reason: string;
  evidence?: Evidence;
  /**
   * The version of the refund or void policy that was applied.
   */
  policyVersion?: string;
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  orderId?: string;
}
/**
 * The issuer said when the stock of a channel is low, and what may then be allocated without asking.
 */
export interface StockPolicySetV1 {
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  policyId: string;
  /**
   * A distributor or reseller that holds stock; "direct" is the issuer's own channel.
   */
  channel: string;
  denomination: Money;
  /**
   * A number of stamps.
   */
  lowBelow: number;
  refill?: Refill;
}
/**
 * A channel has fewer stamps than its policy wants, and what is done about it.
 */
export interface StockRanLowV1 {
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  policyId: string;
  /**
   * A distributor or reseller that holds stock; "direct" is the issuer's own channel.
   */
  channel: string;
  denomination: Money;
  inStock: number;
  /**
   * A number of stamps.
   */
  lowBelow: number;
  /**
   * The allocation that follows, or why none does.
   */
  refill:
    | {
        /**
         * An opaque identifier of an order, batch, allocation or incident.
         */
        allocationId: string;
        /**
         * A number of stamps.
         */
        quantity: number;
        /**
         * When, in milliseconds of POSIX time: the limit of a day counts from here.
         */
        atMilliseconds: number;
      }
    | {
        none: 'not-automatic' | 'limit-reached' | 'issuer-out-of-stock';
      };
}
/**
 * A channel that had run low has enough stamps again.
 */
export interface StockRecoveredV1 {
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  policyId: string;
  /**
   * A distributor or reseller that holds stock; "direct" is the issuer's own channel.
   */
  channel: string;
  denomination: Money;
  inStock: number;
}
/**
 * POST /v1/stamps/{serial}/affixation
 */
export interface AffixStamp {
  document: Document;
  /**
   * SHA-256 (FIPS 180-4), lower-case hexadecimal.
   */
  signedSha256?: string;
  /**
   * RFC 3339 date and time in UTC, ending in Z.
   */
  occurredAt?: string;
  backfill?: Backfill;
}
/**
 * POST /v1/queue/openings
 */
export interface AnnounceOpening {
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  openingId?: string;
  /**
   * RFC 3339 date and time in UTC, ending in Z.
   */
  opensAt: string;
  /**
   * RFC 3339 date and time in UTC, ending in Z.
   */
  ticketsFrom?: string;
  /**
   * Free text for people. Holds no personal data.
   */
  title?: string;
  shares?: Share[];
}
/**
 * POST /v1/orders/{id}/cancellation
 */
export interface CancelOrder {
  /**
   * A machine-readable reason.
   */
  reason?: string;
}
/**
 * POST /v1/incidents/{id}/closure
 */
export interface CloseIncident {
  /**
   * RFC 3339 date and time in UTC, ending in Z.
   */
  endedAt?: string;
  /**
   * Free text for people. Holds no personal data.
   */
  summary?: string;
}
/**
 * POST /v1/stamps/{serial}/corrections
 */
export interface CorrectEvent {
  /**
   * A UUID (RFC 9562), lower case.
   */
  eventId: string;
  /**
   * Free text for people. Holds no personal data.
   */
  statement: string;
  evidence?: Evidence;
}
/**
 * POST /v1/stamps/{serial}/deallocation
 */
export interface DeallocateStamp {
  /**
   * A machine-readable reason.
   */
  reason: string;
}
/**
 * POST /v1/batches
 */
export interface OpenBatch {
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  batchId?: string;
  denomination: Money;
  /**
   * A number of stamps.
   */
  quantity: number;
  /**
   * The issue (design and year) that a stamp belongs to.
   */
  series: string;
  /**
   * Own serials, as many as quantity says.
   *
   * Items: A stamp's serial: 22 characters of 0-9 and A-Z.
   */
  serials?: string[];
}
/**
 * POST /v1/incidents
 */
export interface OpenIncident {
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  incidentId?: string;
  /**
   * Free text for people. Holds no personal data.
   */
  title: string;
  /**
   * Free text for people. Holds no personal data.
   */
  description?: string;
  /**
   * RFC 3339 date and time in UTC, ending in Z.
   */
  startedAt?: string;
  relaxedRules?: RelaxedRules;
}
/**
 * POST /v1/orders/{id}/payments
 */
export interface PayOrder {
  /**
   * The provider's reference of the payment.
   */
  reference: string;
  /**
   * Decimal, no sign, no exponent, at most the currency's minor units.
   */
  amount: string;
  /**
   * ISO 4217 alphabetic code.
   */
  currency: string;
  /**
   * RFC 3339 date and time in UTC, ending in Z.
   */
  paidAt: string;
  /**
   * RFC 3339 date and time in UTC, ending in Z.
   */
  occurredAt?: string;
  backfill?: Backfill;
}
/**
 * POST /v1/orders
 */
export interface PlaceOrder {
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  orderId?: string;
  /**
   * A distributor or reseller that holds stock; "direct" is the issuer's own channel.
   */
  channel: string;
  /**
   * Opaque reference to the owner of a sold stamp. Never a name or an identity number: a bare number of 15 or 16 digits is refused.
   */
  holder: string;
  denomination: Money;
  /**
   * Stamps in one order.
   */
  quantity: number;
  payment?: Payment;
}
/**
 * POST /v1/rebuilds
 */
export interface RebuildReadModels {}
/**
 * POST /v1/orders/{id}/refund
 */
export interface RefundOrder {
  /**
   * The version of the refund or void policy that was applied.
   */
  policyVersion: string;
  amount?: Money;
  /**
   * A machine-readable reason.
   */
  reason?: string;
}
/**
 * POST /v1/stamps/{serial}/outcome-unknown
 */
export interface ReportOutcomeUnknown {
  evidence?: Evidence;
}
/**
 * POST /v1/allocations
 */
export interface RequestAllocation {
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  allocationId?: string;
  /**
   * A distributor or reseller that holds stock; "direct" is the issuer's own channel.
   */
  channel: string;
  denomination: Money;
  /**
   * A number of stamps.
   */
  quantity: number;
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  batchId?: string;
}
/**
 * POST /v1/stamps/{serial}/reservation
 */
export interface ReserveStamp {
  document: Document;
  /**
   * Seconds until the reservation ends by itself.
   */
  expiresInSeconds: number;
}
/**
 * POST /v1/stamps/{serial}/outcome
 */
export interface ResolveOutcome {
  result: 'affixed' | 'not-affixed';
  evidence: Evidence;
}
/**
 * POST /v1/stamps/{serial}/sale
 */
export interface SellStamp {
  /**
   * A distributor or reseller that holds stock; "direct" is the issuer's own channel.
   */
  channel: string;
  /**
   * Opaque reference to the owner of a sold stamp. Never a name or an identity number: a bare number of 15 or 16 digits is refused.
   */
  holder: string;
  payment?: Payment;
  /**
   * RFC 3339 date and time in UTC, ending in Z.
   */
  occurredAt?: string;
  backfill?: Backfill;
}
/**
 * POST /v1/stock-policies
 */
export interface SetStockPolicy {
  /**
   * A distributor or reseller that holds stock; "direct" is the issuer's own channel.
   */
  channel: string;
  denomination: Money;
  /**
   * A number of stamps.
   */
  lowBelow: number;
  refill?: Refill;
}
/**
 * POST /v1/queue
 */
export interface TakeTicket {
  /**
   * A distributor or reseller that holds stock; "direct" is the issuer's own channel.
   */
  channel: string;
  /**
   * An opaque identifier of an order, batch, allocation or incident.
   */
  orderId?: string;
}
/**
 * POST /v1/verifications
 */
export interface VerifyStamp {
  /**
   * A serial as a person types it: lower case, spaces and hyphens are accepted and normalised away.
   */
  serial: string;
  document?: {
    /**
     * SHA-256 (FIPS 180-4), lower-case hexadecimal.
     */
    sha256: string;
  };
}
/**
 * POST /v1/stamps/{serial}/void
 */
export interface VoidStamp {
  /**
   * A machine-readable reason.
   */
  reason: string;
  evidence?: Evidence;
  /**
   * The version of the refund or void policy that was applied.
   */
  policyVersion?: string;
}
/**
 * POST /v1/queue/openings/{id}/withdrawal
 */
export interface WithdrawOpening {
  /**
   * A machine-readable reason.
   */
  reason?: string;
}
