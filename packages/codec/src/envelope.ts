import type { EventId, EventOf, EventType, MetadataV1 } from '@stamp-ledger/domain';

declare const envelopeBrand: unique symbol;
type Brand<Name extends string> = string & { readonly [envelopeBrand]: Name };

/** `stamp-<serial>`, `order-<id>`, `batch-<id>`, `allocation-<id>`, `incident-<id>`, `queue-<id>` or `stock-<id>`. */
export type StreamName = Brand<'StreamName'>;

/** A place in the global order. Opaque to users; later events have greater text. */
export type Position = Brand<'Position'>;

/** An event ready to be stored: `data` and `metadata` are canonical JSON (RFC 8785). */
export interface EncodedEvent {
  readonly id: EventId;
  readonly type: string;
  readonly data: string;
  readonly metadata: string;
}

/** An event as the store returns it: the same bytes, and where they stand. */
export interface RecordedEvent extends EncodedEvent {
  readonly stream: StreamName;
  /** Place in the stream, from 0. */
  readonly revision: number;
  readonly position: Position;
}

/** An event read from the store, in the newest version of its type. */
export type LedgerEvent<Type extends EventType = EventType> = EventOf<Type> & {
  readonly id: EventId;
  readonly stream: StreamName;
  readonly revision: number;
  readonly position: Position;
  readonly metadata: Readonly<MetadataV1>;
};
