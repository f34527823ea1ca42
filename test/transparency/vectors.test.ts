import { createHash } from 'node:crypto';
import {
  consistencyRanges,
  emptyRoot,
  Frontier,
  hashesOfRanges,
  inclusionRanges,
  leafHash,
  proveConsistency,
  proveInclusion,
} from '@stamp-ledger/transparency';
import t from 'tap';
import { faultOf, hex, leafOf, mth, nodeOf } from './naive.js';

const LEAVES = Array.from({ length: 130 }, (_, at) => leafHash(Buffer.of(at)));

/** Perfect subtrees of LEAVES, worked out once by another way than the package's. */
const subtrees = new Map<string, Buffer>();
const readLeaves = async (places: readonly { level: number; index: number }[]) =>
  places.map(({ level, index }) => subtree(level, index));
function subtree(level: number, index: number): Buffer {
  const key = `${level}/${index}`;
  const known = subtrees.get(key);
  if (known !== undefined) return known;
  const leaf = LEAVES[index];
  const hash = level === 0 ? leaf! : nodeOf(subtree(level - 1, 2 * index), subtree(level - 1, 2 * index + 1));
  subtrees.set(key, hash);
  return hash;
}

const digest = async (lines: AsyncGenerator<string>): Promise<string> => {
  const hash = createHash('sha256');
  for await (const line of lines) hash.update(`${line}\n`);
  return hash.digest('hex');
};

const line = (head: string, hashes: readonly Buffer[]) => [head, ...hashes.map(hex)].join(' ');

const rootsBySize = (leaves: readonly Buffer[]): string[] => {
  const frontier = new Frontier();
  return [hex(frontier.root())].concat(
    leaves.map((leaf) => {
      frontier.append(leaf);
      return hex(frontier.root());
    }),
  );
};

t.test('the eight leaves of the public test tree have the published roots', async (t) => {
  const leaves = [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f',
  ].map((entry) => leafHash(Buffer.from(entry, 'hex')));
  t.strictSame(rootsBySize(leaves), [
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ]);
});

t.test('roots, inclusion and consistency proofs up to 130 leaves hash to the kept constants', async (t) => {
  const roots = rootsBySize(LEAVES);
  t.equal(
    await digest(
      (async function* () {
        for (let n = 0; n <= 130; n++) yield `${n} ${roots[n]}`;
      })(),
    ),
    '9c67f07f906103b6bf201842a50ff0b8c91fca9b3e211334a6b7aa3133165dec',
  );
  t.equal(
    await digest(
      (async function* () {
        for (let n = 0; n <= 130; n++)
          for (let m = 0; m < n; m++)
            yield line(`${m} ${n}`, await proveInclusion({ index: m, size: n, read: readLeaves }));
      })(),
    ),
    '893ce6eea61adc33c22c0e3a952498b76dfa3c282e78ac659f6fcc0ea44f9983',
  );
  t.equal(
    await digest(
      (async function* () {
        for (let n = 0; n <= 130; n++)
          for (let m = 1; m <= n; m++)
            yield line(`${m} ${n}`, await proveConsistency({ older: m, newer: n, read: readLeaves }));
      })(),
    ),
    '2498232e1aebe8d1aa8d339d897fc471f4495fe0b8a55ac08f7dae3d88bc4c2a',
  );
});

/** Subtrees [s, e) that have a hash of their own, for e up to 130. */
function* subtreeRanges(): Generator<{ start: number; end: number }> {
  for (let end = 0; end <= 130; end++)
    for (let start = 0; start <= end; start++) {
      let width = 1;
      while (width < end - start) width *= 2;
      if (start === end || start % width === 0) yield { start, end };
    }
}

t.test('subtrees up to 130 leaves hash to the published rolling hashes', async (t) => {
  t.equal(
    await digest(
      (async function* () {
        for (const range of subtreeRanges()) {
          const [hash] = await hashesOfRanges([range], readLeaves);
          yield line(`[${range.start}, ${range.end})`, [hash!]);
        }
      })(),
    ),
    'b82806ad4265bb151c1119c0f4db437bb4d1a1f887b3a7fba1cd4ebf552e3e81',
    'hashes',
  );
  t.equal(
    await digest(
      (async function* () {
        for (const { start, end } of subtreeRanges())
          for (let index = start; index < end; index++)
            yield line(
              `${index} [${start}, ${end})`,
              await hashesOfRanges(inclusionRanges({ index, start, end }), readLeaves),
            );
      })(),
    ),
    'ac2a8f989e44d99e399db448050ff5f19757df53cfb716aa81015d3955d8163f',
    'inclusion',
  );
  t.equal(
    await digest(
      (async function* () {
        for (let size = 0; size <= 130; size++)
          for (const { start, end } of subtreeRanges())
            if (end <= size)
              yield line(
                `[${start}, ${end}) ${size}`,
                await hashesOfRanges(consistencyRanges({ start, end, size }), readLeaves),
              );
      })(),
    ),
    '10fa99b37bf9bf9ffa26b412fbd98bd75363256d0b75d61bc4538b9c9c5a0a74',
    'consistency',
  );
});

t.test('nothing hashes to the empty root, and a frontier wants its own hashes', async (t) => {
  t.equal(emptyRoot().toString('base64'), '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=');
  t.strictSame(leafHash(Buffer.alloc(20_000, 7)), leafOf(Buffer.alloc(20_000, 7)));
  t.strictSame(new Frontier(130, edgeOf(130)).root(), mth(LEAVES));
  t.equal(
    faultOf(() => new Frontier(3, [Buffer.alloc(32)])),
    'bad-hash',
  );
  t.equal(
    faultOf(() => new Frontier(1, [Buffer.alloc(31)])),
    'bad-hash',
  );
  t.equal(
    faultOf(() => new Frontier(-1)),
    'out-of-range',
  );
  t.equal(
    faultOf(() => new Frontier().append(Buffer.alloc(33))),
    'bad-hash',
  );
});

function edgeOf(size: number): readonly Buffer[] {
  const frontier = new Frontier();
  for (const leaf of LEAVES.slice(0, size)) frontier.append(leaf);
  return frontier.hashes();
}
