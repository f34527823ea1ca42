import {
  allocationStream,
  batchStream,
  fromMilliseconds,
  incidentStream,
  type LedgerEvent,
  orderStream,
  QUEUE_STREAM,
  STOCK_POLICIES_STREAM,
  type StreamName,
  sha256Hex,
  stampStream,
  stockLevelStream,
} from '@stamp-ledger/codec';
import {
  type AllocationCommand,
  type AllocationId,
  allocationDecider,
  type BatchCommand,
  type BatchId,
  batchDecider,
  type Channel,
  type Decider,
  DIRECT_CHANNEL,
  type Document,
  type DomainEvent,
  type IncidentCommand,
  type IncidentId,
  type Instant,
  incidentDecider,
  type Money,
  type ObserveStock,
  type OrderCommand,
  type OrderId,
  orderDecider,
  type QueueCommand,
  queueDecider,
  type Serial,
  type StampCommand,
  type StockPolicyCommand,
  stampDecider,
  stockLevelDecider,
  stockPolicyDecider,
} from '@stamp-ledger/domain';
import type { Circumstances, MemoryLog } from './memory-log.js';

export const BATCHES = ['batch-a', 'batch-b'] as readonly string[] as readonly BatchId[];
export const CHANNELS = ['north', 'south'] as readonly string[] as readonly Channel[];
export const STOCK_CHANNELS: readonly Channel[] = [DIRECT_CHANNEL, ...CHANNELS];
export const ORDERS: readonly OrderId[] = Array.from(
  { length: 8 },
  (_, index) => `order-${index}` as OrderId,
);
export const ALLOCATIONS = ['alloc-1', 'alloc-2'] as readonly string[] as readonly AllocationId[];
export const INCIDENTS = ['incident-1', 'incident-2'] as readonly string[] as readonly IncidentId[];
export const RUPIAH: Money = { amount: '10000', currency: 'IDR' };
export const DOLLARS: Money = { amount: '2.50', currency: 'USD' };
export const denominationOf = (batchId: BatchId): Money => (batchId === BATCHES[0] ? RUPIAH : DOLLARS);

const SERIAL_LENGTH = 22;
export const serialOf = (number: number): Serial => `S${number}`.padEnd(SERIAL_LENGTH, 'X') as Serial;
export const SERIALS: readonly Serial[] = Array.from({ length: 20 }, (_, index) => serialOf(index));
export const documentOf = (number: number): Document => ({
  sha256: sha256Hex(`document ${number}`),
  type: 'letter',
});

const START = Date.UTC(2024, 8, 6);

/**
 * Writes lives into a log: every command goes through the domain's deciders, and what they refuse never happened. So
 * whatever is asked of it, the log holds only histories that can be.
 */
export class World {
  readonly #states = new Map<StreamName, unknown>();
  #milliseconds = START;

  constructor(readonly log: MemoryLog) {}

  get now(): Instant {
    return fromMilliseconds(this.#milliseconds);
  }

  /** Lets time pass; a negative number sets the clock back. */
  pass(milliseconds: number): void {
    this.#milliseconds += milliseconds;
  }

  stamp(serial: Serial, command: StampCommand, circumstances: Partial<Circumstances> = {}): LedgerEvent[] {
    return this.#execute(stampStream(serial), stampDecider, command, circumstances);
  }

  order(orderId: OrderId, command: OrderCommand, circumstances: Partial<Circumstances> = {}): LedgerEvent[] {
    return this.#execute(orderStream(orderId), orderDecider, command, circumstances);
  }

  batch(batchId: BatchId, command: BatchCommand): LedgerEvent[] {
    return this.#execute(batchStream(batchId), batchDecider, command, {});
  }

  allocation(allocationId: AllocationId, command: AllocationCommand): LedgerEvent[] {
    return this.#execute(allocationStream(allocationId), allocationDecider, command, {});
  }

  incident(incidentId: IncidentId, command: IncidentCommand): LedgerEvent[] {
    return this.#execute(incidentStream(incidentId), incidentDecider, command, {});
  }

  stockPolicy(command: StockPolicyCommand): LedgerEvent[] {
    return this.#execute(STOCK_POLICIES_STREAM, stockPolicyDecider, command, {});
  }

  stockLevel(command: ObserveStock): LedgerEvent[] {
    return this.#execute(stockLevelStream(command.policy.policyId), stockLevelDecider, command, {});
  }

  queue(command: QueueCommand): LedgerEvent[] {
    return this.#execute(QUEUE_STREAM, queueDecider, command, {});
  }

  #execute<State, Command, Event extends DomainEvent>(
    stream: StreamName,
    decider: Decider<State, Command, Event>,
    command: Command,
    circumstances: Partial<Circumstances>,
  ): LedgerEvent[] {
    const state = (this.#states.get(stream) as State | undefined) ?? decider.initialState;
    const decision = decider.decide(state, command);
    if (decision.kind !== 'accepted') return [];
    this.#states.set(stream, decision.events.reduce(decider.evolve, state));
    const name = circumstances.command ?? `command ${this.log.events.length}`;
    return decision.events.map((event) =>
      this.log.append(stream, event, { recordedAt: this.now, command: name, ...circumstances }),
    );
  }
}

export const mint = (world: World, number: number, batchId: BatchId = present(BATCHES[0])): LedgerEvent[] =>
  world.stamp(serialOf(number), {
    kind: 'mint',
    serial: serialOf(number),
    batchId,
    series: 'series-1',
    denomination: denominationOf(batchId),
    index: number,
  });

export const allocate = (world: World, number: number, channel: Channel): LedgerEvent[] =>
  world.stamp(serialOf(number), { kind: 'allocate', allocationId: present(ALLOCATIONS[0]), channel });

export const paymentFor = (denomination: Money, quantity: number, reference: string) => ({
  reference,
  amount: denomination === RUPIAH ? String(10_000 * quantity) : (2.5 * quantity).toFixed(2),
  currency: denomination.currency,
  paidAt: fromMilliseconds(START),
});

function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('nothing there');
  return value;
}
