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

/** Out of OpenSSL a hash comes sooner as text of single bytes than as a Buffer of its own. */
const digest = (bytes: Uint8Array): string => hash('sha256', bytes, 'binary');

const sha256 = (bytes: Uint8Array): Hash => Buffer.from(digest(bytes), 'latin1');

/** Merkle leaf hash of RFC 6962 section 2.1 (RFC 9162): SHA-256(0x00 || entry), 32 bytes. */
export function leafHash(entry: Uint8Array): Hash {
  return sha256(leafInput(entry));
}

/** Merkle leaf hashes of entries, one behind the other: 32 bytes each. */
export function leafHashes(entries: readonly Uint8Array[]): Buffer {
  const hashes = Buffer.allocUnsafe(entries.length * HASH_BYTES);
  entries.forEach((entry, at) => {
    hashes.write(digest(leafInput(entry)), at * HASH_BYTES, HASH_BYTES, 'latin1');
  });
  return hashes;
}

function leafInput(entry: Uint8Array): Uint8Array {
  if (entry.length > SHORT_ENTRY_BYTES) return Buffer.concat([Buffer.of(LEAF_PREFIX), entry]);
  shortLeafInput.set(entry, 1);
  return shortLeafInput.subarray(0, 1 + entry.length);
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

/**
 * Root of the perfect subtree over neighbours, whose hashes stand one behind the other: a power of two of them.
 *
 * @throws TransparencyError `bad-hash` for another number of bytes
 */
export function perfectRoot(hashes: Uint8Array): Hash {
  let count = hashes.length / HASH_BYTES;
  if (!Number.isInteger(Math.log2(count)))
    throw new TransparencyError('bad-hash', 'a perfect subtree has a power of two of hashes');
  const level = Buffer.from(hashes);
  for (; count > 1; count /= 2)
    for (let parent = 0; parent < count / 2; parent++) {
      const left = parent * 2 * HASH_BYTES;
      level.copy(nodeInput, 1, left, left + 2 * HASH_BYTES);
      level.write(digest(nodeInput), parent * HASH_BYTES, HASH_BYTES, 'latin1');
    }
  return level.subarray(0, HASH_BYTES);
}

/** Root of the tree without leaves: SHA-256 of nothing (RFC 6962 section 2.1). A fresh copy each time. */
export function emptyRoot(): Hash {
  return sha256(Buffer.alloc(0));
}
