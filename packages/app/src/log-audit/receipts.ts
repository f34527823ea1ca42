import type { Instant } from '@stamp-ledger/domain';
import { LIMITS } from '@stamp-ledger/ports';
import {
  HASH_BYTES,
  openReceipt,
  type ReceiptEvent,
  TransparencyError,
  type VerifierKey,
} from '@stamp-ledger/transparency';
import type { Findings } from './findings.js';
import type { ScannedEntries } from './scan-log.js';

/** What receipts came to. */
export interface ReceiptCounts {
  /** Events that receipts promise and the log has. */
  readonly kept: number;
  /** Promised a short while ago, by the auditor's clock and the entries of the log: they may still come. */
  readonly pending: number;
}

/**
 * Looks for the leaf of every promised event among the leaves of the log. Memory grows with the receipts, not with the
 * log. The log is sealed in the order of recording, but for the clocks of several machines: an event recorded well before
 * another that is there is a broken promise. So is one that is still not there some minutes later by the auditor's own clock:
 * what the log says of its times is in the hands of who is audited, and a log that stands still or was set back says nothing.
 */
export class ReceiptSearch {
  readonly #wanted = new Map<string, ReceiptEvent>();
  #kept = 0;
  #sealedUntil = Number.NEGATIVE_INFINITY;

  /** `now`: the auditor's, from before the checkpoint was read. */
  constructor(
    private readonly trust: {
      readonly origin: string;
      readonly keys: readonly VerifierKey[];
      readonly now: Instant;
    },
    private readonly findings: Findings,
  ) {}

  /** Takes a signed receipt; one that does not hold is a finding. `name` says which. */
  add(note: Uint8Array, name: string): void {
    try {
      for (const event of openReceipt(note, this.trust).events)
        this.#wanted.set(event.leaf.toString('base64'), event);
    } catch (error) {
      if (!(error instanceof TransparencyError)) throw error;
      this.findings.add('receipt-invalid', `${name}: ${error.message}`);
    }
  }

  take({ entries, leaves }: ScannedEntries): void {
    for (let at = 0; at < leaves.length; at += HASH_BYTES)
      if (this.#wanted.delete(leaves.toString('base64', at, at + HASH_BYTES))) this.#kept++;
    this.#sealedUntil = Math.max(this.#sealedUntil, recordedAtOf(entries.at(-1)));
  }

  finish(): ReceiptCounts {
    const now = Date.parse(this.trust.now);
    // An entry from a clock that is ahead would make every fresh promise a broken one.
    const sealedUntil = Math.min(this.#sealedUntil, now);
    const dueSince = Math.max(
      sealedUntil - LIMITS.receiptGraceMilliseconds,
      now - LIMITS.receiptOverdueMilliseconds,
    );
    let pending = 0;
    for (const { eventId, recordedAt } of this.#wanted.values()) {
      if (Date.parse(recordedAt) >= dueSince) pending++;
      else
        this.findings.add(
          'receipt-missing',
          `event ${eventId}, promised at ${recordedAt}, is not in the log`,
        );
    }
    return { kept: this.#kept, pending };
  }
}

/** Milliseconds; before everything for an entry that is not there or tells no time. */
function recordedAtOf(entry: Buffer | undefined): number {
  if (entry === undefined) return Number.NEGATIVE_INFINITY;
  try {
    const { metadata } = JSON.parse(entry.toString()) as { metadata?: { recordedAt?: string } };
    return Date.parse(metadata?.recordedAt ?? '') || Number.NEGATIVE_INFINITY;
  } catch {
    return Number.NEGATIVE_INFINITY;
  }
}
