import { type CheckedEvent, checkEvent, type LogTrust } from '@stamp-ledger/app';
import type { EventAnswer, HistoryAnswer, StampProofAnswer } from '@stamp-ledger/client';
import type { Session } from '../session.js';
import { logOf } from './audited-log.js';
import { recordedOf } from './event-sources.js';
import { parseTrust, readTrust } from './kept.js';

/** How one event of a trace stands in the transparency log. */
export type EventProof = CheckedEvent | { readonly kind: 'unsealed' };

/** Whose word the proofs rest on. */
export interface Believed extends LogTrust {
  /** `given`: by who asks. `own`: by the ledger itself, which then only shows that it agrees with itself. */
  readonly key: 'given' | 'own';
}

/** The key that was given, or the one that the ledger serves; undefined when it serves none. */
export async function believed(
  { url }: Pick<Session, 'url'>,
  { key, origin }: { readonly key?: string; readonly origin?: string },
): Promise<Believed | undefined> {
  if (key !== undefined) return { ...(await readTrust(key, origin)), key: 'given' };
  const served = await logOf({ url }, {}).read('vkeys');
  return served && { ...parseTrust(served.toString(), origin), key: 'own' };
}

/** The proof of every event of a page, by revision; none without a key. */
export async function proofsOf(
  { client }: Pick<Session, 'client'>,
  { serial, events }: HistoryAnswer,
  trust: Believed | undefined,
): Promise<ReadonlyMap<number, EventProof>> {
  if (trust === undefined) return new Map();
  const last = events.at(-1)?.revision ?? -1;
  const served = new Map<number, StampProofAnswer>();
  for (let from = events[0]?.revision; from !== undefined && from <= last; ) {
    const { body } = await client.stamps.proofs(serial, { from });
    for (const proof of body.proofs) served.set(proof.revision, proof);
    from = body.next;
  }
  return new Map(events.map((event) => [event.revision, proofOf(event, served.get(event.revision), trust)]));
}

const proofOf = (event: EventAnswer, served: StampProofAnswer | undefined, trust: Believed): EventProof =>
  served === undefined
    ? { kind: 'unsealed' }
    : checkEvent(recordedOf(event), Buffer.from(served.proof), trust);
