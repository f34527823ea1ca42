import { type OpenedCheckpoint, openCheckpoint } from './checkpoints.js';
import { TransparencyError } from './errors.js';
import { HASH_BYTES, type Hash } from './hash.js';
import type { VerifierKey } from './keys.js';
import { checkCount, parseBase64, parseDecimal } from './numbers.js';
import { verifyInclusion } from './proofs.js';

const HEADER = 'c2sp.org/tlog-proof@v1';

/** Hashes on the way from a leaf to the root: one for each of the tree's levels, of which 2^53 leaves have 53. */
const PROOF_HASHES_MAX = 63;

/** A proof that an entry is in a log, to be kept and checked without the log (C2SP tlog-proof, `.tlog-proof`). */
export interface TlogProof {
  /** Place of the entry in the log, from 0. */
  readonly index: number;
  /** The inclusion proof, from the leaf's neighbour upward. */
  readonly hashes: readonly Hash[];
  /** The signed checkpoint, verbatim, with any cosignatures. */
  readonly checkpoint: Buffer;
  /** Whatever its maker added. Nothing vouches for it. */
  readonly extra?: Buffer;
}

/**
 * The file of a proof.
 *
 * @throws TransparencyError `out-of-range` for the index, `malformed-proof` for hashes not of 32 bytes, or more than 63
 */
export function formatTlogProof({ index, hashes, checkpoint, extra }: TlogProof): Buffer {
  checkCount(index, 'a leaf index');
  if (hashes.length > PROOF_HASHES_MAX || hashes.some((hash) => hash.length !== HASH_BYTES))
    throw malformed('the hashes are no inclusion proof');
  const lines = [HEADER];
  if (extra !== undefined) lines.push(`extra ${extra.toString('base64')}`);
  lines.push(`index ${index}`, ...hashes.map((hash) => hash.toString('base64')), '', '');
  return Buffer.concat([Buffer.from(lines.join('\n')), checkpoint]);
}

/**
 * Reads the file of a proof. Nothing is checked yet: see {@link verifyTlogProof}.
 *
 * @throws TransparencyError `malformed-proof`
 */
export function parseTlogProof(bytes: Uint8Array): TlogProof {
  const buffer = Buffer.from(bytes);
  const split = buffer.indexOf('\n\n');
  if (split === -1) throw malformed('there is no empty line before the checkpoint');
  const [header, ...lines] = buffer.toString('latin1', 0, split).split('\n');
  if (header !== HEADER) throw malformed('the first line is another');
  const extra = lines[0]?.startsWith('extra ') ? parseBase64(lines[0].slice('extra '.length)) : null;
  if (extra === undefined) throw malformed('the extra data is no base64');
  if (extra !== null) lines.shift();
  const [indexLine = '', ...hashLines] = lines;
  const index = indexLine.startsWith('index ') ? parseDecimal(indexLine.slice('index '.length)) : undefined;
  if (index === undefined) throw malformed('there is no index');
  if (hashLines.length > PROOF_HASHES_MAX) throw malformed('there are too many hashes');
  const hashes = hashLines.map((line) => {
    const hash = parseBase64(line);
    if (hash?.length !== HASH_BYTES) throw malformed('a line is no hash');
    return hash;
  });
  const checkpoint = buffer.subarray(split + 2);
  return extra === null ? { index, hashes, checkpoint } : { index, hashes, checkpoint, extra };
}

/**
 * Checks that an entry, by its leaf hash, is in the log whose keys these are. What comes back is the opened checkpoint, for
 * its size and its cosignatures (see the policy functions).
 *
 * @throws TransparencyError `unproven` if the hashes do not lead from the leaf to the checkpoint's root, or as
 *   {@link openCheckpoint}
 */
export function verifyTlogProof(
  proof: TlogProof,
  trust: {
    readonly leaf: Uint8Array;
    readonly origin: string;
    readonly logKeys: readonly VerifierKey[];
    readonly witnesses?: readonly VerifierKey[];
  },
): OpenedCheckpoint {
  const checkpoint = openCheckpoint(proof.checkpoint, trust);
  const { size, root } = checkpoint;
  if (!verifyInclusion({ index: proof.index, size, leaf: trust.leaf, proof: proof.hashes, root }))
    throw new TransparencyError('unproven', `the entry is not proven to be at ${proof.index} of ${size}`);
  return checkpoint;
}

const malformed = (why: string): TransparencyError => new TransparencyError('malformed-proof', why);
