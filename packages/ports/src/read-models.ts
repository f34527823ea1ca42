import type { Position, StreamName } from '@stamp-ledger/codec';
import type {
  AllocationId,
  BatchId,
  Channel,
  CommandId,
  EventType,
  IncidentId,
  Instant,
  Money,
  OrderId,
  OrderStatus,
  Payment,
  RelaxedRules,
  Serial,
  StampStage,
} from '@stamp-ledger/domain';

/** One row of the verification model: all that is shown of a stamp, and who may touch it. */
export interface StampView {
  readonly serial: Serial;
  readonly state: StampStage | 'unknown';
  /** Revision of the stamp's stream that this row has seen. */
  readonly revision: number;
  readonly batchId?: BatchId;
  readonly series?: string;
  readonly denomination?: Money;
  readonly channel?: Channel;
  readonly orderId?: OrderId;
  readonly mintedAt?: Instant;
  readonly soldAt?: Instant;
  readonly affixedAt?: Instant;
  readonly document?: { readonly sha256: string; readonly type: string };
  readonly voided?: { readonly reason: string; readonly at: Instant };
  readonly verifications: {
    readonly count: number;
    readonly lastAt?: Instant;
    readonly lastActor?: string;
    readonly severalActors: boolean;
  };
}

/** One row of the orders table of the inventory model. */
export interface OrderView {
  readonly orderId: OrderId;
  readonly status: OrderStatus;
  readonly revision: number;
  readonly channel: Channel;
  readonly holder: string;
  readonly denomination: Money;
  readonly quantity: number;
  readonly payment?: Payment;
  readonly placedAt: Instant;
  readonly paidAt?: Instant;
  readonly policyVersion?: string;
  /** Stamps sold for the order and not voided since. */
  readonly outstanding: number;
}

/** Stamps by state for one batch, channel and denomination. */
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
  readonly batchId: BatchId;
  readonly channel: Channel;
  readonly denomination: Money;
}

/** The moment an answer speaks of. `position` is absent for an empty log. */
export interface AsOf {
  readonly position?: Position;
  readonly recordedAt?: Instant;
}

/** A moment in the past: a place in the global order, or a time of recording (events up to the first one recorded later). */
export type Moment = { readonly position: Position } | { readonly recordedAt: Instant };

export interface InventoryFilter {
  readonly channel?: Channel;
  readonly amount?: string;
  readonly currency?: string;
  readonly batchId?: BatchId;
}

/** minted = inStock + allocated + sold + reserved + outcomeUnknown + affixed + voided, or `difference` says by how many not. */
export interface ConservationGroup extends InventoryGroup {
  /** Counted from the minting and the moves between channels, not from the states. */
  readonly minted: number;
  readonly difference: number;
  /**
   * The stamps behind a difference, at most {@link LIMITS.listedSerials}. Also present, with a difference of 0, when the
   * states counted stamp by stamp are not those kept by the changes: a stamp's row was altered.
   */
  readonly serials?: readonly Serial[];
}

/** paid = fulfilled + pending + refunded, in one currency. A refund counts with the whole payment it settles. */
export interface MoneyConservation {
  readonly currency: string;
  readonly paid: Money;
  readonly fulfilled: Money;
  /** Paid and neither fulfilled nor refunded yet: includes cancelled orders whose money is still owed back. */
  readonly pending: Money;
  readonly refunded: Money;
  readonly difference: Money;
}

export interface Conservation {
  readonly asOf: AsOf;
  readonly groups: readonly ConservationGroup[];
  readonly money: readonly MoneyConservation[];
}

/** What a payment was for: an order, or one stamp sold without an order. */
export type PaymentSubject = { readonly orderId: OrderId } | { readonly serial: Serial };

/**
 * What became of a payment: `pending` has no stamps yet, `fulfilled` has, `refund-due` is of an order cancelled and not
 * refunded, `refunded` was given back by a policy.
 */
export type PaymentStatus = 'pending' | 'fulfilled' | 'refund-due' | 'refunded';

