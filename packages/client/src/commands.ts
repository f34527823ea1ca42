import type {
  AffixStamp,
  CancelOrder,
  CloseIncident,
  CorrectEvent,
  DeallocateStamp,
  OpenBatch,
  OpenIncident,
  PayOrder,
  PlaceOrder,
  RefundOrder,
  ReportOutcomeUnknown,
  RequestAllocation,
  ReserveStamp,
  ResolveOutcome,
  SellStamp,
  VoidStamp,
} from '@stamp-ledger/domain';
import type {
  AllocationAnswer,
  BatchAnswer,
  HistoryAnswer,
  IncidentAnswer,
  IncidentsAnswer,
  OrderAnswer,
  StampAnswer,
  StampCommandAnswer,
  StampProofsAnswer,
  VerificationAnswer,
} from './answers.js';
import type { Answer, Caller, CallOptions, CommandOptions } from './call.js';
import { path, withQuery } from './path.js';

/** Minting: `POST /v1/batches`. */
export const batches = (caller: Caller) => ({
  open: (body: OpenBatch, options?: CommandOptions): Promise<Answer<BatchAnswer>> =>
    caller.command('/v1/batches', body, options),
  get: (batchId: string, options?: CallOptions): Promise<Answer<BatchAnswer>> =>
    caller.query(path`/v1/batches/${batchId}`, options),
});

/** Giving stock to channels: `POST /v1/allocations`. */
export const allocations = (caller: Caller) => ({
  request: (body: RequestAllocation, options?: CommandOptions): Promise<Answer<AllocationAnswer>> =>
    caller.command('/v1/allocations', body, options),
  get: (allocationId: string, options?: CallOptions): Promise<Answer<AllocationAnswer>> =>
    caller.query(path`/v1/allocations/${allocationId}`, options),
});

/** Selling by order: `POST /v1/orders`. */
export const orders = (caller: Caller) => ({
  place: (body: PlaceOrder, options?: CommandOptions): Promise<Answer<OrderAnswer>> =>
    caller.command('/v1/orders', body, options),
  get: (orderId: string, options?: CallOptions): Promise<Answer<OrderAnswer>> =>
    caller.query(path`/v1/orders/${orderId}`, options),
  pay: (orderId: string, body: PayOrder, options?: CommandOptions): Promise<Answer<OrderAnswer>> =>
    caller.command(path`/v1/orders/${orderId}/payments`, body, options),
  cancel: (orderId: string, body: CancelOrder = {}, options?: CommandOptions): Promise<Answer<OrderAnswer>> =>
    caller.command(path`/v1/orders/${orderId}/cancellation`, body, options),
  refund: (orderId: string, body: RefundOrder, options?: CommandOptions): Promise<Answer<OrderAnswer>> =>
    caller.command(path`/v1/orders/${orderId}/refund`, body, options),
});

/** Which stamp view will do: one that has seen a revision, or one folded from the log itself. */
export interface LookUpOptions extends CallOptions {
  readonly atLeastRevision?: number;
  readonly strong?: boolean;
}

export interface HistoryOptions {
  readonly asOf?: string;
  readonly after?: number;
  readonly limit?: number;
}

/** The life of one stamp. */
export const stamps = (caller: Caller) => {
  const act =
    <Body extends object>(what: string) =>
    (serial: string, body: Body, options?: CommandOptions): Promise<Answer<StampCommandAnswer>> =>
      caller.command(path`/v1/stamps/${serial}/${what}`, body, options);
  const lookUpPath = (serial: string, options: LookUpOptions) =>
    withQuery(path`/v1/stamps/${serial}`, {
      atLeastRevision: options.atLeastRevision,
      consistency: options.strong === true ? 'strong' : undefined,
    });
  return {
    sell: act<SellStamp>('sale'),
    reserve: act<ReserveStamp>('reservation'),
    release: (serial: string, options?: CommandOptions): Promise<Answer<StampCommandAnswer>> =>
      caller.remove(path`/v1/stamps/${serial}/reservation`, options),
    affix: act<AffixStamp>('affixation'),
    reportOutcomeUnknown: act<ReportOutcomeUnknown>('outcome-unknown'),
    resolveOutcome: act<ResolveOutcome>('outcome'),
    void: act<VoidStamp>('void'),
    deallocate: act<DeallocateStamp>('deallocation'),
    correct: act<CorrectEvent>('corrections'),
    /** The public view; rejects with the problem `unknown-serial` or `malformed-serial`. */
    lookUp: (serial: string, options: LookUpOptions = {}): Promise<Answer<StampAnswer>> =>
      caller.query(lookUpPath(serial, options), options),
    /** The public view, or no body with status 304 when it is still the one that `etag` names. */
    lookUpIfChanged: (
      serial: string,
      etag: string,
      options: LookUpOptions = {},
    ): Promise<Answer<StampAnswer | undefined>> =>
      caller.query(lookUpPath(serial, options), options, { 'if-none-match': etag }),
    /** Events of the stamp, after a revision; `asOf` is a time (RFC 3339 UTC) or a position. */
    history: (serial: string, options: CallOptions & HistoryOptions = {}): Promise<Answer<HistoryAnswer>> => {
      const { asOf, after, limit } = options;
      return caller.query(withQuery(path`/v1/stamps/${serial}/history`, { asOf, after, limit }), options);
    },
    /** Proofs that the events of the stamp are in the transparency log, from a revision on; a hundred at once. */
    proofs: (
      serial: string,
      options: CallOptions & { readonly from?: number } = {},
    ): Promise<Answer<StampProofsAnswer>> =>
      caller.query(withQuery(path`/v1/stamps/${serial}/proof`, { from: options.from }), options),
    /** A relying party's check, which the ledger records. */
    verify: (
      serial: string,
      documentSha256?: string,
      options?: CommandOptions,
    ): Promise<Answer<VerificationAnswer>> =>
      caller.command(
        '/v1/verifications',
        documentSha256 === undefined ? { serial } : { serial, document: { sha256: documentSha256 } },
        options,
      ),
  };
};

/** Outages and periods of relaxed rules. */
export const incidents = (caller: Caller) => ({
  open: (body: OpenIncident, options?: CommandOptions): Promise<Answer<IncidentAnswer>> =>
    caller.command('/v1/incidents', body, options),
  close: (
    incidentId: string,
    body: CloseIncident = {},
    options?: CommandOptions,
  ): Promise<Answer<IncidentAnswer>> =>
    caller.command(path`/v1/incidents/${incidentId}/closure`, body, options),
  get: (incidentId: string, options?: CallOptions): Promise<Answer<IncidentAnswer>> =>
    caller.query(path`/v1/incidents/${incidentId}`, options),
  list: (
    page: { readonly after?: string; readonly limit?: number } = {},
    options?: CallOptions,
  ): Promise<Answer<IncidentsAnswer>> => caller.query(withQuery('/v1/incidents', page), options),
});
