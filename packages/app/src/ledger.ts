import type { LedgerEvent, Position } from '@stamp-ledger/codec';
import type {
  AffixStamp,
  AllocationId,
  AllocationState,
  AnnounceOpening,
  BatchId,
  BatchState,
  Channel,
  CloseIncident,
  CommandId,
  CorrectEvent,
  DeallocateStamp,
  Evidence,
  IncidentId,
  IncidentState,
  Instant,
  OpenBatch,
  OpenIncident,
  Opening,
  OpeningId,
  OpenRoom,
  OrderId,
  OrderState,
  PayOrder,
  PlaceOrder,
  QueueState,
  RefundOrder,
  Refusal,
  ReportOutcomeUnknown,
  RequestAllocation,
  ReserveStamp,
  ResolveOutcome,
  SellStamp,
  Serial,
  SetStockPolicy,
  StampState,
  StockLevelState,
  StockPolicies,
  StockPolicy,
  TakeTicket,
  Verdict,
  VerificationReason,
  VoidStamp,
  WithdrawOpening,
} from '@stamp-ledger/domain';
import type {
  AsOf,
  Conservation,
  EventFilter,
  IncidentView,
  InventoryFilter,
  InventoryGroup,
  KeptOut,
  Moment,
  OrderCursor,
  OrderIntake,
  PaymentCursor,
  PaymentFilter,
  PaymentView,
  PortError,
  ProjectionStatus,
  RebuildStatus,
  StampView,
  UnfulfilledOrder,
} from '@stamp-ledger/ports';
import type { CommitMeter } from './commit-meter.js';
import type { OutageReport, OutageRequest } from './outage-report.js';
import type { OverdueOrders } from './overdue.js';
import type { EventProof, PublishedLog } from './seal/published-log.js';
import type { Sealing } from './seal/sealing.js';

export type * from './outage-report.js';

/** Who asks, and what names the request for ever. */
export interface Caller {
  /** Opaque: the token's subject. */
  readonly actor: string;
  /** The only channel the caller may touch; absent when it may act for all. */
  readonly actingChannel?: Channel;
  /** Derived from the idempotency key and its scope: the same request has the same id. */
  readonly commandId: CommandId;
  readonly correlationId: string;
  /** SHA-256 of the request's body, hexadecimal. */
  readonly requestHash: string;
  /** Until when the caller waits, by the clock's monotonic milliseconds; what is not handed to the store by then is dropped. */
  readonly deadline?: number;
}

/** An event as the log commits to it. */
export interface EventLeaf {
  readonly eventId: string;
  /** RFC 6962 leaf hash of its log entry. */
  readonly leaf: Buffer;
  readonly recordedAt: string;
}

