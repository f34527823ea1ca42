import { TransparencyError } from './errors.js';
import { TILE_WIDTH } from './tiles.js';

const LENGTH_BYTES = 2;

/** Greatest entry that a bundle can hold: its length is a uint16. */
export const ENTRY_BYTES_MAX = 0xffff;

/**
 * Entries as a bundle (C2SP tlog-tiles): each behind its length as a big-endian uint16, 1 to 256 of them.
 *
 * @throws TransparencyError `bad-bundle` for none, more than 256, or an entry beyond 65,535 bytes
 */
export function encodeBundle(entries: readonly Uint8Array[]): Buffer {
  if (entries.length < 1 || entries.length > TILE_WIDTH)
    throw new TransparencyError('bad-bundle', 'a bundle holds 1 to 256 entries');
  const bytes = Buffer.allocUnsafe(entries.reduce((sum, entry) => sum + LENGTH_BYTES + entry.length, 0));
  let at = 0;
  for (const entry of entries) {
    if (entry.length > ENTRY_BYTES_MAX)
      throw new TransparencyError('bad-bundle', 'an entry is longer than 65,535 bytes');
    at = bytes.writeUInt16BE(entry.length, at);
    bytes.set(entry, at);
    at += entry.length;
  }
  return bytes;
}

/**
 * The entries of a bundle of exactly `width` entries, as views of its bytes.
 *
 * @throws TransparencyError `bad-bundle` if it is cut short, has bytes left over, or another number of entries
 */
export function decodeBundle(bytes: Uint8Array, width: number): readonly Buffer[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const entries: Buffer[] = [];
  let at = 0;
  while (at < buffer.length) {
    // Before what follows is read: a file of empty entries would be millions of them.
    if (entries.length === width)
      throw new TransparencyError('bad-bundle', `the bundle has more than ${width} entries`);
    const start = at + LENGTH_BYTES;
    if (start > buffer.length)
      throw new TransparencyError('bad-bundle', `entry ${entries.length} has no length`);
    const end = start + buffer.readUInt16BE(at);
    if (end > buffer.length)
      throw new TransparencyError('bad-bundle', `entry ${entries.length} is cut short`);
    entries.push(buffer.subarray(start, end));
    at = end;
  }
  if (entries.length !== width)
    throw new TransparencyError('bad-bundle', `the bundle has ${entries.length} entries, not ${width}`);
  return entries;
}
