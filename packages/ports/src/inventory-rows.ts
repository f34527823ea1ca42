import type { Position } from '@stamp-ledger/codec';
import type {
  AllocationId,
  BatchId,
  Channel,
  Instant,
  Money,
  OrderId,
  OrderStatus,
  Payment,
  Serial,
  StampStage,
} from '@stamp-ledger/domain';
import type { ProgressWrite, ProjectionProgress } from './projections.js';
import type { IncidentView, PaymentSubject } from './read-models.js';

/** Stands for batch, channel and denomination wherever a stamp or a change is in one. From 1, never used again. */
export type LotId = number;

export type StageCounts = Readonly<Record<StampStage, number>>;

/** All stamps of one batch, channel and denomination: the unit of inventory. */
export interface LotRow {
  readonly id: LotId;
  readonly batchId: BatchId;
  readonly channel: Channel;
  readonly denomination: Money;
  /** Minted into the lot or moved to it, less moved away: from what events say, whatever the stamps' rows say. */
  readonly minted: number;
  /** Stamps by state, kept by the changes of the stamps' rows. */
  readonly counts: StageCounts;
  /** Position of the last change of this row. */
  readonly changedAt: Position;
}

/** A place in the inventory: a lot and a state. */
export interface StampGroup {
  readonly lot: LotId;
  readonly state: StampStage;
}

export interface StampRow {
  readonly serial: Serial;
  readonly revision: number;
  /** Undefined while nobody minted the serial; it counts nowhere then. */
  readonly group: StampGroup | undefined;
  /** Position of the event that brought the stamp into its group. */
  readonly since: Position | undefined;
  readonly orderId: OrderId | undefined;
  /** Only while reserved. */
  readonly expiresAt: Instant | undefined;
  /** A payment of a sale without an order. */
  readonly sale: { readonly paid: Money; readonly refunded: boolean } | undefined;
}

/** One stamp went from one group to another, by the event at `position`. */
export interface StampChange {
  readonly position: Position;
  readonly from: StampGroup | undefined;
  readonly to: StampGroup | undefined;
  /** The lots that lost and gained a stamp by minting or moving, as the event alone tells. */
  readonly flowFrom: LotId | undefined;
  readonly flowTo: LotId | undefined;
}

export interface OrderRow {
  readonly orderId: OrderId;
  /** -1 while only stamps sold for the order have been seen. */
  readonly revision: number;
  readonly outstanding: number;
  readonly order: PlacedOrderRow | undefined;
}

export interface PlacedOrderRow {
  readonly status: OrderStatus;
  readonly channel: Channel;
  readonly holder: string;
  readonly denomination: Money;
  readonly quantity: number;
  readonly placedAt: Instant;
  readonly payment: Payment | undefined;
  readonly paidAt: Instant | undefined;
  /** Position of the payment: the order of fulfilment. */
  readonly paidPosition: Position | undefined;
  readonly policyVersion: string | undefined;
}

export type MoneyBucket = 'pending' | 'fulfilled' | 'refunded';

/** Money of one currency, in thousandths of its major unit. */
export interface MoneyRow {
  readonly currency: string;
  /** Counted from the payments alone. */
  readonly paid: bigint;
  readonly buckets: Readonly<Record<MoneyBucket, bigint>>;
  readonly changedAt: Position;
}

/** A payment came in (`from` undefined) or went from one bucket to another; `amount` in thousandths. */
export interface MoneyChange {
  readonly position: Position;
  readonly currency: string;
  readonly amount: bigint;
  readonly from: MoneyBucket | undefined;
  readonly to: MoneyBucket;
}

/** A payment that the ledger took: of an order, or of a stamp sold without one. Never changed. */
export interface PaymentRow {
  /** Of the event that brought it. */
  readonly position: Position;
  readonly reference: string;
  readonly amount: Money;
  /** When it was made, as its payer or provider says. */
  readonly paidAt: Instant;
  readonly recordedAt: Instant;
  readonly channel: Channel;
  readonly subject: PaymentSubject;
}

