import {
  consistencyRanges,
  type Hash,
  inclusionRanges,
  leafHash,
  nodeHash,
  nodesOfRange,
  proveConsistency,
  proveInclusion,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from '@stamp-ledger/transparency';
import fc from 'fast-check';
import t from 'tap';
import { faultIn, faultOf, leafOf, mth, path, readerOf, sub } from './naive.js';

const leavesOf = (size: number) => Array.from({ length: size }, (_, at) => leafOf(Buffer.from(`leaf ${at}`)));

const flipped = (hash: Uint8Array): Buffer => {
  const copy = Buffer.from(hash);
  copy[7]! ^= 0x10;
  return copy;
};

/** Each way to spoil a proof by one hash: flip, drop, add, swap. */
const spoilt = (proof: readonly Hash[]): (readonly Hash[])[] => [
  ...proof.map((hash, at) => proof.with(at, flipped(hash))),
  ...proof.map((_, at) => proof.toSpliced(at, 1)),
  ...[...proof, Buffer.alloc(32)].map((_, at) => proof.toSpliced(at, 0, Buffer.alloc(32, 3))),
  ...proof.slice(1).map((hash, at) => proof.with(at + 1, proof[at]!).with(at, hash)),
];

t.test('inclusion proofs are the naive ones, verify, and verify nothing else', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 300 }), fc.nat(), async (size, seed) => {
      const leaves = leavesOf(size);
      const index = seed % size;
      const proof = await proveInclusion({ index, size, read: readerOf(leaves) });
      t.strictSame(proof, path(index, leaves));
      const claim = { index, size, leaf: leaves[index]!, proof, root: mth(leaves) };
      t.ok(verifyInclusion(claim));
      for (const other of spoilt(proof)) t.notOk(verifyInclusion({ ...claim, proof: other }));
      t.notOk(verifyInclusion({ ...claim, leaf: flipped(claim.leaf) }));
      t.notOk(verifyInclusion({ ...claim, root: flipped(claim.root) }));
      for (let other = 0; other < size; other++)
        if (other !== index) t.notOk(verifyInclusion({ ...claim, index: other }));
      for (const bad of [-1, 0.5, Number.NaN, size, 2 ** 53])
        t.notOk(verifyInclusion({ ...claim, index: bad }));
      t.notOk(verifyInclusion({ ...claim, size: 0 }));
      t.notOk(verifyInclusion({ ...claim, leaf: Buffer.alloc(31) }));
    }),
    { numRuns: 60 },
  );
});

t.test('consistency proofs are the naive ones, verify, and verify nothing else', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 300 }), fc.nat(), async (newer, seed) => {
      const leaves = leavesOf(newer);
      const older = (seed % newer) + 1;
      const proof = await proveConsistency({ older, newer, read: readerOf(leaves) });
      t.strictSame(proof, sub({ s: 0, e: older }, leaves, true));
      const claim = { older, newer, proof, olderRoot: mth(leaves.slice(0, older)), newerRoot: mth(leaves) };
      t.ok(verifyConsistency(claim));
      for (const other of spoilt(proof)) t.notOk(verifyConsistency({ ...claim, proof: other }));
      t.notOk(verifyConsistency({ ...claim, olderRoot: flipped(claim.olderRoot) }));
      t.notOk(verifyConsistency({ ...claim, newerRoot: flipped(claim.newerRoot) }));
      t.notOk(verifyConsistency({ ...claim, older: newer + 1 }), 'a log that shrank');
    }),
    { numRuns: 60 },
  );
});

t.test('every tree extends the empty one; one size has one root', async (t) => {
  const leaves = leavesOf(5);
  const root = mth(leaves);
  t.strictSame(await proveConsistency({ older: 0, newer: 5, read: readerOf(leaves) }), []);
  const empty = { older: 0, olderRoot: mth([]), newer: 5, newerRoot: root, proof: [] };
  t.ok(verifyConsistency(empty));
  t.notOk(verifyConsistency({ ...empty, proof: [root] }));
  t.ok(verifyConsistency({ older: 5, newer: 5, olderRoot: root, newerRoot: root, proof: [] }));
  t.notOk(verifyConsistency({ older: 5, newer: 5, olderRoot: root, newerRoot: flipped(root), proof: [] }));
  t.notOk(verifyConsistency({ older: 4, newer: 5, olderRoot: root, newerRoot: root, proof: [] }));
  t.strictSame(await treeRoot({ size: 0, read: readerOf([]) }), mth([]));
  t.strictSame(await treeRoot({ size: 5, read: readerOf(leaves) }), root);
});

/**
 * A tree of any size whose leaves are all alike: a node is known by its level alone, so that trees near 2^53 can be
 * proven without being built.
 */
const LEVELS: Hash[] = [leafHash(Buffer.from('same'))];
while (LEVELS.length < 54) LEVELS.push(nodeHash(LEVELS.at(-1)!, LEVELS.at(-1)!));
const readAlike = async (places: readonly { level: number }[]) => places.map(({ level }) => LEVELS[level]!);

t.test('proofs hold for sizes around 2^31, 2^32 and 2^53', async (t) => {
  const around = [31, 32, 33, 40, 52, 53].flatMap((power) =>
    [-3, -2, -1, 0, 1, 2, 255].map((step) => 2 ** power + step),
  );
  const sizes = around.filter(Number.isSafeInteger);
  for (const size of sizes) {
    const root = await treeRoot({ size, read: readAlike });
    for (const index of [0, 1, Math.floor(size / 2), Math.floor(size / 3), size - 2, size - 1]) {
      const proof = await proveInclusion({ index, size, read: readAlike });
      t.ok(verifyInclusion({ index, size, leaf: LEVELS[0]!, proof, root }), `${index} of ${size}`);
      t.notOk(verifyInclusion({ index, size, leaf: LEVELS[1]!, proof, root }));
    }
    for (const older of [1, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 1, Math.floor(size / 2), size - 1]) {
      if (older > size) continue;
      const proof = await proveConsistency({ older, newer: size, read: readAlike });
      const olderRoot = await treeRoot({ size: older, read: readAlike });
      const claim = { older, newer: size, olderRoot, newerRoot: root, proof };
      t.ok(verifyConsistency(claim), `${older} to ${size}`);
      t.notOk(verifyConsistency({ ...claim, olderRoot: LEVELS[0]!, newerRoot: LEVELS[3]! }));
    }
  }
});

t.test('what is not in the tree is refused', async (t) => {
  for (const bad of [
    () => inclusionRanges({ index: 3, end: 3 }),
    () => inclusionRanges({ index: -1, end: 3 }),
    () => inclusionRanges({ index: 1, start: 2, end: 3 }),
    () => inclusionRanges({ index: 1.5, end: 3 }),
    () => consistencyRanges({ end: 4, size: 3 }),
    () => consistencyRanges({ start: 3, end: 2, size: 3 }),
    () => nodesOfRange({ start: 1, end: 3 }),
    () => nodesOfRange({ start: 2, end: 1 }),
    () => nodesOfRange({ start: 0, end: 2 ** 53 }),
  ])
    t.equal(faultOf(bad), 'out-of-range');
  t.equal(await faultIn(proveInclusion({ index: 0, size: 2, read: async () => [] })), 'bad-hash');
  t.equal(
    await faultIn(proveInclusion({ index: 0, size: 2, read: async () => [Buffer.alloc(5)] })),
    'bad-hash',
  );
  t.equal(
    faultOf(() => nodeHash(Buffer.alloc(31), Buffer.alloc(33))),
    'bad-hash',
  );
});
