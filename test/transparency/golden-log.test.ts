import {
  decodeBundle,
  encodeBundle,
  leafHash,
  makeSigner,
  openCheckpoint,
  parseSkey,
  parseVkey,
  signCheckpoint,
  TileEdge,
  tilePath,
} from '@stamp-ledger/transparency';
import t from 'tap';
import { GOLDEN_ENTRIES as ENTRIES, GOLDEN_ORIGIN as ORIGIN, GOLDEN_SKEY as SKEY } from './golden.js';
import { hex } from './naive.js';

const VKEY = 'example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx';
const CHECKPOINTS: readonly (readonly [size: number, root: string, signature: string])[] = [
  [
    0,
    '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
    'M9e0lhxJACzE1KoUdqKuPa+9p6R7dSW8BlEvrg/noo8FkGg6PbJoRNOcdjqjOq89wVvTA60eubCc4oufo5BvIVEgtQc=',
  ],
  [
    1,
    '0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek=',
    'M9e0lhr9kuLxGdAtaUrhm84TQffVsLdcy808sN0a3WyniNlfcr9+bywoiIke1YYciCNjJGkCgIlQ8b16jhsmg/SChAM=',
  ],
  [
    2,
    'T1X2GdkhUjV3iyufF9b0kVsWFxIU0VI4EpNml2Teci4=',
    'M9e0llH4NKmlf0u7C8tkJioQOmi7l5ELqljXgKRg6R3G5JJ7vx7emDWo5fpqKuA/Dk/jRrI6il+7QCVirNhyUAWGoAk=',
  ],
  [
    3,
    'Wqx3HImawpLnS/Gv4ubjAvi1WIOy0b8Ze0amvqbavKk=',
    'M9e0lvAQRtH832pk2RTbeSeZMkp4FZSdJYFBUjO5SKxuRbywPUF3cx+HUrb50kjd3rUWW/fj53Wj1dwcwh9bGQnqVAg=',
  ],
  [
    15,
    'rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=',
    'M9e0luh4jTG+UMBqOUo9/q+yAEvx1ilBEniMvjf1zfcBOhg+CKubMt53MvIt/uEWP6zdkdIQzd/fmwlM/dlPWF74ewI=',
  ],
];

function grown(size: number): TileEdge {
  const edge = TileEdge.empty();
  for (const entry of ENTRIES.slice(0, size)) edge.append(leafHash(Buffer.from(entry)));
  return edge;
}

t.test('the keys are each other’s', async (t) => {
  const signer = parseSkey(SKEY);
  t.equal(signer.skey, SKEY);
  t.equal(signer.verifier.keyId, parseVkey(VKEY).keyId);
  t.strictSame(signer.verifier.publicKey, parseVkey(VKEY).publicKey);
  t.equal(makeSigner({ name: ORIGIN, seed: Buffer.from(SKEY.slice(-44), 'base64').subarray(1) }).skey, SKEY);
});

for (const [size, root, signature] of CHECKPOINTS) {
  t.test(`checkpoint of size ${size} is the published one, byte for byte`, async (t) => {
    const signed = signCheckpoint({ origin: ORIGIN, size, root: grown(size).root() }, [parseSkey(SKEY)]);
    t.equal(signed.toString(), `${ORIGIN}\n${size}\n${root}\n\n\u2014 ${ORIGIN} ${signature}\n`);
    const opened = openCheckpoint(signed, { origin: ORIGIN, logKeys: [parseVkey(VKEY)] });
    t.equal(opened.size, size);
    t.equal(opened.root.toString('base64'), root);
  });
}

t.test('the tile and the bundle of size 2 are the published ones, byte for byte', async (t) => {
  const [filled, ...others] = grown(2).takeTiles();
  t.equal(others.length, 0);
  t.equal(tilePath(filled!.tile), 'tile/0/000.p/2');
  t.equal(
    hex(filled!.bytes),
    'd0d7360ab79f58ab1e1e3fe64ad77e2ea0bc07e36b5f46ed2223edd9298df9e9' +
      'ab1ab7f07c7c8fe0eff4ba6faa53c7e4412e91a599153e8aa4e01beece5b7825',
  );
  const bundle = encodeBundle(ENTRIES.slice(0, 2).map((entry) => Buffer.from(entry)));
  t.equal(hex(bundle), '00036f6e65000374776f');
  t.strictSame(decodeBundle(bundle, 2).map(String), ['one', 'two']);
});
