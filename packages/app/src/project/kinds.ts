import type { LedgerEvent } from '@stamp-ledger/codec';
import type {
  EventType,
  LogKeyEventType,
  QueueEventType,
  RoomEventType,
  StampEventType,
  StockLevelEventType,
  StockPolicyEventType,
} from '@stamp-ledger/domain';

export type StampLedgerEvent = LedgerEvent<StampEventType>;

/** The inventory counts stamps, orders and money; of waiting rooms, stock policies and keys it keeps nothing. */
export type InventoryLedgerEvent = LedgerEvent<
  Exclude<
    EventType,
    QueueEventType | RoomEventType | StockPolicyEventType | StockLevelEventType | LogKeyEventType
  >
>;

/** Which kind of stream an event type belongs to. */
export type EventKind = 'stamp' | 'order' | 'batch' | 'allocation' | 'incident' | 'queue' | 'stock' | 'log';

const KINDS: { readonly [Type in EventType]: EventKind } = {
  StampMinted: 'stamp',
  StampAllocated: 'stamp',
  StampDeallocated: 'stamp',
  StampSold: 'stamp',
  StampReserved: 'stamp',
  StampReleased: 'stamp',
  AffixOutcomeUnknown: 'stamp',
  AffixOutcomeResolved: 'stamp',
  StampAffixed: 'stamp',
  StampVerified: 'stamp',
  StampVoided: 'stamp',
  EventCorrected: 'stamp',
  OrderPlaced: 'order',
  OrderPaid: 'order',
  OrderFulfilled: 'order',
  OrderRejected: 'order',
  OrderCancelled: 'order',
  OrderRefunded: 'order',
  BatchOpened: 'batch',
  BatchCompleted: 'batch',
  AllocationRequested: 'allocation',
  AllocationCompleted: 'allocation',
  IncidentOpened: 'incident',
  IncidentClosed: 'incident',
  OpeningAnnounced: 'queue',
  OpeningWithdrawn: 'queue',
  QueueOpened: 'queue',
  QueueAdvanced: 'queue',
  QueueClosed: 'queue',
  StockPolicySet: 'stock',
  StockRanLow: 'stock',
  StockRecovered: 'stock',
  LogKeyAdded: 'log',
  LogKeyRetired: 'log',
};

export const kindOf = (type: EventType): EventKind => KINDS[type];

const NOT_OF_INVENTORY: ReadonlySet<EventKind> = new Set(['queue', 'stock', 'log']);

export const isOfInventory = (event: LedgerEvent): event is InventoryLedgerEvent =>
  !NOT_OF_INVENTORY.has(KINDS[event.type]);

export const isStampEvent = (event: LedgerEvent): event is StampLedgerEvent => KINDS[event.type] === 'stamp';
