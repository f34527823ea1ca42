import { join } from 'node:path';
import { setImmediate as immediate } from 'node:timers/promises';
import type { EventLeaf } from '@stamp-ledger/app';
import { formatVkey, RECEIPT_EVENTS_MAX, receiptKeyName, signReceipt } from '@stamp-ledger/transparency';
import { makeLogKey, readLogKeys } from './log-keys.js';

/** Gives the receipts of commands: promises that an auditor can hold against the log. */
export interface Receipts {
  /** Public keys, the current one first. */
  readonly vkeys: readonly string[];
  /**
   * A signed note in base64, or undefined for no events, and for more than a receipt can name. It may also name events of
   * other commands that were carried out in the same moment.
   */
  sign(leaves: readonly EventLeaf[]): Promise<string | undefined>;
}

/** Events of different commands in one receipt: a signature costs more than the rest of an answer, a line more hardly anything. */
const SHARED_EVENTS = 8;

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
    sign: sharedSignatures((events) => signReceipt({ origin, events }, current).toString('base64')),
  };
}

/** Signs once for the commands of one turn of the event loop, a few events at a time: all that were written by one fsync. */
function sharedSignatures(sign: (events: readonly EventLeaf[]) => string): Receipts['sign'] {
  let open: { readonly events: EventLeaf[]; readonly signed: Promise<string> } | undefined;
  const begin = (): NonNullable<typeof open> => {
    const events: EventLeaf[] = [];
    const begun = {
      events,
      signed: immediate().then(() => {
        if (open === begun) open = undefined;
        return sign(events);
      }),
    };
    return begun;
  };
  return async (leaves) => {
    if (leaves.length === 0 || leaves.length > RECEIPT_EVENTS_MAX) return undefined;
    if (open === undefined || open.events.length + leaves.length > SHARED_EVENTS) open = begin();
    open.events.push(...leaves);
    return open.signed;
  };
}
