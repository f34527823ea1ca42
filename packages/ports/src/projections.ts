import type { Position, RecordedEvent, StreamName } from '@stamp-ledger/codec';
import type { Channel, EventType, Instant, OrderId, Serial } from '@stamp-ledger/domain';
import type { BusLineage, BusMark, Partition } from './event-bus.js';
import type { InventoryTransaction } from './inventory-rows.js';
import type { ProjectionName, StampView } from './read-models.js';

/** How far a projection has come. Stored with the rows, in the same transaction: the sink owns the checkpoint. */
export interface ProjectionProgress {
  readonly position: Position;
  /** Latest time of recording seen so far, which may be later than that of the last event. */
  readonly recordedAt: Instant;
  /** Events seen, those that changed nothing included. */
  readonly events: number;
  /** Milliseconds by which an event was ever recorded earlier than one before it in the global order. */
  readonly disorderMilliseconds: number;
}

/**
 * A step of the latest time of recording: from `position` on, it is at least `recordedAt`. `before` is the position of
 * the event before, absent for the first one and for a step that was found out of order.
 */
export interface TimelineStep {
  readonly recordedAt: Instant;
  readonly position: Position;
  readonly before?: Position;
}

/** What every transaction saves: where the projection stands after it. */
export interface ProgressWrite {
  readonly progress: ProjectionProgress;
  /**
   * New steps: every event that is recorded later than all events at earlier positions stands at one. The adapter MUST bear
   * steps that others cover (earlier position, same or later time), and the same steps again.
   */
  readonly timeline: readonly TimelineStep[];
}

/** One row of the audit index, with all that it can be found by. */
export interface IndexedEventRow {
  readonly position: Position;
  readonly stream: StreamName;
  readonly revision: number;
  readonly type: EventType;
  readonly recordedAt: Instant;
  readonly occurredAt: Instant;
  readonly commandId: string;
  readonly correlationId: string;
  readonly channel: Channel | undefined;
  readonly holder: string | undefined;
  readonly documentSha256: string | undefined;
  readonly orderId: OrderId | undefined;
  /** Of a fact recorded late: the incident during which it happened. */
  readonly incidentId: string | undefined;
}

interface ProjectionTransaction {
  /** Undefined before the first event. */
  loadProgress(): Promise<ProjectionProgress | undefined>;
}

export interface VerificationTransaction extends ProjectionTransaction {
  /** The rows there are, in no particular order. */
  loadStamps(serials: readonly Serial[]): Promise<readonly StampView[]>;
  /** Inserts or replaces the rows. */
  save(write: ProgressWrite & { readonly stamps: readonly StampView[] }): Promise<void>;
}

export interface AuditIndexTransaction extends ProjectionTransaction {
  /** Those of the positions that have a row already. */
  loadIndexed(positions: readonly Position[]): Promise<ReadonlySet<Position>>;
  /** Appends the rows; one whose position is there already is refused. */
  save(write: ProgressWrite & { readonly events: readonly IndexedEventRow[] }): Promise<void>;
}

/** What the work of one projection can do within its transaction. */
export interface ProjectionTransactions {
  readonly inventory: InventoryTransaction;
  readonly verification: VerificationTransaction;
  readonly 'audit-index': AuditIndexTransaction;
}

/**
 * The write side of the read models.
 *
 * Every adapter MUST
 * - run `work` in one transaction: everything it saved, the progress included, is kept when its promise resolves and
 *   the commit succeeds, and nothing of it otherwise; `transact` rejects with whatever `work` rejected with;
 * - never run two transactions of one projection at the same time, not even from two processes;
 * - show readers either all of a transaction or nothing of it;
 * - order positions, instants and ids as text, byte by byte;
 * - after a crash go back to a state that some transaction left: losing the latest transactions is allowed, since the
 *   log tells them again, losing a part of one is not;
 * - otherwise reject with a {@link PortError} only.
 */
export interface ProjectionStore {
  /** Where each projection stands; absent for one that has seen nothing. */
  progress(): Promise<ReadonlyMap<ProjectionName, ProjectionProgress>>;
  transact<Name extends ProjectionName, Result>(
    projection: Name,
    work: (transaction: ProjectionTransactions[Name]) => Promise<Result>,
  ): Promise<Result>;
  close(): Promise<void>;
}

/** Where a projection reads what it missed: as {@link EventStore.readStream}. */
export type ReadStream = (request: {
  readonly stream: StreamName;
  readonly from: number;
  readonly limit: number;
}) => Promise<{ readonly events: readonly RecordedEvent[] }>;

/** What a projection keeps of the bus, in the transaction of its rows. */
export interface BusTransaction {
  /** The next offset of each partition that this projection has not seen; absent for one it has seen nothing of. */
  loadOffsets(): Promise<ReadonlyMap<Partition, bigint>>;
  /** The lineage that the offsets belong to; absent before the first mark. */
  loadLineage(): Promise<KnownLineage | undefined>;
  /**
   * Moves to these offsets (the partitions named; never back) and keeps the marks. The projection is settled up to the
   * greatest mark, new or kept, all of whose offsets it has reached; marks no later than that are forgotten.
   */
  saveOffsets(write: {
    readonly offsets: ReadonlyMap<Partition, bigint>;
    readonly marks: readonly BusMark[];
  }): Promise<void>;
  /**
   * Goes over to another lineage: these offsets take the place of all that were kept, and no mark is kept. The projection
   * is settled at `settled` at most: what it was given behind that may have stood in the place of what was lost.
   */
  enterLineage(entry: {
    readonly lineage: KnownLineage;
    readonly offsets: ReadonlyMap<Partition, bigint>;
    readonly settled?: Settled;
  }): Promise<void>;
}

/** What has to be known of a lineage to tell an earlier one from a later one. */
export type KnownLineage = Pick<BusLineage, 'id' | 'ancestors'>;

/** Where a projection stands for its readers. */
export interface Settled {
  /** Every event up to here has been applied. Behind {@link ProjectionProgress.position} while partitions are uneven. */
  readonly position: Position;
  readonly recordedAt: Instant;
}

/**
 * Read models that several processes can write, from the log or from a bus. `transact` settles a projection at the
 * position it saves; `transactFromBus` by marks. Answers to queries are as of the settled position.
 */
export interface SharedProjectionStore extends ProjectionStore {
  transactFromBus<Name extends ProjectionName, Result>(
    projection: Name,
    work: (transaction: ProjectionTransactions[Name], bus: BusTransaction) => Promise<Result>,
  ): Promise<Result>;
  settled(): Promise<ReadonlyMap<ProjectionName, Settled>>;
  /** Shows to everybody why a projection stands still, or with undefined that it does not any more. */
  setHalted(projection: ProjectionName, halted: string | undefined): Promise<void>;
}
