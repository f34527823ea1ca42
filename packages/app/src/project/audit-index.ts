import type { LedgerEvent, Position } from '@stamp-ledger/codec';
import type { Channel, Instant, OrderId } from '@stamp-ledger/domain';
import type { AuditIndexTransaction, IndexedEventRow, ProjectionProgress } from '@stamp-ledger/ports';
import type { Projection } from './batch.js';
import { unreachable } from './fault.js';
import { advance } from './progress.js';

/**
 * One row an event: where to find it, by document, order, holder, channel, command, correlation and time.
 *
 * Its rows are events, not streams, so the guard is the position: an event is indexed once, whenever it comes. That
 * none is left out rests on the feed; the other models would notice a hole in a stream.
 */
export const auditIndexProjection: Projection<'audit-index'> = {
  name: 'audit-index',
  async project(transaction, events) {
    const from = await transaction.loadProgress();
    const write = advance(from, events, []);
    if (write === undefined) return { progress: from, repaired: 0 };
    await transaction.save({ ...write, events: (await unindexed(transaction, from, events)).map(rowOf) });
    return { progress: write.progress, repaired: 0 };
  },
};

/** Leaves out what the index has, and what the batch has twice. */
async function unindexed(
  transaction: AuditIndexTransaction,
  from: ProjectionProgress | undefined,
  events: readonly LedgerEvent[],
): Promise<readonly LedgerEvent[]> {
  let last = from?.position;
  const late: Position[] = [];
  for (const { position } of events) {
    if (last !== undefined && position <= last) late.push(position);
    else last = position;
  }
  if (late.length === 0) return events;
  const seen = new Set(await transaction.loadIndexed(late));
  return events.filter(({ position }) => {
    const isNew = !seen.has(position);
    seen.add(position);
    return isNew;
  });
}

function rowOf(event: LedgerEvent): IndexedEventRow {
  const { metadata } = event;
  const { channel, holder, documentSha256, orderId } = subjectsOf(event);
  return {
    position: event.position,
    stream: event.stream,
    revision: event.revision,
    type: event.type,
    recordedAt: metadata.recordedAt as Instant,
    occurredAt: metadata.occurredAt as Instant,
    commandId: metadata.commandId,
    correlationId: metadata.correlationId,
    channel: channel as Channel | undefined,
    holder,
    documentSha256,
    orderId: orderId as OrderId | undefined,
    incidentId: metadata.backfill?.incidentId,
  };
}

interface Subjects {
  readonly channel?: string | undefined;
  readonly holder?: string | undefined;
  readonly documentSha256?: string | undefined;
  readonly orderId?: string | undefined;
}

const NONE: Subjects = {};

/** Who and what an event is about, as its own data says. */
function subjectsOf(event: LedgerEvent): Subjects {
  switch (event.type) {
    case 'StampAllocated':
    case 'StampDeallocated':
    case 'AllocationRequested':
    case 'StockPolicySet':
    case 'StockRanLow':
    case 'StockRecovered':
      return { channel: event.data.channel };
    case 'StampSold':
    case 'OrderPlaced':
      return { channel: event.data.channel, holder: event.data.holder, orderId: event.data.orderId };
    case 'StampReserved':
    case 'AffixOutcomeUnknown':
    case 'AffixOutcomeResolved':
    case 'StampAffixed':
      return { documentSha256: event.data.document.sha256 };
    case 'StampVerified':
      return { documentSha256: event.data.document?.sha256 };
    case 'StampVoided':
    case 'OrderPaid':
    case 'OrderFulfilled':
    case 'OrderRejected':
    case 'OrderCancelled':
    case 'OrderRefunded':
      return { orderId: event.data.orderId };
    case 'StampMinted':
    case 'StampReleased':
    case 'EventCorrected':
    case 'BatchOpened':
    case 'BatchCompleted':
    case 'AllocationCompleted':
    case 'IncidentOpened':
    case 'IncidentClosed':
    case 'OpeningAnnounced':
    case 'OpeningWithdrawn':
    case 'QueueOpened':
    case 'QueueAdvanced':
    case 'QueueClosed':
    case 'LogKeyAdded':
    case 'LogKeyRetired':
      return NONE;
    default:
      return unreachable(event);
  }
}
