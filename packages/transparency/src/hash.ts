import { hash } from 'node:crypto';
import { TransparencyError } from './errors.js';

/** A SHA-256 hash: 32 bytes. */
export type Hash = Buffer;

/** Bytes of a {@link Hash}. */
export const HASH_BYTES = 32;

const LEAF_PREFIX = 0x00;
const NODE_PREFIX = 0x01;

/** Two hashes behind the node prefix. Hashing is synchronous, so one buffer serves every call. */
const nodeInput = Buffer.alloc(1 + 2 * HASH_BYTES, NODE_PREFIX);

/** Entries up to this size are hashed out of one buffer, so that a leaf costs no allocation beyond its hash. */
const SHORT_ENTRY_BYTES = 8_191;
const shortLeafInput = Buffer.alloc(1 + SHORT_ENTRY_BYTES, LEAF_PREFIX);

const sha256 = (bytes: Uint8Array): Hash => hash('sha256', bytes, 'buffer');

/** Merkle leaf hash of RFC 6962 section 2.1 (RFC 9162): SHA-256(0x00 || entry), 32 bytes. */
export function leafHash(entry: Uint8Array): Hash {
  if (entry.length > SHORT_ENTRY_BYTES) return sha256(Buffer.concat([Buffer.of(LEAF_PREFIX), entry]));
  shortLeafInput.set(entry, 1);
  return sha256(shortLeafInput.subarray(0, 1 + entry.length));
}

/**
 * Merkle node hash of RFC 6962 section 2.1: SHA-256(0x01 || left || right), 32 bytes.
 *
 * @throws TransparencyError `bad-hash` if a side is not 32 bytes: longer ones would change where the sides meet
 */
export function nodeHash(left: Uint8Array, right: Uint8Array): Hash {
  if (left.length !== HASH_BYTES || right.length !== HASH_BYTES)
    throw new TransparencyError('bad-hash', 'a side of a node is not 32 bytes');
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + HASH_BYTES);
  return sha256(nodeInput);
}

/** Root of the tree without leaves: SHA-256 of nothing (RFC 6962 section 2.1). A fresh copy each time. */
export function emptyRoot(): Hash {
  return sha256(Buffer.alloc(0));
}
