import { TransparencyError } from './errors.js';
import { emptyRoot, HASH_BYTES, type Hash } from './hash.js';
import { ALGORITHM, isKeyName, type SignerKey, type VerifierKey } from './keys.js';
import { type OpenedNote, openNote, signNote } from './notes.js';
import { checkCount, parseBase64, parseDecimal } from './numbers.js';

/** What a log says about itself: how many entries, and the hash over all of them. */
export interface Checkpoint {
  /** The log's name: its URL without scheme and final slash. */
  readonly origin: string;
  readonly size: number;
  readonly root: Hash;
}

/** A checkpoint that a known key of the log signed, and the note it came in. */
export interface OpenedCheckpoint extends Checkpoint {
  /** Lines after the third, which mean nothing here; our own log writes none. */
  readonly extensions: readonly string[];
  readonly note: OpenedNote;
}

/**
 * Text of a checkpoint (C2SP tlog-checkpoint), without extension lines: origin, size, root in base64.
 *
 * @throws TransparencyError `bad-checkpoint` for an origin that cannot be one or a root that is not 32 bytes,
 *   `out-of-range` for the size
 */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  checkCount(size, 'a tree size');
  if (!isKeyName(origin) || root.length !== HASH_BYTES) throw bad('the origin or the root is none');
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

/**
 * Reads the text of a checkpoint (C2SP tlog-checkpoint) strictly: three lines or more, a size without leading zeros, a
 * canonical root, no empty line; a tree without entries has the root of nothing. Sizes above 2^53 - 1 are refused.
 *
 * @throws TransparencyError `bad-checkpoint`
 */
export function parseCheckpoint(text: string): Checkpoint & { readonly extensions: readonly string[] } {
  if (!text.endsWith('\n')) throw bad('the last line does not end');
  const [origin = '', sizeText = '', rootText = '', ...extensions] = text.slice(0, -1).split('\n');
  const size = parseDecimal(sizeText);
  const root = parseBase64(rootText);
  if (origin === '') throw bad('there is no origin');
  if (size === undefined) throw bad('the size is no decimal number up to 2^53 - 1');
  if (root === undefined || root.length !== HASH_BYTES) throw bad('the root is no hash');
  if (size === 0 && !root.equals(emptyRoot())) throw bad('a tree without entries has another root');
  if (extensions.includes('')) throw bad('an extension line is empty');
  return { origin, size, root, extensions };
}

/** The signed checkpoint, as it is served: deterministic for the same tree and signers. */
export function signCheckpoint(checkpoint: Checkpoint, signers: readonly SignerKey[]): Buffer {
  return signNote(formatCheckpoint(checkpoint), signers);
}

/**
 * Reads a signed checkpoint of the log `origin`, signed by at least one of its keys; see {@link openNote}. Cosigners' keys
 * may be among `witnesses`: their cosignatures must hold too, but do not stand in for the log's. Nor does a key of another
 * name or algorithm among `logKeys`; see {@link isLogKey}.
 *
 * @throws TransparencyError as {@link openNote}; `bad-checkpoint`; `wrong-origin` if it is of another log
 */
export function openCheckpoint(
  bytes: Uint8Array,
  trust: {
    readonly origin: string;
    readonly logKeys: readonly VerifierKey[];
    readonly witnesses?: readonly VerifierKey[];
  },
): OpenedCheckpoint {
  const { origin, logKeys, witnesses = [] } = trust;
  const note = openNote(bytes, [...logKeys, ...witnesses]);
  const checkpoint = parseCheckpoint(note.text);
  if (checkpoint.origin !== origin)
    throw new TransparencyError('wrong-origin', 'this checkpoint is of another log');
  if (!note.verified.some(({ key }) => logKeys.includes(key) && isLogKey(key, origin)))
    throw new TransparencyError('no-known-signature', 'no known key of the log signed this checkpoint');
  return { ...checkpoint, note };
}

/** Whether a key can sign for a log: it has the log's name, and is no cosigner's (C2SP tlog-checkpoint). */
export const isLogKey = ({ name, algorithm }: VerifierKey, origin: string): boolean =>
  name === origin && algorithm === ALGORITHM.ed25519;

const bad = (why: string): TransparencyError => new TransparencyError('bad-checkpoint', why);
