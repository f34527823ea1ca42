import { TransparencyError } from './errors.js';
import { foldRight } from './frontier.js';
import { HASH_BYTES, type Hash } from './hash.js';
import { checkCount } from './numbers.js';

/** A perfect subtree: the hash over leaves index * 2^level up to (index + 1) * 2^level. Once complete it never changes. */
export interface NodePlace {
  readonly level: number;
  readonly index: number;
}

/** Leaves from `start` up to but not including `end`. */
export interface LeafRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Gives the hashes of perfect subtrees, in the order asked; from tiles, a database, or memory. It may fail with any
 * error of its own, which the functions here pass on.
 */
export type HashReader = (places: readonly NodePlace[]) => Promise<readonly Hash[]>;

/**
 * The perfect subtrees that a range of leaves is made of, from left to right. The range must be one that a Merkle tree
 * has a hash for: its start a multiple of the smallest power of two that is not below its length.
 *
 * @throws TransparencyError `out-of-range` for any other range
 */
export function nodesOfRange({ start, end }: LeafRange): readonly NodePlace[] {
  checkCount(start, 'the start of a range');
  checkCount(end, 'the end of a range');
  if (end < start) throw new TransparencyError('out-of-range', 'a range ends before it starts');
  const length = end - start;
  let level = 0;
  let width = 1;
  while (width < length) {
    width *= 2;
    level++;
  }
  if (start % width !== 0)
    throw new TransparencyError('out-of-range', `leaves ${start} to ${end} have no hash of their own`);
  const places: NodePlace[] = [];
  let offset = start;
  for (; width >= 1; width /= 2, level--) {
    if (end - offset < width) continue;
    places.push({ level, index: offset / width });
    offset += width;
  }
  return places;
}

/**
 * Hash of each range, read in one go.
 *
 * @throws TransparencyError `out-of-range` as {@link nodesOfRange}, `bad-hash` if the reader gives too few or no hashes
 */
export async function hashesOfRanges(ranges: readonly LeafRange[], read: HashReader): Promise<Hash[]> {
  const nodes = ranges.map(nodesOfRange);
  const wanted = nodes.flat();
  const hashes = wanted.length === 0 ? [] : await read(wanted);
  if (hashes.length !== wanted.length || hashes.some((hash) => hash.length !== HASH_BYTES))
    throw new TransparencyError('bad-hash', `${wanted.length} hashes were asked for`);
  let from = 0;
  return nodes.map((places) => {
    const to = from + places.length;
    const hash = foldRight(hashes.slice(from, to));
    from = to;
    return hash;
  });
}

/**
 * Root of the first `size` leaves.
 *
 * @throws TransparencyError `out-of-range` or `bad-hash`, see {@link hashesOfRanges}
 */
export async function treeRoot({
  size,
  read,
}: {
  readonly size: number;
  readonly read: HashReader;
}): Promise<Hash> {
  const [root] = await hashesOfRanges([{ start: 0, end: size }], read);
  if (root === undefined) throw new Error('one range has one hash');
  return root;
}
