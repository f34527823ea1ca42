import {
  type AllocationId,
  type BatchId,
  type Channel,
  DIRECT_CHANNEL,
  type Document,
  generatedSerial,
  type Instant,
  type OrderId,
  type StampCommand,
  type StampCommandOf,
  type StampState,
  stampDecider,
} from '@stamp-ledger/domain';
import { after } from './support.js';

export const SERIAL = generatedSerial('K7QX2M9RD4TB5W8HN');
export const OTHER_SERIAL = generatedSerial('B3ZP8V6YC2GF9J4LE');
export const ALPHA = 'alpha' as Channel;
export const BETA = 'beta' as Channel;
export const DOCUMENT_A: Document = { sha256: 'a'.repeat(64), type: '3' };
export const DOCUMENT_B: Document = { sha256: 'b'.repeat(64), type: '2', date: '2024-09-06', bytes: 1234 };
export const EVIDENCE = { sha256: 'e'.repeat(64), reference: 'case-17' };

/** Minute `minute` of an hour of the rush. */
export const at = (minute: number): Instant =>
  `2024-09-06T13:${String(minute).padStart(2, '0')}:00.000Z` as Instant;

export const mint: StampCommandOf<'mint'> = {
  kind: 'mint',
  serial: SERIAL,
  batchId: 'batch-1' as BatchId,
  series: '2024-a',
  denomination: { amount: '10000', currency: 'IDR' },
  index: 7,
};
export const allocate: StampCommandOf<'allocate'> = {
  kind: 'allocate',
  allocationId: 'allocation-1' as AllocationId,
  channel: ALPHA,
};
export const sell: StampCommandOf<'sell'> = {
  kind: 'sell',
  channel: ALPHA,
  holder: 'holder-1',
  orderId: 'order-1' as OrderId,
};
export const sellDirect: StampCommandOf<'sell'> = {
  kind: 'sell',
  channel: DIRECT_CHANNEL,
  holder: 'holder-1',
};
/** Minute 1, for document A, until minute 5. */
export const reserve: StampCommandOf<'reserve'> = {
  kind: 'reserve',
  document: DOCUMENT_A,
  expiresAt: at(5),
  at: at(1),
};
export const affix: StampCommandOf<'affix'> = { kind: 'affix', document: DOCUMENT_A, at: at(2) };
export const report: StampCommandOf<'report-outcome-unknown'> = { kind: 'report-outcome-unknown' };
export const resolve: StampCommandOf<'resolve-outcome'> = {
  kind: 'resolve-outcome',
  result: 'affixed',
  evidence: EVIDENCE,
};
export const voiding: StampCommandOf<'void'> = { kind: 'void', reason: 'damaged' };
export const verification: StampCommandOf<'record-verification'> = {
  kind: 'record-verification',
  serial: SERIAL,
  verdict: 'not-genuine',
  reasons: ['not-affixed'],
  documentSha256: DOCUMENT_A.sha256,
};
export const correction: StampCommandOf<'correct'> = {
  kind: 'correct',
  corrects: { eventId: '7f1e7f0e-0d6c-4c1e-9d0a-2d6f3f6f5a11', revision: 2, type: 'StampSold' },
  statement: 'The holder reference was mistyped.',
};

const stampAfter = (...commands: readonly StampCommand[]) => after(stampDecider, ...commands);

/** One stamp in every stage, with and without the details that matter. */
export const STAMPS = {
  unminted: stampAfter(),
  minted: stampAfter(mint),
  allocated: stampAfter(mint, allocate),
  sold: stampAfter(mint, allocate, sell),
  reserved: stampAfter(mint, allocate, sell, reserve),
  unknown: stampAfter(mint, allocate, sell, reserve, report),
  affixed: stampAfter(mint, allocate, sell, affix),
  resolved: stampAfter(mint, allocate, sell, reserve, report, resolve),
  voided: stampAfter(mint, allocate, sell, voiding),
} satisfies Record<string, StampState>;

export type StampName = keyof typeof STAMPS;
export const STAMP_NAMES = Object.keys(STAMPS) as StampName[];
