import { TransparencyError } from './errors.js';
import { HASH_BYTES, type Hash } from './hash.js';
import { isKeyName, type SignerKey, type VerifierKey } from './keys.js';
import { openNote, signNote } from './notes.js';
import { parseBase64 } from './numbers.js';

const HEADER = 'stamp-ledger/receipt/v1';

/** Events in one receipt. */
export const RECEIPT_EVENTS_MAX = 16;

/** What a log promised: that these entries are in it, or will be. Whoever holds it can hold the log to it. */
export interface Receipt {
  readonly origin: string;
  readonly events: readonly ReceiptEvent[];
}

export interface ReceiptEvent {
  /** UUID of the event. */
  readonly eventId: string;
  /** RFC 6962 leaf hash of its log entry. */
  readonly leaf: Hash;
  /** RFC 3339 time in UTC. */
  readonly recordedAt: string;
}

/** Name of the key that signs a log's receipts: another than the log's own, which signs checkpoints alone. */
export const receiptKeyName = (origin: string): string => `${origin}/receipts`;

/**
 * A receipt as a signed note (C2SP signed-note), which any verifier of notes checks: `stamp-ledger/receipt/v1`, the log's
 * origin, then a line `<event id> <leaf hash, base64> <recorded at>` for each event.
 *
 * @throws TransparencyError `bad-receipt` for no or more than 16 events, or a member that cannot stand in a line
 */
export function signReceipt({ origin, events }: Receipt, signer: SignerKey): Buffer {
  const lines = events.map(
    ({ eventId, leaf, recordedAt }) => `${eventId} ${leaf.toString('base64')} ${recordedAt}`,
  );
  const text = `${[HEADER, origin, ...lines].join('\n')}\n`;
  parseReceipt(text);
  return signNote(text, [signer]);
}

/**
 * Reads a signed receipt of the log `origin` by one of its receipt keys.
 *
 * @throws TransparencyError as {@link openNote}; `bad-receipt`; `wrong-origin` if it is of another log
 */
export function openReceipt(
  bytes: Uint8Array,
  { origin, keys }: { readonly origin: string; readonly keys: readonly VerifierKey[] },
): Receipt {
  const receipt = parseReceipt(openNote(bytes, keys).text);
  if (receipt.origin !== origin)
    throw new TransparencyError('wrong-origin', 'this receipt is of another log');
  return receipt;
}

const EVENT_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

function parseReceipt(text: string): Receipt {
  const [header, origin = '', ...lines] = text.slice(0, -1).split('\n');
  if (header !== HEADER || !isKeyName(origin)) throw bad('it does not begin as one');
  if (lines.length < 1 || lines.length > RECEIPT_EVENTS_MAX) throw bad('it names 1 to 16 events');
  return { origin, events: lines.map(parseEvent) };
}

function parseEvent(line: string): ReceiptEvent {
  const [eventId = '', encoded = '', recordedAt = '', ...more] = line.split(' ');
  const leaf = parseBase64(encoded);
  if (more.length > 0 || !EVENT_ID.test(eventId) || leaf?.length !== HASH_BYTES || !TIME.test(recordedAt))
    throw bad('a line names no event');
  return { eventId, leaf, recordedAt };
}

const bad = (why: string): TransparencyError => new TransparencyError('bad-receipt', why);
