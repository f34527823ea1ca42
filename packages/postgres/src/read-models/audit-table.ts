import type { Position } from '@stamp-ledger/codec';
import type { IndexedEventRow } from '@stamp-ledger/ports';
import { RowAppender, rowsByKeys, type Session, type Statement } from '../statements.js';
import { orNull, text } from './columns.js';

const INDEXED: Statement = {
  name: 'events_indexed',
  sql: 'SELECT position FROM {models}.event_index WHERE position = ANY($1::text[])',
};

const appender = new RowAppender<IndexedEventRow>({
  table: 'event_index',
  columns: [
    'position',
    'stream',
    'revision',
    'type',
    'recorded_at',
    'occurred_at',
    'command',
    'correlation',
    'channel',
    'holder',
    'document_sha256',
    'order_id',
    'incident_id',
  ],
  values: (row) => [
    row.position,
    row.stream,
    row.revision,
    row.type,
    row.recordedAt,
    row.occurredAt === row.recordedAt ? null : row.occurredAt,
    row.commandId,
    row.correlationId === row.commandId ? null : row.correlationId,
    orNull(row.channel),
    orNull(row.holder),
    orNull(row.documentSha256),
    orNull(row.orderId),
    orNull(row.incidentId),
  ],
});

/** Those of the positions that have a row already. */
export const indexedPositions = async (
  session: Session,
  positions: readonly Position[],
): Promise<Set<Position>> =>
  new Set((await rowsByKeys(session, INDEXED, positions)).map(([position]) => text<Position>(position)));

export const appendEvents = (session: Session, rows: readonly IndexedEventRow[]): Promise<void> =>
  appender.append(session, rows);
