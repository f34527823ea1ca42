import {
  checkTile,
  decodeBundle,
  edgeTiles,
  encodeBundle,
  type FilledTile,
  newBundles,
  newTiles,
  parseTilePath,
  proveConsistency,
  proveInclusion,
  TileEdge,
  tileHashReader,
  tilePath,
  tileWidth,
  verifyConsistency,
  verifyInclusion,
} from '@stamp-ledger/transparency';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { faultIn, faultOf, leafOf, mth } from './naive.js';

t.test('paths are those of C2SP tlog-tiles, both ways', async (t) => {
  const named = [
    [{ level: 0, index: 5, width: 256 }, 'tile/0/005'],
    [{ level: 0, index: 1_000, width: 256 }, 'tile/0/x001/000'],
    [{ level: 63, index: 1_234_067, width: 112 }, 'tile/63/x001/x234/067.p/112'],
    [{ level: 'entries', index: 0, width: 1 }, 'tile/entries/000.p/1'],
    [{ level: 'entries', index: 2 ** 53 - 1, width: 256 }, 'tile/entries/x009/x007/x199/x254/x740/991'],
  ] as const;
  for (const [tile, path] of named) {
    t.equal(tilePath(tile), path);
    t.strictSame(parseTilePath(path), tile);
  }
  const bad =
    'tile/0/5 tile/0/0005 tile/00/005 tile/0/x000/005 tile/64/000 tile/0/005.p/0 tile/0/005.p/256 tile/0/005.p/01 ' +
    'tile/0/001/000 tile/0/x001 tile/data/000 tile/8/0/000 /tile/0/000 tile/0/000/ tile/-1/000 tile/0/../000 ' +
    'tile/entries/x009/x007/x199/x254/x740/992';
  for (const path of ['', 'tile/0/000\n', ...bad.split(' ')])
    t.equal(
      faultOf(() => parseTilePath(path)),
      'bad-tile-path',
      path,
    );
  for (const tile of [
    { level: 64, index: 0, width: 1 },
    { level: 0.5, index: 0, width: 1 },
    { level: 0, index: -1, width: 1 },
    { level: 0, index: 0, width: 0 },
    { level: 0, index: 0, width: 257 },
  ])
    t.equal(
      faultOf(() => tilePath(tile)),
      'out-of-range',
    );
});

t.test('a size has the tiles the standard gives as examples', async (t) => {
  const of = (from: number, to: number) => [...newTiles({ from, to })];
  const count = (size: number, level: number) => of(0, size).filter((tile) => tile.level === level).length;
  t.strictSame(
    [0, 1, 2, 3].map((level) => count(70_000, level)),
    [274, 2, 1, 0],
  );
  t.strictSame(edgeTiles(70_000), [
    { level: 0, index: 273, width: 112 },
    { level: 1, index: 1, width: 17 },
    { level: 2, index: 0, width: 1 },
  ]);
  t.strictSame(of(0, 256), [
    { level: 0, index: 0, width: 256 },
    { level: 1, index: 0, width: 1 },
  ]);
  t.strictSame(of(300, 300), []);
  t.strictSame(of(300, 301), [{ level: 0, index: 1, width: 45 }]);
  t.strictSame(
    [...newBundles({ from: 255, to: 513 })],
    [
      { level: 'entries', index: 0, width: 256 },
      { level: 'entries', index: 1, width: 256 },
      { level: 'entries', index: 2, width: 1 },
    ],
  );
  t.equal(
    faultOf(() => of(2, 1)),
    'out-of-range',
  );
  const far = 2 ** 40 + 3;
  t.strictSame(of(far - 1, far), [{ level: 0, index: 2 ** 32, width: 3 }]);
  t.equal(tileWidth({ level: 'entries', index: 2 ** 32, size: far }), 3);
  t.equal(tileWidth({ level: 4, index: 1, size: far }), 0);
});

const LEAVES = Array.from({ length: 70_000 }, (_, at) => leafOf(Buffer.from(`entry ${at}`)));

/** Grows a log in steps, keeping every tile that was ever written, as a store would. */
function growLog(sizes: readonly number[]): {
  edge: TileEdge;
  files: Map<string, Buffer>;
  taken: FilledTile[][];
} {
  const files = new Map<string, Buffer>();
  const taken: FilledTile[][] = [];
  let edge = TileEdge.empty();
  for (const size of sizes) {
    edge = TileEdge.resume(
      edge.size,
      edgeTiles(edge.size).map((tile) => files.get(tilePath(tile))!),
    );
    for (let at = edge.size; at < size; at++) edge.append(LEAVES[at]!);
    const tiles = [...edge.takeTiles()];
    for (const { tile, bytes } of tiles) files.set(tilePath(tile), bytes);
    taken.push(tiles);
  }
  return { edge, files, taken };
}

