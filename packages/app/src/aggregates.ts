import type { LedgerEvent } from '@stamp-ledger/codec';
import {
  type AdvanceRoom,
  type AllocationCommand,
  type AllocationEvent,
  type AllocationState,
  allocationDecider,
  type BatchCommand,
  type BatchEvent,
  type BatchState,
  batchDecider,
  type Decider,
  type DomainEvent,
  type IncidentCommand,
  type IncidentEvent,
  type IncidentState,
  incidentDecider,
  type LogKeyEvent,
  type LogKeys,
  logKeysDecider,
  type ObserveLogKeys,
  type ObserveStock,
  type OrderCommand,
  type OrderEvent,
  type OrderState,
  orderDecider,
  type QueueCommand,
  type QueueEvent,
  type QueueState,
  queueDecider,
  type RoomEvent,
  type RoomState,
  roomDecider,
  type StampCommand,
  type StampEvent,
  type StampState,
  type StockLevelEvent,
  type StockLevelState,
  type StockPolicies,
  type StockPolicyCommand,
  type StockPolicyEvent,
  stampDecider,
  stockLevelDecider,
  stockPolicyDecider,
} from '@stamp-ledger/domain';
import type { StampView } from '@stamp-ledger/ports';
import {
  type Aggregate,
  type AggregateDependencies,
  type AggregateKind,
  createAggregate,
} from './aggregate.js';
import { foldStampView } from './project/verification.js';

/** A stamp as its stream tells it: what the domain decides on, and what a verifier reads, folded side by side. */
export interface StampFold {
  readonly state: StampState;
  readonly view: StampView | undefined;
}

export interface Aggregates {
  readonly stamps: Aggregate<StampFold, StampCommand>;
  readonly orders: Aggregate<OrderState, OrderCommand>;
  readonly batches: Aggregate<BatchState, BatchCommand>;
  readonly allocations: Aggregate<AllocationState, AllocationCommand>;
  readonly incidents: Aggregate<IncidentState, IncidentCommand>;
  readonly queue: Aggregate<QueueState, QueueCommand>;
  readonly rooms: Aggregate<RoomState, AdvanceRoom>;
  readonly logKeys: Aggregate<LogKeys, ObserveLogKeys>;
  readonly stockPolicies: Aggregate<StockPolicies, StockPolicyCommand>;
  readonly stockLevels: Aggregate<StockLevelState, ObserveStock>;
}

/** A stream holds only events of its own kind; the cast is where that is relied upon. */
const plain = <State, Command, Event extends DomainEvent>(
  decider: Decider<State, Command, Event>,
): AggregateKind<State, Command, Event> => ({
  initialState: decider.initialState,
  decide: decider.decide,
  evolve: (state, event) => decider.evolve(state, event as unknown as Event),
});

const stampKind: AggregateKind<StampFold, StampCommand, StampEvent> = {
  initialState: { state: stampDecider.initialState, view: undefined },
  decide: ({ state }, command) => stampDecider.decide(state, command),
  evolve: ({ state, view }, event: LedgerEvent) => ({
    state: stampDecider.evolve(state, event as unknown as StampEvent),
    view: foldStampView(view, event),
  }),
};

export function createAggregates(dependencies: AggregateDependencies): Aggregates {
  return {
    stamps: createAggregate(stampKind, dependencies),
    orders: createAggregate(plain<OrderState, OrderCommand, OrderEvent>(orderDecider), dependencies),
    batches: createAggregate(plain<BatchState, BatchCommand, BatchEvent>(batchDecider), dependencies),
    allocations: createAggregate(
      plain<AllocationState, AllocationCommand, AllocationEvent>(allocationDecider),
      dependencies,
    ),
    incidents: createAggregate(
      plain<IncidentState, IncidentCommand, IncidentEvent>(incidentDecider),
      dependencies,
    ),
    queue: createAggregate(plain<QueueState, QueueCommand, QueueEvent>(queueDecider), dependencies),
    rooms: createAggregate(plain<RoomState, AdvanceRoom, RoomEvent>(roomDecider), dependencies),
    logKeys: createAggregate(plain<LogKeys, ObserveLogKeys, LogKeyEvent>(logKeysDecider), dependencies),
    stockPolicies: createAggregate(
      plain<StockPolicies, StockPolicyCommand, StockPolicyEvent>(stockPolicyDecider),
      dependencies,
    ),
    stockLevels: createAggregate(
      plain<StockLevelState, ObserveStock, StockLevelEvent>(stockLevelDecider),
      dependencies,
    ),
  };
}
