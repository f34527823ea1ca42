import type { EventAnswer, HistoryAnswer } from '@stamp-ledger/client';
import { table } from './table.js';

/** The life of a stamp as a table, and who it is about. */
export function traceLines({ serial, events }: HistoryAnswer): string[] {
  const rows = table<EventAnswer>(
    [
      { title: 'time', cell: (event) => event.recordedAt },
      { title: 'rev', cell: (event) => event.revision },
      { title: 'event', cell: (event) => event.type },
      { title: 'what', cell: whatHappened },
      { title: 'position', cell: (event) => event.position },
      { title: 'leaf hash', cell: (event) => event.leafHash.slice(0, 12) },
    ],
    events,
  );
  return [`${serial}: ${events.length} events`, '', ...rows];
}

type Data = EventAnswer['data'];

/** One phrase on what an event says, from its data. */
export function whatHappened(event: EventAnswer): string {
  const phrase = PHRASES[event.type]?.(event.data) ?? '';
  const { backfill, occurredAt } = event.metadata;
  return [
    phrase,
    ...(backfill === undefined ? [] : [`(backfilled, ${backfill.incidentId}; happened ${occurredAt})`]),
    ...(event.corrections ?? []).map(
      ({ revision, statement }) => `(corrected by revision ${revision}: ${statement})`,
    ),
  ].join(' ');
}

const PHRASES: Readonly<Record<string, (data: Data) => string>> = {
  StampMinted: (data) => `batch ${text(data, 'batchId')}, series ${text(data, 'series')}`,
  StampAllocated: (data) => `to channel ${text(data, 'channel')}`,
  StampDeallocated: (data) => `back from channel ${text(data, 'channel')}: ${text(data, 'reason')}`,
  StampSold: (data) =>
    data.orderId === undefined
      ? `by channel ${text(data, 'channel')}`
      : `by channel ${text(data, 'channel')}, order ${text(data, 'orderId')}`,
  StampReserved: (data) => `for ${document(data)} until ${text(data, 'expiresAt')}`,
  StampReleased: (data) => text(data, 'reason'),
  AffixOutcomeUnknown: (data) => `to ${document(data)}`,
  AffixOutcomeResolved: (data) => `${text(data, 'result')}, ${document(data)}`,
  StampAffixed: (data) => `to ${document(data)}`,
  StampVerified: (data) =>
    [text(data, 'verdict'), list(data, 'reasons')].filter((part) => part !== '').join(': '),
  StampVoided: (data) =>
    data.policyVersion === undefined
      ? text(data, 'reason')
      : `${text(data, 'reason')}, policy ${text(data, 'policyVersion')}`,
  EventCorrected: (data) =>
    `revision ${text(record(data, 'corrects'), 'revision')}: ${text(data, 'statement')}`,
};

const text = (data: Data, name: string): string => {
  const value = data[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
};

const list = (data: Data, name: string): string => {
  const value = data[name];
  return Array.isArray(value) ? value.join(', ') : '';
};

const record = (data: Data, name: string): Data => {
  const value = data[name];
  return typeof value === 'object' && value !== null ? (value as Data) : {};
};

const document = (data: Data): string => `document ${text(record(data, 'document'), 'sha256').slice(0, 12)}`;
