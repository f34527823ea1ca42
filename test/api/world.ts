import { randomUUID } from 'node:crypto';
import type { OpenLedger } from '@stamp-ledger/wiring';
import type { Caller, JsonObject, Reply } from '../support/http.js';
import type { OpenApiRecorder } from './openapi-recorder.js';

/** What the suites share: one ledger, its API, and the judge of its answers. */
export interface World {
  readonly opened: OpenLedger;
  readonly url: string;
  readonly call: Caller;
  readonly recorder: OpenApiRecorder;
}

export const RUPIAH_10000 = { amount: '10000', currency: 'IDR' };
export const DOCUMENT = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
export const OTHER_DOCUMENT = '60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752';
/** Well formed, and nobody minted it. */
export const UNKNOWN_SERIAL = 'NOBODY0000000000000001';
/** The same, and nobody ever asked for it: no event at all. */
export const UNSEEN_SERIAL = 'NOBODY0000000000000002';

/** Fresh hexadecimal characters, for names and documents of one test. */
export const fresh = (): string => randomUUID().replaceAll('-', '');
export const freshDocument = (): string => fresh() + fresh();
export const pdf = (sha256: string) => ({ sha256, type: 'application/pdf' });
export const payment = (amount: string, reference = `PAY-${fresh()}`) => ({
  reference,
  amount,
  currency: 'IDR',
  paidAt: '2024-09-06T13:00:00Z',
});

/** An event without its place in the published log, which it is given a moment later. */
export const recorded = ({ leafIndex: _, ...event }: JsonObject = {}): JsonObject => event;

/** Where the log ends. */
export const head = async ({ opened }: World): Promise<string | undefined> => opened.ledger.audit.head();

/** A batch with serials of its own, minted: the simplest way to know serials. */
export async function mintStamps(call: Caller, count: number): Promise<string[]> {
  const serials = Array.from({ length: count }, () => `X${fresh().toUpperCase().slice(0, 21)}`);
  const reply = await call('/v1/batches', {
    body: { denomination: RUPIAH_10000, quantity: count, series: 'TEST-2024', serials },
    headers: { prefer: 'wait=20' },
  });
  if (reply.status !== 201) throw new Error(`minting answered ${reply.status}: ${reply.text}`);
  return serials;
}

/** A stamp that the issuer sold to somebody. */
export async function sellStamp(call: Caller, serial: string, channel = 'direct'): Promise<Reply> {
  const reply = await call(`/v1/stamps/${serial}/sale`, { body: { channel, holder: `holder-${fresh()}` } });
  if (reply.status !== 201) throw new Error(`selling answered ${reply.status}: ${reply.text}`);
  return reply;
}

export async function soldStamp(call: Caller): Promise<string> {
  const [serial = ''] = await mintStamps(call, 1);
  await sellStamp(call, serial);
  return serial;
}

export async function affixedStamp(call: Caller, sha256: string): Promise<string> {
  const serial = await soldStamp(call);
  const reply = await call(`/v1/stamps/${serial}/affixation`, { body: { document: pdf(sha256) } });
  if (reply.status !== 201) throw new Error(`affixing answered ${reply.status}: ${reply.text}`);
  return serial;
}

/** Stock of a channel of its own, all of one denomination. */
export async function stockedChannel(
  call: Caller,
  quantity: number,
  denomination: JsonObject = RUPIAH_10000,
): Promise<string> {
  const channel = `channel-${fresh().slice(0, 12)}`;
  const batchId = `batch-${fresh().slice(0, 12)}`;
  const batch = await call('/v1/batches', {
    body: { batchId, denomination, quantity, series: 'TEST-2024' },
    headers: { prefer: 'wait=20' },
  });
  if (batch.status !== 201) throw new Error(`minting answered ${batch.status}: ${batch.text}`);
  const reply = await call('/v1/allocations', {
    body: { channel, denomination, quantity, batchId },
    headers: { prefer: 'wait=20' },
  });
  if (reply.status !== 201) throw new Error(`allocating answered ${reply.status}: ${reply.text}`);
  return channel;
}

export const problemName = ({ json }: Reply): string => String(json.type).replace('/problems/', '');
