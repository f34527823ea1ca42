import { TransparencyError } from './errors.js';
import { emptyRoot, HASH_BYTES, type Hash, nodeHash } from './hash.js';
import { checkCount, half, isOdd } from './numbers.js';

/**
 * All that is needed to go on appending to a Merkle tree (RFC 6962): the roots of the perfect subtrees that its size is
 * the sum of, largest first; at most 53 hashes, however large the tree.
 */
export class Frontier {
  readonly #hashes: Hash[];
  #size: number;

  /**
   * A tree of `size` leaves. `hashes` are the roots of its perfect subtrees from left to right: as many as the size has
   * bits set.
   *
   * @throws TransparencyError `out-of-range` for the size, `bad-hash` for a wrong number of hashes or one not of 32 bytes
   */
  constructor(size = 0, hashes: readonly Uint8Array[] = []) {
    checkCount(size, 'a tree size');
    if (hashes.length !== perfectSubtrees(size) || hashes.some((hash) => hash.length !== HASH_BYTES))
      throw new TransparencyError('bad-hash', `these are not the subtree roots of a tree of ${size} leaves`);
    this.#size = size;
    this.#hashes = hashes.map((hash) => Buffer.from(hash));
  }

  /** Leaves so far. */
  get size(): number {
    return this.#size;
  }

  /** The roots of the perfect subtrees, from left to right. */
  hashes(): readonly Hash[] {
    return [...this.#hashes];
  }

  /**
   * Appends a leaf by its hash.
   *
   * @throws TransparencyError `out-of-range` beyond 2^53 - 1 leaves, `bad-hash` if the leaf is not 32 bytes
   */
  append(leaf: Hash): void {
    checkCount(this.#size + 1, 'a tree size');
    if (leaf.length !== HASH_BYTES) throw new TransparencyError('bad-hash', 'a leaf is not 32 bytes');
    let hash = leaf;
    for (let index = this.#size; isOdd(index); index = half(index)) {
      const left = this.#hashes.pop();
      if (left === undefined) throw new Error('a frontier holds a hash for each bit of its size');
      hash = nodeHash(left, hash);
    }
    this.#hashes.push(hash);
    this.#size++;
  }

  /** Root hash of the tree as it stands. */
  root(): Hash {
    return foldRight(this.#hashes);
  }
}

/** The roots of adjoining perfect subtrees, largest first, joined into the hash of the whole; of none: the empty root. */
export function foldRight(hashes: readonly Hash[]): Hash {
  const last = hashes.at(-1);
  if (last === undefined) return emptyRoot();
  let root = last;
  for (let index = hashes.length - 2; index >= 0; index--) {
    const left = hashes[index];
    if (left !== undefined) root = nodeHash(left, root);
  }
  return root;
}

function perfectSubtrees(size: number): number {
  let bits = 0;
  for (let rest = size; rest > 0; rest = half(rest)) if (isOdd(rest)) bits++;
  return bits;
}
