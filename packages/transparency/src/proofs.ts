import { TransparencyError } from './errors.js';
import { HASH_BYTES, type Hash, nodeHash } from './hash.js';
import { type HashReader, hashesOfRanges, type LeafRange } from './nodes.js';
import { checkCount, half, isOdd, splitPoint } from './numbers.js';

/**
 * The ranges whose hashes prove that leaf `index` is in the tree over `start` (default 0) up to `end`, from the leaf's
 * neighbour up to the root's child: PATH of RFC 6962 section 2.1.1.
 *
 * @throws TransparencyError `out-of-range` if the leaf is not in the tree
 */
export function inclusionRanges({
  index,
  start = 0,
  end,
}: {
  readonly index: number;
  readonly start?: number;
  readonly end: number;
}): readonly LeafRange[] {
  checkCount(index, 'a leaf index');
  checkCount(end, 'a tree size');
  if (index < start || index >= end)
    throw new TransparencyError('out-of-range', `leaf ${index} is not among ${start} to ${end}`);
  const ranges: LeafRange[] = [];
  let [low, high] = [start, end];
  while (high - low > 1) {
    const middle = low + splitPoint(high - low);
    if (index < middle) {
      ranges.push({ start: middle, end: high });
      high = middle;
    } else {
      ranges.push({ start: low, end: middle });
      low = middle;
    }
  }
  return ranges.reverse();
}

/**
 * The ranges whose hashes prove that the leaves `start` up to `end` (a subtree; `start` 0 for an older tree) stand
 * unchanged in the tree of `size` leaves: PROOF of RFC 6962 section 2.1.2, and its form for subtrees
 * (draft-ietf-plants-merkle-tree-certs).
 *
 * @throws TransparencyError `out-of-range` if the subtree is not within the tree
 */
export function consistencyRanges({
  start = 0,
  end,
  size,
}: {
  readonly start?: number;
  readonly end: number;
  readonly size: number;
}): readonly LeafRange[] {
  checkCount(start, 'the start of a subtree');
  checkCount(end, 'the end of a subtree');
  checkCount(size, 'a tree size');
  if (start > end || end > size)
    throw new TransparencyError('out-of-range', 'a subtree ends beyond its tree');
  if (start === end) return [];
  const ranges: LeafRange[] = [];
  let [low, high] = [0, size];
  /** Whether the verifier knows the hash that the descent ends at. */
  let known = true;
  let from = start;
  while (!(from === low && end === high)) {
    const middle = low + splitPoint(high - low);
    if (end <= middle) {
      ranges.push({ start: middle, end: high });
      high = middle;
    } else {
      ranges.push({ start: low, end: middle });
      if (from < middle) {
        known = false;
        from = middle;
      }
      low = middle;
    }
  }
  if (!known) ranges.push({ start: low, end: high });
  return ranges.reverse();
}

/**
 * Inclusion proof (RFC 6962 section 2.1.1) of leaf `index` in the tree of `size` leaves: 32-byte hashes from the leaf's
 * neighbour upward.
 *
 * @throws TransparencyError `out-of-range` if the leaf is not in the tree, `bad-hash` if the reader fails to give hashes
 */
export function proveInclusion(request: {
  readonly index: number;
  readonly size: number;
  readonly read: HashReader;
}): Promise<Hash[]> {
  const { index, size, read } = request;
  return hashesOfRanges(inclusionRanges({ index, end: size }), read);
}

/**
 * Consistency proof (RFC 6962 section 2.1.2) that the tree of `older` leaves is what the one of `newer` leaves begins
 * with. Empty for equal sizes, and for `older` 0, which every tree extends.
 *
 * @throws TransparencyError `out-of-range` if `older` is above `newer`, `bad-hash` if the reader fails to give hashes
 */
export function proveConsistency(request: {
  readonly older: number;
  readonly newer: number;
  readonly read: HashReader;
}): Promise<Hash[]> {
  const { older, newer, read } = request;
  return hashesOfRanges(consistencyRanges({ end: older, size: newer }), read);
}

/**
 * Whether `proof` shows that the leaf hash stands at `index` in the tree of `size` leaves with this root (RFC 9162
 * section 2.1.3.2). Never throws: what is malformed proves nothing.
 */
export function verifyInclusion(claim: {
  readonly index: number;
  readonly size: number;
  readonly leaf: Uint8Array;
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}): boolean {
  const { index, size, leaf, proof, root } = claim;
  if (!isCount(index) || !isCount(size) || index >= size) return false;
  if (!areHashes([leaf, root, ...proof])) return false;
  let place = index;
  let last = size - 1;
  let hash: Hash = Buffer.from(leaf);
  for (const sibling of proof) {
    if (last === 0) return false;
    if (isOdd(place) || place === last) {
      hash = nodeHash(sibling, hash);
      while (!isOdd(place) && place !== 0) {
        place = half(place);
        last = half(last);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    place = half(place);
    last = half(last);
  }
  return last === 0 && hash.equals(root);
}

/**
 * Whether `proof` shows that the tree of `newer` leaves begins with the tree of `older` leaves (RFC 9162 section
 * 2.1.4.2). Any tree extends the empty one, so `older` 0 needs its known root and an empty proof. A `newer` below `older`
 * is never consistent: a log that shrank is an alarm. Never throws.
 */
export function verifyConsistency(claim: {
  readonly older: number;
  readonly olderRoot: Uint8Array;
  readonly newer: number;
  readonly newerRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}): boolean {
  const { older, newer, olderRoot, newerRoot, proof } = claim;
  if (!isCount(older) || !isCount(newer) || older > newer) return false;
  if (!areHashes([olderRoot, newerRoot, ...proof])) return false;
  if (older === newer) return proof.length === 0 && Buffer.from(olderRoot).equals(newerRoot);
  if (older === 0) return proof.length === 0;

  let place = older - 1;
  let last = newer - 1;
  while (isOdd(place)) {
    place = half(place);
    last = half(last);
  }
  const [seed, ...rest] = place === 0 ? [olderRoot, ...proof] : proof;
  if (seed === undefined || proof.length === 0) return false;
  let olderHash: Hash = Buffer.from(seed);
  let newerHash: Hash = Buffer.from(seed);
  for (const hash of rest) {
    if (last === 0) return false;
    if (isOdd(place) || place === last) {
      olderHash = nodeHash(hash, olderHash);
      newerHash = nodeHash(hash, newerHash);
      while (!isOdd(place) && place !== 0) {
        place = half(place);
        last = half(last);
      }
    } else {
      newerHash = nodeHash(newerHash, hash);
    }
    place = half(place);
    last = half(last);
  }
  return last === 0 && olderHash.equals(olderRoot) && newerHash.equals(newerRoot);
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

const areHashes = (hashes: readonly Uint8Array[]): boolean =>
  hashes.every((hash) => hash.length === HASH_BYTES);
