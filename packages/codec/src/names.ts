import type {
  AllocationId,
  BatchId,
  IncidentId,
  OrderId,
  RoomId,
  Serial,
  StockPolicyId,
} from '@stamp-ledger/domain';
import type { StreamName } from './envelope.js';

export const stampStream = (serial: Serial): StreamName => `stamp-${serial}` as StreamName;
export const orderStream = (id: OrderId): StreamName => `order-${id}` as StreamName;
export const batchStream = (id: BatchId): StreamName => `batch-${id}` as StreamName;
export const allocationStream = (id: AllocationId): StreamName => `allocation-${id}` as StreamName;
export const incidentStream = (id: IncidentId): StreamName => `incident-${id}` as StreamName;
/** Announced openings, and which room is open. */
export const QUEUE_STREAM = 'queue-orders' as StreamName;
export const roomStream = (id: RoomId): StreamName => `queue-${id}` as StreamName;
/** Every stock policy ever set. */
export const STOCK_POLICIES_STREAM = 'stock-policies' as StreamName;
export const stockLevelStream = (id: StockPolicyId): StreamName => `stock-${id}` as StreamName;

/** How the keys of the transparency log changed. */
export const LOG_KEYS_STREAM = 'log-keys' as StreamName;

export type StreamKind = 'stamp' | 'order' | 'batch' | 'allocation' | 'incident' | 'queue' | 'stock' | 'log';

/** Splits a stream's name into its kind and the id behind the first hyphen; undefined when it is none of the ledger's. */
export function parseStream(
  name: StreamName,
): { readonly kind: StreamKind; readonly id: string } | undefined {
  const hyphen = name.indexOf('-');
  const kind = name.slice(0, hyphen);
  const id = name.slice(hyphen + 1);
  switch (kind) {
    case 'stamp':
    case 'order':
    case 'batch':
    case 'allocation':
    case 'incident':
    case 'queue':
    case 'stock':
      return id === '' ? undefined : { kind, id };
    case 'log':
      // One stream and no more: others have streams of that kind of name, too.
      return name === LOG_KEYS_STREAM ? { kind, id } : undefined;
    default:
      return undefined;
  }
}
