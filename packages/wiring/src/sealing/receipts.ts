import { join } from 'node:path';
import type { EventLeaf } from '@stamp-ledger/app';
import { formatVkey, RECEIPT_EVENTS_MAX, receiptKeyName, signReceipt } from '@stamp-ledger/transparency';
import { makeLogKey, readLogKeys } from './log-keys.js';

/** Gives the receipts of commands: promises that an auditor can hold against the log. */
export interface Receipts {
  /** Public keys, the current one first. */
  readonly vkeys: readonly string[];
  /** A signed note, or undefined for no events, and for more than a receipt can name. */
  sign(leaves: readonly EventLeaf[]): Buffer | undefined;
}

/** Receipts under a key of their own, which is made when there is none: a new one breaks no promise of an old one. */
export async function openReceipts({
  dataDirectory,
  origin,
}: {
  readonly dataDirectory: string;
  readonly origin: string;
}): Promise<Receipts> {
  const directory = join(dataDirectory, 'keys', 'receipts');
  const { signers, retired } = await readLogKeys(directory);
  const current = signers[0] ?? (await makeLogKey(directory, receiptKeyName(origin)));
  const others = [...signers.slice(1).map(({ verifier }) => verifier), ...retired];
  return {
    vkeys: [current.verifier, ...others].map(formatVkey),
    sign: (leaves) =>
      leaves.length === 0 || leaves.length > RECEIPT_EVENTS_MAX
        ? undefined
        : signReceipt({ origin, events: leaves }, current),
  };
}