/** One payment that the ledger took. */
export interface PaymentView {
  readonly reference: string;
  readonly amount: Money;
  readonly paidAt: Instant;
  readonly recordedAt: Instant;
  readonly position: Position;
  readonly channel: Channel;
  readonly subject: PaymentSubject;
  readonly status: PaymentStatus;
}

export interface PaymentFilter {
  readonly reference?: string;
  /** Paid at `from` or later, and before `to`. */
  readonly from?: Instant;
  readonly to?: Instant;
}

/** A paid order without its stamps, and why. */
export interface UnfulfilledOrder {
  readonly order: OrderView;
  /** `in-progress`: stock is there; `out-of-stock`: the channel lacks it; `refund-due`: cancelled after payment. */
  readonly cause: 'in-progress' | 'out-of-stock' | 'refund-due';
}

export interface StockItem {
  readonly serial: Serial;
  readonly revision: number;
}

/** Stock that can be sold (allocated) or given out (in stock with the issuer, channel `direct`). */
export interface StockFilter {
  readonly channel: Channel;
  readonly denomination: Money;
  readonly batchId?: BatchId;
}

/** One row of the audit index: where to find an event. */
export interface IndexedEvent {
  readonly position: Position;
  readonly stream: StreamName;
  readonly revision: number;
  readonly type: EventType;
  readonly recordedAt: Instant;
  readonly occurredAt: Instant;
}

export interface EventFilter {
  readonly documentSha256?: string;
  readonly orderId?: OrderId;
  readonly holder?: string;
  readonly channel?: Channel;
  readonly commandId?: CommandId;
  readonly correlationId?: string;
  /** Facts recorded late that happened during this incident. */
  readonly incidentId?: IncidentId;
  /** Any of these. */
  readonly types?: readonly EventType[];
  /** Recorded at `from` or later, and before `to`. */
  readonly from?: Instant;
  readonly to?: Instant;
}

/** How many events of a type there are. */
export interface EventCount {
  readonly type: EventType;
  readonly count: number;
}

/** One incident, as its stream left it. */
export interface IncidentView {
  readonly incidentId: IncidentId;
  readonly status: 'open' | 'closed';
  readonly title: string;
  readonly description?: string;
  readonly startedAt: Instant;
  readonly endedAt?: Instant;
  readonly summary?: string;
  readonly relaxedRules?: RelaxedRules;
}

export type ProjectionName = 'inventory' | 'verification' | 'audit-index';

export interface ProjectionStatus {
  readonly projection: ProjectionName;
  readonly position?: Position;
  readonly recordedAt?: Instant;
  /** Why it stands still; an operator has to look. Nothing was skipped. */
  readonly halted?: string;
}

/** A rebuild beside the live models. */
export interface RebuildStatus {
  readonly rebuildId: string;
  readonly status: 'running' | 'done' | 'failed';
  readonly eventsDone: number;
  readonly eventsTotal: number;
  readonly detail?: string;
}

/**
 * Queries of the read models. Answers may be behind the log, never ahead, and never mix two moments in one answer.
 * Every list is bounded by {@link LIMITS.queryRows} or the `limit` given, but for the groups of a report, which are as
 * many as there are batches and channels. Rejects only with a {@link PortError}.
 */
export interface ReadModels {
  /** At once where rows are at hand; never throws, but rejects. */
  stamp(serial: Serial): StampView | undefined | Promise<StampView | undefined>;
  /** In the order of their serials, after one. At most {@link LIMITS.queryRows}, or the `limit` given. */
  stampsOfDocument(
    sha256: string,
    page?: { readonly after?: Serial; readonly limit: number },
  ): Promise<readonly StampView[]>;
  /** All stamps ever sold for the order, voided ones too; at most 1,000. */
  stampsOfOrder(orderId: OrderId): Promise<readonly StampView[]>;

