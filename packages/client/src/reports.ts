import type {
  ConservationAnswer,
  DocumentAnswer,
  EventsPageAnswer,
  InventoryAnswer,
  OutageAnswer,
  PaymentsAnswer,
  ReadinessAnswer,
  RebuildAnswer,
  UnfulfilledAnswer,
} from './answers.js';
import type { Answer, Caller, CallOptions, CommandOptions } from './call.js';
import { path, withQuery } from './path.js';

export interface InventoryFilter {
  readonly channel?: string;
  /** An amount, such as `10000`. */
  readonly denomination?: string;
  readonly currency?: string;
  readonly batchId?: string;
  /** A time (RFC 3339 UTC) or a position. */
  readonly asOf?: string;
}

/** Events that fit all that is given. */
export interface SearchFilter {
  readonly orderId?: string;
  readonly holder?: string;
  readonly documentSha256?: string;
  readonly channel?: string;
  readonly commandId?: string;
  readonly correlationId?: string;
  /** Facts recorded late that happened during this incident. */
  readonly incidentId?: string;
  readonly types?: readonly string[];
  /** Recorded at `from` (RFC 3339 UTC) or later, and before `to`. */
  readonly from?: string;
  readonly to?: string;
}

/** What auditors ask. */
export const audit = (caller: Caller) => ({
  inventory: (filter: InventoryFilter = {}, options?: CallOptions): Promise<Answer<InventoryAnswer>> =>
    caller.query(withQuery('/v1/inventory', { ...filter }), options),
  conservation: (
    filter: { readonly asOf?: string } = {},
    options?: CallOptions,
  ): Promise<Answer<ConservationAnswer>> =>
    caller.query(withQuery('/v1/audit/conservation', filter), options),
  unfulfilled: (
    page: { readonly after?: string; readonly limit?: number } = {},
    options?: CallOptions,
  ): Promise<Answer<UnfulfilledAnswer>> => caller.query(withQuery('/v1/audit/unfulfilled', page), options),
  /** Payments in the order in which they were made; `from` (included) and `to` (not) are times of payment. */
  payments: (
    page: {
      readonly reference?: string;
      readonly from?: string;
      readonly to?: string;
      readonly after?: string;
      readonly limit?: number;
    } = {},
    options?: CallOptions,
  ): Promise<Answer<PaymentsAnswer>> => caller.query(withQuery('/v1/audit/payments', page), options),
  /** What happened in a window of recording times, or during an incident. */
  outage: (
    request: { readonly from: string; readonly to: string } | { readonly incident: string },
    options?: CallOptions,
  ): Promise<Answer<OutageAnswer>> => caller.query(withQuery('/v1/audit/outage', request), options),
  /** Stamps bound to a document. */
  document: (
    sha256: string,
    page: { readonly after?: string; readonly limit?: number } = {},
    options?: CallOptions,
  ): Promise<Answer<DocumentAnswer>> => caller.query(withQuery(path`/v1/documents/${sha256}`, page), options),
  /** Events by what they are about, oldest first. */
  search: (
    filter: SearchFilter & { readonly after?: string; readonly limit?: number },
    options?: CallOptions,
  ): Promise<Answer<EventsPageAnswer>> => caller.query(withQuery('/v1/audit/events', { ...filter }), options),
});

/** Building the read models anew, beside the live ones. */
export const rebuilds = (caller: Caller) => ({
  start: (options?: CommandOptions): Promise<Answer<RebuildAnswer>> =>
    caller.command('/v1/rebuilds', {}, options),
  get: (rebuildId: string, options?: CallOptions): Promise<Answer<RebuildAnswer>> =>
    caller.query(path`/v1/rebuilds/${rebuildId}`, options),
});

/** Whether the ledger serves; rejects with a problem of status 503 when it does not. */
export const health = (caller: Caller) => ({
  ready: (options?: CallOptions): Promise<Answer<ReadinessAnswer>> => caller.query('/readyz', options),
  live: (options?: CallOptions): Promise<Answer<ReadinessAnswer>> => caller.query('/livez', options),
});