/** A batch or an allocation: what was asked for, and how far it is done. */
export interface JobRow<Id extends string> {
  readonly id: Id;
  /** -1 while only its stamps have been seen. */
  readonly revision: number;
  readonly openedAt: Position | undefined;
  readonly quantity: number | undefined;
  /** Stamps minted or allocated so far. */
  readonly done: number;
  readonly completed: boolean;
}

export interface IncidentRow {
  readonly revision: number;
  readonly openedAt: Position;
  readonly view: IncidentView;
}

/**
 * Cumulative rows as they were at a boundary. A lot or currency without a row at a boundary is as at the boundary
 * before.
 */
export interface LotSnapshot {
  readonly boundary: Position;
  readonly lot: LotId;
  readonly minted: number;
  readonly counts: StageCounts;
}
export interface MoneySnapshot {
  readonly boundary: Position;
  readonly currency: string;
  readonly paid: bigint;
  readonly buckets: Readonly<Record<MoneyBucket, bigint>>;
}

/** Bookkeeping of the inventory as a whole. */
export interface InventoryBook {
  /** Lots given an id so far. */
  readonly lots: number;
  /** The last boundary: everything up to it is in the snapshots. */
  readonly boundary: Position | undefined;
  /** Changes recorded since. */
  readonly changesSince: number;
}

export interface InventoryWrite extends ProgressWrite {
  readonly book: InventoryBook;
  /** Inserted or replaced, each by its id. */
  readonly stamps: readonly StampRow[];
  readonly orders: readonly OrderRow[];
  readonly batches: readonly JobRow<BatchId>[];
  readonly allocations: readonly JobRow<AllocationId>[];
  readonly incidents: readonly IncidentRow[];
  readonly lots: readonly LotRow[];
  readonly money: readonly MoneyRow[];
  readonly lotSnapshots: readonly LotSnapshot[];
  readonly moneySnapshots: readonly MoneySnapshot[];
  /** Appended; one whose position is there already is refused. */
  readonly stampChanges: readonly StampChange[];
  readonly moneyChanges: readonly MoneyChange[];
  readonly payments: readonly PaymentRow[];
  readonly boundaries: readonly Position[];
}

/** All loads answer with the rows there are, in no particular order. */
export interface InventoryTransaction {
  loadProgress(): Promise<ProjectionProgress | undefined>;
  loadBook(): Promise<InventoryBook>;
  loadStamps(serials: readonly Serial[]): Promise<readonly StampRow[]>;
  loadOrders(ids: readonly OrderId[]): Promise<readonly OrderRow[]>;
  loadBatches(ids: readonly BatchId[]): Promise<readonly JobRow<BatchId>[]>;
  loadAllocations(ids: readonly AllocationId[]): Promise<readonly JobRow<AllocationId>[]>;
  loadIncidents(ids: readonly string[]): Promise<readonly IncidentRow[]>;
  loadLots(ids: readonly LotId[]): Promise<readonly LotRow[]>;
  /** Every lot of these batches in one of these channels. */
  findLots(keys: {
    readonly batches: readonly BatchId[];
    readonly channels: readonly Channel[];
  }): Promise<readonly LotRow[]>;
  loadMoney(currencies: readonly string[]): Promise<readonly MoneyRow[]>;
  /** Lots and currencies changed after the position, or all. */
  changedAfter(
    position: Position | undefined,
  ): Promise<{ readonly lots: readonly LotRow[]; readonly money: readonly MoneyRow[] }>;
  /** Those of the positions that have a change already. */
  loadChanged(
    positions: readonly Position[],
  ): Promise<{ readonly stamps: ReadonlySet<Position>; readonly money: ReadonlySet<Position> }>;
  /** Boundaries at or after the position, in order. */
  boundariesFrom(position: Position): Promise<readonly Position[]>;
  /** Snapshots of the lots at or after `from`, and the last one before it of each. */
  lotSnapshotsFrom(request: {
    readonly lots: readonly LotId[];
    readonly from: Position;
  }): Promise<readonly LotSnapshot[]>;
  moneySnapshotsFrom(request: {
    readonly currencies: readonly string[];
    readonly from: Position;
  }): Promise<readonly MoneySnapshot[]>;
  save(write: InventoryWrite): Promise<void>;
}
