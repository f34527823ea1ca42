import type { StreamName } from '@stamp-ledger/codec';
import type { EventId, EventOf, EventType, MetadataV1 } from '@stamp-ledger/domain';

const serial = 'K7QX2M9RD4TB0W5HN8CJ3F';
const roomId = '3d5c0f9e-7a1b-8c2d-9e3f-405162738495';
const denomination = { amount: '10000', currency: 'IDR' };
const payment = {
  reference: 'INV-2024/09-000017',
  amount: '20000',
  currency: 'IDR',
  paidAt: '2024-09-06T12:59:30.000Z',
};
const document = {
  sha256: 'a'.repeat(64),
  type: 'surat-pernyataan',
  typeVersion: '2024-1',
  date: '2024-09-06',
  bytes: 81_234,
};

export const metadata: Omit<MetadataV1, 'schemaVersion'> = {
  commandId: '5f0c9a52-6b2e-8a31-9d47-3f1d0c2b4a68',
  correlationId: '0b6f7c1e-92d3-4e5a-8f10-a1b2c3d4e5f6',
  causationId: '5f0c9a52-6b2e-8a31-9d47-3f1d0c2b4a68',
  actor: 'channel-7',
  requestHash: 'c'.repeat(64),
  occurredAt: '2024-09-06T13:00:00.000Z',
  recordedAt: '2024-09-06T13:00:00.250Z',
  backfill: {
    incidentId: 'outage-2024-09-03',
    source: 'offline sales of channel-7',
    evidenceSha256: 'e'.repeat(64),
  },
};

/** One example of every event in its newest version, every optional member filled in. */
export const SAMPLES: { readonly [Type in EventType]: EventOf<Type>['data'] } = {
  StampMinted: { serial, batchId: 'batch-2024-1', series: '2024', denomination, index: 41 },
  StampAllocated: { serial, allocationId: 'allocation-9', channel: 'channel-7' },
  StampDeallocated: { serial, channel: 'channel-7', reason: 'channel-closed' },
  StampSold: { serial, channel: 'channel-7', holder: 'holder-3f9a', orderId: 'order-1', payment },
  StampReserved: { serial, document, expiresAt: '2024-09-06T13:15:00.000Z' },
  StampReleased: { serial, reason: 'requested' },
  AffixOutcomeUnknown: { serial, document, evidence: 'adapter answered 92' },
  AffixOutcomeResolved: {
    serial,
    result: 'not-affixed',
    document,
    evidence: { sha256: 'b'.repeat(64), reference: 'issuer status NOTSTAMP' },
  },
  StampAffixed: { serial, document, signedSha256: 'd'.repeat(64) },
  StampVerified: {
    serial,
    verdict: 'not-genuine',
    reasons: ['document-mismatch', 'already-verified-elsewhere'],
    document: { sha256: 'f'.repeat(64) },
  },
  StampVoided: {
    serial,
    reason: 'refund',
    evidence: 'ticket 12',
    policyVersion: 'refund/2024-09-09',
    orderId: 'order-1',
  },
  EventCorrected: {
    serial,
    corrects: { eventId: '7a1e0f3c-1111-8222-9333-444455556666', revision: 3, type: 'StampAffixed' },
    statement: 'The document type was "surat-perjanjian" — not as recorded.',
    evidence: 'ticket 13',
  },
  BatchOpened: {
    batchId: 'batch-2024-1',
    denomination,
    quantity: 1,
    series: '2024',
    serials: [serial],
    serialKeyId: '0123456789abcdef',
  },
  BatchCompleted: { batchId: 'batch-2024-1', minted: 0, conflicts: [serial] },
  AllocationRequested: {
    allocationId: 'allocation-9',
    channel: 'channel-7',
    denomination,
    quantity: 500,
    batchId: 'batch-2024-1',
  },
  AllocationCompleted: { allocationId: 'allocation-9', allocated: 500 },
  OrderPlaced: { orderId: 'order-1', channel: 'channel-7', holder: 'holder-3f9a', denomination, quantity: 2 },
  OrderPaid: { orderId: 'order-1', payment },
  OrderFulfilled: { orderId: 'order-1', serials: [serial] },
  OrderRejected: { orderId: 'order-1', reason: 'payment-not-received' },
  OrderCancelled: { orderId: 'order-1', reason: 'buyer-withdrew' },
  OrderRefunded: {
    orderId: 'order-1',
    policyVersion: 'refund/2024-09-09',
    amount: { amount: '20000', currency: 'IDR' },
    reason: 'outage',
  },
  IncidentOpened: {
    incidentId: 'outage-2024-09-03',
    title: 'Serials can not be generated',
    description: 'Stamps already bought can not be affixed either.',
    startedAt: '2024-09-03T02:00:00.000Z',
    relaxedRules: { version: 'BKN-5915', rules: ['Paper stamps are accepted.'] },
  },
  IncidentClosed: {
    incidentId: 'outage-2024-09-03',
    endedAt: '2024-09-10T16:59:00.000Z',
    summary: 'Restored in three steps.',
  },
  OpeningAnnounced: {
    openingId: 'registration-2024',
    opensAt: '2024-09-06T15:00:00.000Z',
    ticketsFrom: '2024-09-06T14:45:00.000Z',
    title: 'Last day of registration',
    shares: [{ channel: 'channel-7', weight: 3 }],
  },
  OpeningWithdrawn: { openingId: 'registration-2024', reason: 'registration-extended' },
  QueueOpened: { roomId, cause: 'opening', openingId: 'registration-2024' },
  QueueAdvanced: {
    roomId,
    copy: '1c9e0d7a-2b4f-4c6d-9e8f-a0b1c2d3e4f5',
    atMilliseconds: 1_725_634_802_000,
    perSecond: 400,
    arrivals: [{ channel: 'channel-7', second: 1_725_634_799, count: 120 }],
    cursors: [{ channel: 'channel-7', second: 1_725_634_799, below: 140_737_488_355_328 }],
  },
  QueueClosed: { roomId },
  StockPolicySet: {
    policyId: 'stock-channel-7',
    channel: 'channel-7',
    denomination,
    lowBelow: 1_000,
    refill: { quantity: 5_000, perDay: 20_000 },
  },
  StockRanLow: {
    policyId: 'stock-channel-7',
    channel: 'channel-7',
    denomination,
    inStock: 999,
    lowBelow: 1_000,
    refill: { allocationId: 'refill-1', quantity: 5_000, atMilliseconds: 1_725_634_802_000 },
  },
  StockRecovered: { policyId: 'stock-channel-7', channel: 'channel-7', denomination, inStock: 5_999 },
  LogKeyAdded: { vkey: 'example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx' },
  LogKeyRetired: { vkey: 'example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx' },
};

export const EVENT_TYPES = Object.keys(SAMPLES) as EventType[];

export const sampleEvent = <Type extends EventType>(type: Type): EventOf<EventType> =>
  ({ type, data: SAMPLES[type] }) as EventOf<EventType>;

export const SAMPLE_ID = '9b2d3c4e-0000-8000-8000-00000000002a' as EventId;
export const SAMPLE_STREAM = `stamp-${serial}` as StreamName;
export const SAMPLE_REVISION = 5;