  order(orderId: OrderId): Promise<OrderView | undefined>;
  /** Paid orders not yet fulfilled of a channel and denomination. */
  ordersAhead(filter: {
    readonly channel: Channel;
    readonly denomination: Money;
    readonly before?: OrderId;
  }): Promise<number>;
  /** Paid, not fulfilled, in the order in which they were paid, after a cursor. */
  ordersToFulfil(page: {
    readonly after?: OrderCursor;
    readonly limit: number;
  }): Promise<readonly (OrderView & { readonly cursor: OrderCursor })[]>;
  /** Cancelled, refunded or rejected with stamps still out, or fulfilled with more stamps out than were ordered. */
  ordersToReturn(page: { readonly limit: number }): Promise<readonly OrderView[]>;
  unpaidOrders(page: {
    readonly placedBefore: Instant;
    readonly limit: number;
  }): Promise<readonly OrderView[]>;
  unfulfilled(page: {
    readonly after?: OrderCursor;
    readonly limit: number;
  }): Promise<readonly (UnfulfilledOrder & { readonly cursor: OrderCursor })[]>;

  /** Payments in the order in which they were made, after a cursor. The same reference may come more than once. */
  payments(
    filter: PaymentFilter,
    page: { readonly after?: PaymentCursor; readonly limit: number },
  ): Promise<readonly (PaymentView & { readonly cursor: PaymentCursor })[]>;

  /** Sellable or allocatable stamps, oldest first, after a cursor of the call before. */
  stock(
    page: StockFilter & { readonly after?: StockCursor; readonly limit: number },
  ): Promise<readonly (StockItem & { readonly cursor: StockCursor })[]>;
  stockCount(filter: StockFilter): Promise<number>;
  expiredReservations(page: { readonly at: Instant; readonly limit: number }): Promise<readonly Serial[]>;

  /** Stamps of the batch minted so far: for a derived batch, exactly the serials at index 0 to this minus 1. */
  batchMinted(batchId: BatchId): Promise<number>;
  batchesToMint(page: { readonly limit: number }): Promise<readonly BatchId[]>;
  allocated(allocationId: AllocationId): Promise<number>;
  allocationsToDo(page: { readonly limit: number }): Promise<readonly AllocationId[]>;

  inventory(
    filter: InventoryFilter,
    moment?: Moment,
  ): Promise<{ readonly asOf: AsOf; readonly groups: readonly InventoryGroup[] }>;
  conservation(moment?: Moment): Promise<Conservation>;
  /** Newest first, after an id of the page before. */
  incidents(page: { readonly after?: IncidentId; readonly limit: number }): Promise<readonly IncidentView[]>;
  findEvents(
    filter: EventFilter,
    page: { readonly after?: Position; readonly limit: number },
  ): Promise<readonly IndexedEvent[]>;

  /** Counts what {@link findEvents} would find, by type, in the order of the types' names. Looks at each event. */
  countEvents(filter: EventFilter): Promise<readonly EventCount[]>;

  /**
   * Never ahead of what queries answer. The entry of a projection is never changed, and replaced when anything it has
   * seen may show other rows: what a query answers after `status` holds for as long as the entry is the same object.
   */
  status(): readonly ProjectionStatus[];
  /** True when each of `projections` (all without them) has passed `position`; false when not within `milliseconds`. */
  reached(request: {
    readonly position: Position;
    readonly milliseconds: number;
    readonly projections?: readonly ProjectionName[];
  }): Promise<boolean>;
  /** Resolves when any projection has moved past where `status` stood at the call, or `signal` aborts. */
  advanced(signal: AbortSignal): Promise<void>;

  /**
   * Starts building all models anew beside the live ones; they swap when the new ones have caught up. One at a time:
   * while one is running its status is the answer, and an id that has been used answers as it ended.
   */
  startRebuild(rebuildId: string): Promise<RebuildStatus>;
  rebuild(rebuildId: string): Promise<RebuildStatus | undefined>;
  close(): Promise<void>;
}

/** The queries alone: what an adapter answers from its rows. */
export type ReadModelQueries = Omit<
  ReadModels,
  'status' | 'reached' | 'advanced' | 'startRebuild' | 'rebuild'
>;

declare const cursorBrand: unique symbol;
/** Opaque places in a listing. */
export type OrderCursor = string & { readonly [cursorBrand]: 'order' };
export type PaymentCursor = string & { readonly [cursorBrand]: 'payment' };
export type StockCursor = string & { readonly [cursorBrand]: 'stock' };
