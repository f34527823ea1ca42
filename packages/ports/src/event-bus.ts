import type { Position, RecordedEvent } from '@stamp-ledger/codec';
import type { Instant } from '@stamp-ledger/domain';

declare const partitionBrand: unique symbol;
/** One ordered part of the bus, as `<topic>/<number>`: messages of one key are all in one, in order. */
export type Partition = string & { readonly [partitionBrand]: true };

/** Where an event goes: stamps by serial, orders by channel, everything else to the control topic. */
export type BusTopic = 'stamps' | 'orders' | 'control';

export interface Routed {
  readonly topic: BusTopic;
  /** Events of one key stay in order. */
  readonly key: string;
  readonly event: RecordedEvent;
}

/** How far the bus had come at some moment: a consumer past all of `offsets` has been given every event up to `position`. */
export interface BusMark {
  readonly position: Position;
  /** Latest time of recording up to `position`. */
  readonly recordedAt: Instant;
  /** Offset behind the last message, by partition; one that is absent has none yet. */
  readonly offsets: ReadonlyMap<Partition, bigint>;
}

declare const lineageBrand: unique symbol;
export type LineageId = string & { readonly [lineageBrand]: true };

/**
 * Offsets mean something within one lineage only: a bus that was made anew, or lost its last messages, gives the same
 * offsets to others. Every turn of a publisher begins one, since nobody can tell from what is left that nothing was lost.
 */
export interface BusLineage {
  readonly id: LineageId;
  /** Those before it on this bus, the latest first; as many as may still be met by who reads on from a place of before. */
  readonly ancestors: readonly LineageId[];
  /**
   * What the turn found and goes on from: up to these offsets the bus is as it was for `ancestors[0]`, and whatever came
   * to lie behind them is published again. Empty when nothing is left.
   */
  readonly start: ReadonlyMap<Partition, bigint>;
  /** The mark that `start` is of; absent when nothing is left. */
  readonly from?: Pick<BusMark, 'position' | 'recordedAt'>;
}

/** The turn of the one active publisher. */
export interface PublisherTurn {
  /** The last mark that the bus can keep: everything up to its position is there. Absent on a bus that has none. */
  readonly mark: BusMark | undefined;
  /** Aborts when the turn is over: another publisher took it, or the bus is lost. Nothing may be published after. */
  readonly ended: AbortSignal;
  /**
   * Puts the messages on the bus, in order for each key, and then the mark that says so. Calls are not made side by side.
   * Rejects with a {@link PortError}; what was sent is then unknown, and sending it again is allowed: delivery is
   * at least once.
   */
  publish(page: {
    readonly messages: readonly Routed[];
    readonly position: Position;
    readonly recordedAt: Instant;
  }): Promise<void>;
  /** Gives the turn up, so that another publisher need not wait for it to run out. */
  resign(): Promise<void>;
}

/**
 * The publishing side of the bus. Every adapter MUST let one publisher at most believe that it has the turn, but for one
 * that was stopped and does not know yet: what that one still sends may be old, but is in order for each key and never
 * leaves a gap, and its marks are true.
 */
export interface BusPublisher {
  /**
   * Waits for the turn; `onStandBy` hears that the bus has taken this publisher in and another one leads, `onAlive` each
   * time that the bus answers it, also during its turn. Resolves with undefined when `signal`
   * aborts first; rejects with a {@link PortError}.
   */
  lead(request: {
    readonly signal: AbortSignal;
    readonly onStandBy?: () => void;
    readonly onAlive?: () => void;
  }): Promise<PublisherTurn | undefined>;
  close(): Promise<void>;
}

export type BusMessage =
  | { readonly kind: 'event'; readonly offset: bigint; readonly event: RecordedEvent }
  | {
      readonly kind: 'mark';
      readonly offset: bigint;
      readonly mark: BusMark;
      readonly lineage: BusLineage;
    };

/** What came of one partition, in order. */
export interface Delivery {
  readonly partition: Partition;
  /** Offset of the first message that was asked for and is still there. */
  readonly first: bigint;
  /** Offset behind the last message. */
  readonly next: bigint;
  readonly messages: readonly BusMessage[];
}

/** What became of deliveries: all taken, go back to these offsets first, or offer the same again at once for the rest of the work. */
export type Taken =
  | { readonly kind: 'taken' }
  | { readonly kind: 'rewind'; readonly to: ReadonlyMap<Partition, bigint> }
  | { readonly kind: 'unfinished' };

/** The receiving side. Consumers of one group share the partitions; each partition goes to one of them at a time. */
export interface BusConsumer {
  /**
   * Gives everything on the bus to `take`, from the beginning for a partition that the group never saw, until `signal`
   * aborts. `take` keeps the offsets it has reached in its own store: the bus's own record of them is a hint, and the
   * same messages may come again. When the consumer is given a partition, and every few seconds while nothing comes of
   * it, `take` gets a delivery without messages that begins and ends where the consumer reads on: a store that has lost
   * what it had reached is asked even when there is nothing new. Several takes may be under way at once, never two with the
   * same partition. A `take` that rejects with a passing {@link PortError} is called again with the same
   * messages. Rejects with a {@link PortError} when the consumer cannot go on: the process must end and be started anew.
   */
  consume(request: {
    readonly take: (deliveries: readonly Delivery[]) => Promise<Taken>;
    readonly signal: AbortSignal;
    /** Called whenever the bus answered, with or without messages: the consumer is alive. */
    readonly onAlive: () => void;
  }): Promise<void>;
  close(): Promise<void>;
}
