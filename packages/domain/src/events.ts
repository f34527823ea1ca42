import type * as wire from './wire.generated.js';

/** Data of every event in its newest version, by type. The names are the stored format: never rename one. */
export interface EventData {
  StampMinted: wire.StampMintedV1;
  StampAllocated: wire.StampAllocatedV1;
  StampDeallocated: wire.StampDeallocatedV1;
  StampSold: wire.StampSoldV1;
  StampReserved: wire.StampReservedV1;
  StampReleased: wire.StampReleasedV1;
  AffixOutcomeUnknown: wire.AffixOutcomeUnknownV1;
  AffixOutcomeResolved: wire.AffixOutcomeResolvedV1;
  StampAffixed: wire.StampAffixedV1;
  StampVerified: wire.StampVerifiedV1;
  StampVoided: wire.StampVoidedV1;
  EventCorrected: wire.EventCorrectedV1;
  BatchOpened: wire.BatchOpenedV1;
  BatchCompleted: wire.BatchCompletedV1;
  AllocationRequested: wire.AllocationRequestedV1;
  AllocationCompleted: wire.AllocationCompletedV1;
  OrderPlaced: wire.OrderPlacedV1;
  OrderPaid: wire.OrderPaidV1;
  OrderFulfilled: wire.OrderFulfilledV1;
  OrderRejected: wire.OrderRejectedV1;
  OrderCancelled: wire.OrderCancelledV1;
  OrderRefunded: wire.OrderRefundedV1;
  IncidentOpened: wire.IncidentOpenedV1;
  IncidentClosed: wire.IncidentClosedV1;
  OpeningAnnounced: wire.OpeningAnnouncedV1;
  OpeningWithdrawn: wire.OpeningWithdrawnV1;
  QueueOpened: wire.QueueOpenedV1;
  QueueAdvanced: wire.QueueAdvancedV1;
  QueueClosed: wire.QueueClosedV1;
  StockPolicySet: wire.StockPolicySetV1;
  StockRanLow: wire.StockRanLowV1;
  StockRecovered: wire.StockRecoveredV1;
  LogKeyAdded: wire.LogKeyAddedV1;
  LogKeyRetired: wire.LogKeyRetiredV1;
}

export type EventType = keyof EventData;

/** An event as the domain sees it: a type and its data. */
export type EventOf<Type extends EventType> = {
  [T in Type]: { readonly type: T; readonly data: EventData[T] };
}[Type];

export type DomainEvent = EventOf<EventType>;

export type StampEventType =
  | 'StampMinted'
  | 'StampAllocated'
  | 'StampDeallocated'
  | 'StampSold'
  | 'StampReserved'
  | 'StampReleased'
  | 'AffixOutcomeUnknown'
  | 'AffixOutcomeResolved'
  | 'StampAffixed'
  | 'StampVerified'
  | 'StampVoided'
  | 'EventCorrected';
export type BatchEventType = 'BatchOpened' | 'BatchCompleted';
export type AllocationEventType = 'AllocationRequested' | 'AllocationCompleted';
export type OrderEventType =
  | 'OrderPlaced'
  | 'OrderPaid'
  | 'OrderFulfilled'
  | 'OrderRejected'
  | 'OrderCancelled'
  | 'OrderRefunded';
export type IncidentEventType = 'IncidentOpened' | 'IncidentClosed';
export type QueueEventType = 'OpeningAnnounced' | 'OpeningWithdrawn' | 'QueueOpened' | 'QueueClosed';
export type RoomEventType = 'QueueAdvanced';
export type StockPolicyEventType = 'StockPolicySet';
export type StockLevelEventType = 'StockRanLow' | 'StockRecovered';
export type LogKeyEventType = 'LogKeyAdded' | 'LogKeyRetired';

export type StampEvent = EventOf<StampEventType>;
export type BatchEvent = EventOf<BatchEventType>;
export type AllocationEvent = EventOf<AllocationEventType>;
export type OrderEvent = EventOf<OrderEventType>;
export type IncidentEvent = EventOf<IncidentEventType>;
export type QueueEvent = EventOf<QueueEventType>;
export type RoomEvent = EventOf<RoomEventType>;
export type StockPolicyEvent = EventOf<StockPolicyEventType>;
export type StockLevelEvent = EventOf<StockLevelEventType>;
export type LogKeyEvent = EventOf<LogKeyEventType>;
