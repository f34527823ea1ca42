import { createHash } from 'node:crypto';

const LEAF_PREFIX = Buffer.from([0x00]);

/** Merkle leaf hash of RFC 6962 section 2.1 (RFC 9162): SHA-256(0x00 || entry), 32 bytes. */
export function leafHash(entry: Uint8Array): Buffer {
  return createHash('sha256').update(LEAF_PREFIX).update(entry).digest();
}
