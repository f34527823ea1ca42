/** Everything this package refuses, as a closed list, so that a caller can switch over it. */
export type TransparencyFault =
  /** A size, an index or a range that is no safe integer, negative, or outside the tree. */
  | 'out-of-range'
  /** Bytes that are no SHA-256 hash, or a hash that the reader of hashes could not give. */
  | 'bad-hash'
  /** A path that names no tile or entry bundle of C2SP tlog-tiles. */
  | 'bad-tile-path'
  /** A tile whose bytes do not fit its name. */
  | 'bad-tile'
  /** An entry bundle that is cut short, has bytes left over, or the wrong number of entries. */
  | 'bad-bundle'
  /** A vkey or skey that does not parse, or whose key id does not belong to it. */
  | 'bad-key'
  /** A signed note that does not parse. */
  | 'malformed-note'
  /** A signature that claims to be by a known key and is not: the whole note is worth nothing. */
  | 'bad-signature'
  /** A well-formed note without a signature by any known key. */
  | 'no-known-signature'
  /** A checkpoint body that does not parse. */
  | 'bad-checkpoint'
  /** A signed note by the right key, but of another log. */
  | 'wrong-origin'
  /** A tlog-proof file that does not parse. */
  | 'malformed-proof'
  /** A tlog-proof file that parses and proves nothing: its hashes do not lead to its checkpoint. */
  | 'unproven'
  /** A receipt that does not parse. */
  | 'bad-receipt'
  /** A tlog-policy file that does not parse. */
  | 'bad-policy'
  /** A checkpoint without the cosignatures that the policy asks for. */
  | 'quorum-not-met';

/** The one error of this package. `kind` says what is wrong; the message says where, for a person. */
export class TransparencyError extends Error {
  override readonly name = 'TransparencyError';

  constructor(
    readonly kind: TransparencyFault,
    message: string,
  ) {
    super(message);
  }
}
