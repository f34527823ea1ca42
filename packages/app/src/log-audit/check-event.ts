import type { RecordedEvent } from '@stamp-ledger/codec';
import { parseTlogProof, TransparencyError, verifyTlogProof } from '@stamp-ledger/transparency';
import { leafOf } from '../seal/read-log.js';
import type { LogTrust } from './check-checkpoint.js';

/** Whether an event is in the log, by a proof that somebody showed. */
export type CheckedEvent =
  | {
      readonly kind: 'checked';
      readonly leafIndex: number;
      /** Entries of the log whose checkpoint the proof leads to. */
      readonly size: number;
    }
  | { readonly kind: 'failed'; readonly why: string };

/**
 * Checks a C2SP tlog-proof of an event: the leaf is made of the event itself, so that nothing but the event that was read
 * can be proven, and the checkpoint must be signed by a trusted key.
 */
export function checkEvent(event: RecordedEvent, proof: Uint8Array, trust: LogTrust): CheckedEvent {
  try {
    const parsed = parseTlogProof(proof);
    const { size } = verifyTlogProof(parsed, { ...trust, leaf: leafOf(event) });
    return { kind: 'checked', leafIndex: parsed.index, size };
  } catch (error) {
    if (error instanceof TransparencyError) return { kind: 'failed', why: error.message };
    throw error;
  }
}
