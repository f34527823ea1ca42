import { parseCosignature, verifyCosignature } from './cosignatures.js';
import { TransparencyError } from './errors.js';
import { ALGORITHM, isKeyName, KEY_ID_BYTES, type SignerKey, type VerifierKey } from './keys.js';
import { parseBase64 } from './numbers.js';

/** Greatest note and most signatures that are looked at: a note comes from anyone. */
export const NOTE_LIMITS = { bytes: 1_000_000, signatures: 100 } as const;

/** One signature line of a note. */
export interface NoteSignature {
  readonly name: string;
  /** Four bytes as 8 hexadecimal characters. */
  readonly keyId: string;
  /** What follows the key id: 64 bytes for Ed25519, 72 for a cosignature/v1. */
  readonly signature: Buffer;
}

/** A note as it was read; nothing about its signatures is checked yet. */
export interface ParsedNote {
  /** The signed text, with its final newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** A note with at least one good signature by a known key. */
export interface OpenedNote extends ParsedNote {
  /** The known keys whose signatures hold, each once, in the order of the note. */
  readonly verified: readonly { readonly key: VerifierKey; readonly signature: NoteSignature }[];
}

const LINE_PREFIX = '\u2014 ';
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads a signed note (C2SP signed-note) without checking signatures: text that ends with a newline, a blank line, and
 * signature lines.
 *
 * @throws TransparencyError `malformed-note`: no UTF-8, a control character besides newline, no blank line, no or too many
 *   signature lines, a line that is none, or too large
 */
export function parseNote(bytes: Uint8Array): ParsedNote {
  const whole = decode(bytes);
  const split = whole.lastIndexOf('\n\n');
  if (split === -1) throw malformed('there is no blank line before the signatures');
  if (!whole.endsWith('\n')) throw malformed('the last line does not end');
  const lines = whole.slice(split + 2, -1).split('\n');
  if (lines.length > NOTE_LIMITS.signatures) throw malformed('there are too many signatures');
  return { text: whole.slice(0, split + 1), signatures: lines.map(parseSignatureLine) };
}

/**
 * Reads a signed note and checks it against known keys, as C2SP signed-note says: signatures by others are ignored; a
 * signature by a known key must hold, or the whole note is rejected; at least one must hold. Repeats of a key are dropped.
 *
 * @throws TransparencyError `malformed-note`, `bad-signature`, `no-known-signature`; `bad-key` if two of the known keys
 *   have the same name and key id, so that nobody could say whose signature it is
 */
export function openNote(bytes: Uint8Array, known: readonly VerifierKey[]): OpenedNote {
  const note = parseNote(bytes);
  const keys = new Map(known.map((key) => [identity(key), key]));
  if (keys.size !== known.length)
    throw new TransparencyError('bad-key', 'two known keys have one name and key id');
  const verified = new Map<VerifierKey, NoteSignature>();
  for (const signature of note.signatures) {
    const key = keys.get(identity(signature));
    if (key === undefined || verified.has(key)) continue;
    if (!signatureHolds({ key, text: note.text, signature: signature.signature }))
      throw new TransparencyError('bad-signature', `the signature of ${key.name} does not hold`);
    verified.set(key, signature);
  }
  if (verified.size === 0) throw new TransparencyError('no-known-signature', 'no known key signed this note');
  return { ...note, verified: Array.from(verified, ([key, signature]) => ({ key, signature })) };
}

/**
 * A note with a signature of each signer, in their order: text, blank line, signature lines.
 *
 * @throws TransparencyError `malformed-note` if the text does not end with a newline or cannot be in a note, or there are
 *   no signers or too many
 */
export function signNote(text: string, signers: readonly SignerKey[]): Buffer {
  if (!text.endsWith('\n') || !isNoteText(text)) throw malformed('this text cannot be in a note');
  if (signers.length === 0 || signers.length > NOTE_LIMITS.signatures)
    throw malformed('a note has 1 to 100 signers');
  const message = Buffer.from(text);
  const lines = signers.map(({ verifier: { name, keyId }, sign }) =>
    formatSignatureLine({ name, keyId, signature: sign(message) }),
  );
  return Buffer.from(`${text}\n${lines.join('')}`);
}

/** A signature as its line in a note, with the newline. */
export function formatSignatureLine({ name, keyId, signature }: NoteSignature): string {
  const bytes = Buffer.concat([Buffer.from(keyId, 'hex'), signature]);
  return `${LINE_PREFIX}${name} ${bytes.toString('base64')}\n`;
}

function signatureHolds({
  key,
  text,
  signature,
}: {
  readonly key: VerifierKey;
  readonly text: string;
  readonly signature: Buffer;
}): boolean {
  switch (key.algorithm) {
    case ALGORITHM.ed25519:
      return key.verifies(Buffer.from(text), signature);
    case ALGORITHM.cosignature: {
      const cosignature = parseCosignature(signature);
      return cosignature !== undefined && verifyCosignature({ key, checkpoint: text, cosignature });
    }
  }
}

function decode(bytes: Uint8Array): string {
  if (bytes.length > NOTE_LIMITS.bytes) throw malformed('it is too large');
  try {
    const text = utf8.decode(bytes);
    if (isNoteText(text)) return text;
  } catch {
    throw malformed('it is not UTF-8');
  }
  throw malformed('it has a control character');
}

function isNoteText(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x20 && unit !== 0x0a) return false;
  }
  return text.isWellFormed();
}

function parseSignatureLine(line: string): NoteSignature {
  if (!line.startsWith(LINE_PREFIX)) throw malformed('a line among the signatures is none');
  const [name = '', encoded = '', ...more] = line.slice(LINE_PREFIX.length).split(' ');
  const bytes = parseBase64(encoded);
  if (more.length > 0 || !isKeyName(name) || bytes === undefined || bytes.length <= KEY_ID_BYTES)
    throw malformed('a signature line does not parse');
  return { name, keyId: bytes.toString('hex', 0, KEY_ID_BYTES), signature: bytes.subarray(KEY_ID_BYTES) };
}

const identity = ({ name, keyId }: { readonly name: string; readonly keyId: string }): string =>
  `${name}+${keyId}`;

const malformed = (why: string): TransparencyError => new TransparencyError('malformed-note', why);
