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
