/** Branded identifiers: strings that the compiler will not let you mix up. */
declare const brand: unique symbol;
type Brand<Name extends string> = string & { readonly [brand]: Name };

/** A stamp's serial in canonical form: 22 characters of `[0-9A-Z]`. */
export type Serial = Brand<'Serial'>;
export type OrderId = Brand<'OrderId'>;
export type BatchId = Brand<'BatchId'>;
export type AllocationId = Brand<'AllocationId'>;
export type IncidentId = Brand<'IncidentId'>;
export type OpeningId = Brand<'OpeningId'>;
/** Of one time during which orders need tickets. */
export type RoomId = Brand<'RoomId'>;
export type StockPolicyId = Brand<'StockPolicyId'>;
/** Name of a distributor or reseller; {@link DIRECT_CHANNEL} is the issuer's own. */
export type Channel = Brand<'Channel'>;
/** RFC 3339 UTC with milliseconds, `2024-09-06T13:00:00.000Z`: text order is time order. */
export type Instant = Brand<'Instant'>;
/** UUID (RFC 9562) of one command; every event that it causes carries it. */
export type CommandId = Brand<'CommandId'>;
/** UUID (RFC 9562) of one event, derived from the command. */
export type EventId = Brand<'EventId'>;

/** The issuer's own stock and sales. */
export const DIRECT_CHANNEL = 'direct' as Channel;