t.test(
  'grown in any steps, with a restart before each, the tiles are the standard’s and lead to the root',
  async (t) => {
    const naive = [...new Set([0, 1, 255, 256, 257, 300, 1_000])];
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(1_000), { minLength: 1, maxLength: 6 }), async (steps) => {
        const sizes = [...steps].sort((a, b) => a - b);
        const { edge, files, taken } = growLog(sizes);
        t.strictSame(edge.root(), mth(LEAVES.slice(0, edge.size)));
        sizes.forEach((size, at) => {
          const names = [...newTiles({ from: sizes[at - 1] ?? 0, to: size })].map(tilePath).sort();
          t.strictSame(taken[at]!.map(({ tile }) => tilePath(tile)).sort(), names);
        });
        await checkProofs(t, { sizes, files });
      }),
      { numRuns: 25, examples: [[naive]] },
    );
  },
);

t.test('a tree with three levels of tiles is the same in one step and in many', async (t) => {
  const size = 70_000;
  const once = growLog([size]);
  const often = growLog([1, 255, 256, 65_535, 65_536, 65_537, 66_000, size]);
  t.strictSame(often.edge.root(), once.edge.root());
  t.strictSame(once.edge.root(), mth(LEAVES));
  for (const [path, bytes] of once.files) t.ok(often.files.get(path)?.equals(bytes), path);
  await checkProofs(t, { sizes: [1, 65_537, size], files: often.files });
  t.strictSame(once.edge.takeTiles(), [], 'nothing changed since');
});

async function checkProofs(
  t: Test,
  { sizes, files }: { sizes: readonly number[]; files: ReadonlyMap<string, Buffer> },
): Promise<void> {
  const newest = sizes.at(-1)!;
  const read = (size: number) =>
    tileHashReader({ size, readTile: async (tile) => files.get(tilePath(tile)) ?? Promise.reject(tile) });
  const root = mth(LEAVES.slice(0, newest));
  for (const older of sizes) {
    const proof = await proveConsistency({ older, newer: newest, read: read(newest) });
    const olderRoot = mth(LEAVES.slice(0, older));
    t.ok(verifyConsistency({ older, newer: newest, olderRoot, newerRoot: root, proof }));
  }
  for (const index of [0, Math.floor(newest / 2), newest - 1]) {
    if (index < 0 || index >= newest) continue;
    const proof = await proveInclusion({ index, size: newest, read: read(newest) });
    t.ok(verifyInclusion({ index, size: newest, leaf: LEAVES[index]!, proof, root }));
  }
}

t.test('tiles that are not those of the tree are refused', async (t) => {
  const { edge, files } = growLog([300]);
  const tiles = edgeTiles(300).map((tile) => files.get(tilePath(tile))!);
  t.strictSame(TileEdge.resume(300, tiles).root(), edge.root());
  for (const bad of [[], tiles.slice(1), [tiles[0]!.subarray(1), tiles[1]!], [...tiles].reverse()])
    t.equal(
      faultOf(() => TileEdge.resume(300, bad)),
      'bad-tile',
    );
  t.equal(
    faultOf(() => checkTile(Buffer.alloc(64), { level: 0, index: 0, width: 3 })),
    'bad-tile',
  );
  const read = tileHashReader({ size: 300, readTile: async () => Buffer.alloc(32) });
  t.equal(await faultIn(read([{ level: 0, index: 299 }])), 'bad-tile');
  t.equal(await faultIn(read([{ level: 0, index: 300 }])), 'out-of-range');
  t.equal(await faultIn(read([{ level: 8, index: 1 }])), 'out-of-range');
  t.equal(
    faultOf(() => edge.append(Buffer.alloc(1))),
    'bad-hash',
  );
});

t.test('bundles give back the entries put in, and nothing that is cut, padded or miscounted', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 256 }), (entries) => {
      const bundle = encodeBundle(entries);
      t.strictSame(
        decodeBundle(bundle, entries.length).map((entry) => [...entry]),
        entries.map((entry) => [...entry]),
      );
      const cut = bundle.subarray(0, -1);
      for (const [bytes, width] of [
        [cut, entries.length],
        [Buffer.concat([bundle, Buffer.of(0)]), entries.length],
        [Buffer.concat([bundle, Buffer.of(0, 0)]), entries.length],
        [bundle, entries.length + 1],
        [bundle, entries.length - 1],
      ] as const)
        t.equal(
          faultOf(() => decodeBundle(bytes, width)),
          'bad-bundle',
        );
    }),
    { numRuns: 30 },
  );
  t.throws(
    () => decodeBundle(Buffer.alloc(2_001), 1),
    { message: /more than 1/ },
    'what comes after the last entry is not read',
  );
  const longest = Buffer.alloc(65_535, 1);
  t.strictSame(decodeBundle(encodeBundle([longest]), 1)[0], longest);
  for (const entries of [[], Array.from({ length: 257 }, () => Buffer.alloc(0)), [Buffer.alloc(65_536)]])
    t.equal(
      faultOf(() => encodeBundle(entries)),
      'bad-bundle',
    );
});