/** What a command did. */
export type Outcome<State> =
  /** `changed`: events were written by this command, now or when it was first sent; false when it was so already. */
  | {
      readonly kind: 'done';
      readonly changed: boolean;
      readonly state: State;
      readonly revision: number;
      readonly position: Position;
      /** What the events that the command wrote are in the log; a receipt names them. */
      readonly leaves: readonly EventLeaf[];
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** The command id was used before with another request. */
  | { readonly kind: 'other-request' }
  /** The caller's deadline passed before anything was handed to the store: nothing was written. */
  | { readonly kind: 'expired' };

/** Progress of a job that runs behind an accepted command. */
export interface BatchReport {
  /** Position of the stream's last event. */
  readonly position: Position;
  readonly state: Exclude<BatchState, { status: 'none' }>;
  readonly minted: number;
}
export interface AllocationReport {
  /** Position of the stream's last event. */
  readonly position: Position;
  readonly state: Exclude<AllocationState, { status: 'none' }>;
  readonly allocated: number;
}
export interface OrderReport {
  /** Position of the stream's last event. */
  readonly position: Position;
  readonly state: Exclude<OrderState, { status: 'none' }>;
  readonly revision: number;
  /** Paid orders that come first, while this one waits. */
  readonly ahead: number;
  /** Whole seconds until its stamps, by the recent rate; 0 when it is settled, absent while the stock does not cover it. */
  readonly estimatedSeconds?: number;
}

export interface VerificationReport {
  readonly serial: string;
  readonly verdict: Verdict;
  readonly reasons: readonly VerificationReason[];
  /** Absent when nothing was recorded: a malformed serial. */
  readonly recorded?: {
    readonly view: StampView;
    readonly position: Position;
    readonly asOf: Freshness;
    /** What the record is in the log; a receipt names it. */
    readonly leaves: readonly EventLeaf[];
  };
}

/** How fresh an answer is. */
export interface Freshness {
  readonly recordedAt: string;
  readonly lagMilliseconds: number;
}

export type StampLookup =
  | { readonly kind: 'found'; readonly view: StampView; readonly asOf: Freshness }
  | { readonly kind: 'unknown' }
  /** `atLeastRevision` asks for a revision that the log does not have. */
  | { readonly kind: 'revision-not-reached'; readonly revision: number };

export interface HistoryEvent {
  readonly event: LedgerEvent;
  /** RFC 6962 leaf hash of the event's log entry, hexadecimal. */
  readonly leafHash: string;
  /** Place in the transparency log, once it is published there. */
  readonly leafIndex?: number;
  /** Of events of the same answer. */
  readonly corrections?: readonly Correction[];
}

/** What a later event says was wrong with an earlier one, which stays as it is. */
export interface Correction {
  readonly revision: number;
  readonly position: Position;
  readonly recordedAt: Instant;
  readonly statement: string;
  readonly evidence?: Evidence;
}

export interface HistoryRequest {
  readonly moment?: Moment;
  /** Events after this revision. */
  readonly after?: number;
  readonly limit: number;
}

export interface HistoryPage {
  readonly events: readonly HistoryEvent[];
  /** For `after`; absent when there are no more. */
  readonly next?: number;
}

/** Proofs of a stamp's events, in the order of its stream. */
export interface StampProofs {
  readonly proofs: readonly StampProof[];
  /** Revisions looked at whose events are not published yet. */
  readonly unsealed: readonly number[];
  /** Revision that the next page begins with, when there may be more. */
  readonly next?: number;
}

export interface StampProof extends EventProof {
  readonly revision: number;
  readonly id: string;
  readonly leafHash: string;
}

export interface EventsPage {
  readonly events: readonly HistoryEvent[];
  /** Where the next page begins; the same as asked for when nothing new is there. */
  readonly next?: Position;
}

/** Where a ticket stands. `askAgainSeconds` is when its holder may ask again. */
export type TicketReport =
  /** Orders need no ticket now. */
  | { readonly status: 'not-needed' }
  /** The order is drawn by lot at the opening. */
  | { readonly status: 'before-opening'; readonly opensAt: Instant; readonly askAgainSeconds: number }
  | {
      readonly status: 'waiting';
      /** In the line of its channel, from 1. */
      readonly place: number;
      readonly ahead: number;
      /** Whole seconds until it is let in, at the present rate; absent while none is let in. */
      readonly estimatedSeconds?: number;
      readonly askAgainSeconds: number;
    }
  /** The order may be placed, until then. */
  | { readonly status: 'admitted'; readonly until?: Instant }
  /** Of a room that closed, or let in and not used in time: take another. */
  | { readonly status: 'expired' };

export interface GivenTicket {
  readonly kind: 'taken';
  readonly ticket: string;
  readonly orderId: OrderId;
  readonly report: TicketReport;
}

export type TakenTicket = { readonly kind: 'not-needed' } | { readonly kind: 'wrong-channel' } | GivenTicket;

/** Whether an order may be placed now. */
export type Admission =
  /** `orderId`: which order it has to be, the ticket's own or the one asked for. `hasTicket`: a ticket let it in. */
  | { readonly kind: 'admitted'; readonly orderId: OrderId; readonly hasTicket: boolean }
  /** An order needs a ticket, and came with none: here is one, unless the caller may have none for this channel. */
  | { readonly kind: 'ticket-required'; readonly taken?: GivenTicket }
  /** Not given to this caller by this ledger. */
  | { readonly kind: 'invalid' }
  /** The ticket is for another order or channel. */
  | { readonly kind: 'other-order' }
  | { readonly kind: 'not-yet'; readonly report: TicketReport };

export interface QueueReport {
  /** Absent while orders need no ticket. */
  readonly room?: OpenRoom & {
    /** Tickets let in a second while somebody waits, all channels together. */
    readonly perSecond: number;
    readonly lines: readonly {
      readonly channel: Channel;
      readonly waiting: number;
      readonly weight: number;
    }[];
  };
  /** Announced and withdrawn ones, the earliest first. */
  readonly openings: readonly Opening[];
}

/** A stock with a policy, as it stands. */
export interface WatchedStock extends StockPolicy {
  readonly inStock: number;
  readonly level: StockLevelState;
}

/** The ledger's use cases. Rejects only with a PortError; everything else is in the answer. */
export interface Ledger {
  readonly batches: {
    open(body: OpenBatch, caller: Caller): Promise<Outcome<BatchState>>;
    report(id: BatchId): Promise<BatchReport | undefined>;
    /** Resolves when the batch is minted or `signal` aborts. */
    settled(id: BatchId, signal: AbortSignal): Promise<void>;
  };
  readonly allocations: {
    request(body: RequestAllocation, caller: Caller): Promise<Outcome<AllocationState>>;
    report(id: AllocationId): Promise<AllocationReport | undefined>;
    settled(id: AllocationId, signal: AbortSignal): Promise<void>;
  };
  readonly orders: {
    /** `hasTicket`: whether a ticket of the waiting room let it in, which counts those who come. */
    place(
      body: PlaceOrder,
      caller: Caller,
      admission?: { readonly hasTicket: boolean },
    ): Promise<Outcome<OrderState>>;
    pay(id: OrderId, body: PayOrder, caller: Caller): Promise<Outcome<OrderState>>;
    cancel(id: OrderId, body: { readonly reason?: string }, caller: Caller): Promise<Outcome<OrderState>>;
    refund(id: OrderId, body: RefundOrder, caller: Caller): Promise<Outcome<OrderState>>;
    report(id: OrderId): Promise<OrderReport | undefined>;
    /** Resolves when the order is neither placed nor paid any more, or `signal` aborts. */
    settled(id: OrderId, signal: AbortSignal): Promise<void>;
  };
  readonly stamps: {
    sell(serial: Serial, body: SellStamp, caller: Caller): Promise<Outcome<StampState>>;
    reserve(serial: Serial, body: ReserveStamp, caller: Caller): Promise<Outcome<StampState>>;
    release(serial: Serial, caller: Caller): Promise<Outcome<StampState>>;
    affix(serial: Serial, body: AffixStamp, caller: Caller): Promise<Outcome<StampState>>;
    reportOutcomeUnknown(
      serial: Serial,
      body: ReportOutcomeUnknown,
      caller: Caller,
    ): Promise<Outcome<StampState>>;
    resolveOutcome(serial: Serial, body: ResolveOutcome, caller: Caller): Promise<Outcome<StampState>>;
    void(serial: Serial, body: VoidStamp, caller: Caller): Promise<Outcome<StampState>>;
    deallocate(serial: Serial, body: DeallocateStamp, caller: Caller): Promise<Outcome<StampState>>;
    correct(serial: Serial, body: CorrectEvent, caller: Caller): Promise<Outcome<StampState>>;
    verify(
      request: { readonly serialText: string; readonly documentSha256?: string },
      caller: Caller,
    ): Promise<VerificationReport | { readonly kind: 'other-request' | 'expired' }>;
    /**
     * `strong` folds the stream itself; `atLeastRevision` waits for the read model, then falls back to the stream.
     * Answers at once what is known: a promise for each costs more than such an answer does.
     */
    lookUp(
      serial: Serial,
      options: { readonly strong?: boolean; readonly atLeastRevision?: number },
    ): StampLookup | Promise<StampLookup>;
    /** Undefined for a serial with no event. */
    history(serial: Serial, request: HistoryRequest): Promise<HistoryPage | undefined>;
    /** From a revision on; undefined for a serial with no event, or when the published log is not at hand. */
    proofs(serial: Serial, from?: number): Promise<StampProofs | undefined>;
    /** In the order of their serials. */
    ofDocument(
      sha256: string,
      page: { readonly after?: Serial; readonly limit: number },
    ): Promise<{ readonly stamps: readonly StampView[]; readonly asOf: Freshness }>;
  };
  readonly incidents: {
    open(body: OpenIncident, caller: Caller): Promise<Outcome<IncidentState>>;
    close(id: IncidentId, body: CloseIncident, caller: Caller): Promise<Outcome<IncidentState>>;
    get(id: IncidentId): Promise<Exclude<IncidentState, { status: 'none' }> | undefined>;
    list(page: { readonly after?: IncidentId; readonly limit: number }): Promise<readonly IncidentView[]>;
  };
  readonly queue: {
    announce(body: AnnounceOpening, caller: Caller): Promise<Outcome<QueueState>>;
    withdraw(id: OpeningId, body: WithdrawOpening, caller: Caller): Promise<Outcome<QueueState>>;
    /**
     * Whether there are tickets, as far as this process has heard: `closed` when orders are taken with one alone, `ajar` when
     * others get what room is left. Of the cheap.
     */
    doors(): 'none' | 'ajar' | 'closed';
    report(): Promise<QueueReport>;
    take(body: TakeTicket, caller: Caller): Promise<TakenTicket>;
    /** Undefined for a ticket that is not the caller's. */
    look(ticket: string, caller: Pick<Caller, 'actor' | 'actingChannel'>): Promise<TicketReport | undefined>;
    /**
     * Asked before an order is placed. One that comes without the ticket that it needs takes one by asking; while the room
     * is open it needs one at the latest when there is no room for it at the moment (`isFull`).
     */
    admit(
      order: Pick<PlaceOrder, 'channel' | 'orderId'>,
      caller: Caller,
      showing: { readonly ticket: string | undefined; readonly isFull: boolean },
    ): Promise<Admission>;
    /**
     * Opens, moves and closes the waiting room until `signal` aborts; in every process that takes orders. `intake` is
     * what it can take, measured by the ledger itself when absent; `keptOut` says whose orders are kept out before
     * they come to be counted here. Unless `opensUnderPressure` is false, lasting pressure opens it; an announced opening
     * always does.
     */
    run(request: {
      readonly signal: AbortSignal;
      readonly intake?: OrderIntake;
      readonly keptOut?: () => KeptOut;
      readonly opensUnderPressure?: boolean;
      readonly onPortError: (error: PortError) => void;
    }): Promise<void>;
  };
  readonly stock: {
    setPolicy(body: SetStockPolicy, caller: Caller): Promise<Outcome<StockPolicies>>;
    /** Every stock that has a policy. */
    watched(): Promise<readonly WatchedStock[]>;
  };
  readonly audit: {
    inventory(
      filter: InventoryFilter,
      moment?: Moment,
    ): Promise<{ readonly asOf: AsOf; readonly groups: readonly InventoryGroup[] }>;
    conservation(moment?: Moment): Promise<Conservation>;
    unfulfilled(page: {
      readonly after?: OrderCursor;
      readonly limit: number;
    }): Promise<readonly (UnfulfilledOrder & { readonly cursor: OrderCursor })[]>;
    /** Paid orders whose time is over. */
    overdue(): Promise<OverdueOrders>;
    /** Payments in the order in which they were made. */
    payments(
      filter: PaymentFilter,
      page: { readonly after?: PaymentCursor; readonly limit: number },
    ): Promise<readonly (PaymentView & { readonly cursor: PaymentCursor })[]>;
    /** Events after a position, in global order; `types` and `stream` narrow what is shown, not where `next` points. */
    events(page: {
      readonly after?: Position;
      readonly limit: number;
      readonly types?: readonly string[];
      readonly stream?: string;
    }): Promise<EventsPage>;
    /**
     * The same events page by page for ever, and new ones as they come, until `signal` aborts. A page may show none and
     * yet say how far the log has been seen.
     */
    follow(request: {
      readonly after?: Position;
      readonly types?: readonly string[];
      readonly stream?: string;
      readonly signal: AbortSignal;
    }): AsyncIterable<EventsPage>;
    /** Events that an index finds, oldest first. */
    search(
      filter: EventFilter,
      page: { readonly after?: Position; readonly limit: number },
    ): Promise<readonly HistoryEvent[]>;
    /** What happened in a window, or during an incident; undefined for an incident that is not there. */
    outage(request: OutageRequest): Promise<OutageReport | undefined>;
    /** Position of the last event of the log. */
    head(): Promise<Position | undefined>;
  };
  /** Absent when this process does not know what is sealed. */
  readonly sealing?: Sealing;
  /** Absent when the published log is not at hand. */
  readonly log?: Pick<PublishedLog, 'checkpoint' | 'cosigned' | 'quorum' | 'file' | 'vkeys'>;
  /** Counts a request that was refused, or several, for {@link OutageReport}. `kind` is the name of a problem. */
  refused(kind: string, count?: number): void;
  /** Commands that became durable, and how long the store took. For one reader: each look begins anew. */
  readonly commits: Pick<CommitMeter, 'take'>;
  readonly readModels: {
    status(): readonly ProjectionStatus[];
    /** For how long the first event that a projection has not seen has been there; 0 when it has seen all. */
    lagMilliseconds(status: ProjectionStatus): Promise<number>;
    startRebuild(rebuildId: string): Promise<RebuildStatus>;
    rebuild(rebuildId: string): Promise<RebuildStatus | undefined>;
  };
}
