import {
  ALGORITHM,
  cosign,
  formatCheckpoint,
  formatSignatureLine,
  formatTlogProof,
  formatVkey,
  makeSigner,
  meetsQuorum,
  openByPolicy,
  parsePolicy,
  parseTlogProof,
  proveInclusion,
  type SignerKey,
  signCheckpoint,
  verifyTlogProof,
} from '@stamp-ledger/transparency';
import t from 'tap';
import { faultOf, leafOf, mth, readerOf } from './naive.js';

const ORIGIN = 'log.example/2026';
const log = makeSigner({ name: ORIGIN, seed: Buffer.alloc(32, 1) });
const LEAVES = Array.from({ length: 11 }, (_, at) => leafOf(Buffer.of(at)));
const checkpoint = { origin: ORIGIN, size: 11, root: mth(LEAVES) };
const signed = signCheckpoint(checkpoint, [log]);
const trust = { leaf: LEAVES[6]!, origin: ORIGIN, logKeys: [log.verifier] };

t.test('a proof file goes round and verifies, with and without extra data', async (t) => {
  const hashes = await proveInclusion({ index: 6, size: 11, read: readerOf(LEAVES) });
  const proof = { index: 6, hashes, checkpoint: signed };
  const file = formatTlogProof(proof);
  t.equal(
    file.toString(),
    `c2sp.org/tlog-proof@v1\nindex 6\n${hashes.map((hash) => `${hash.toString('base64')}\n`).join('')}\n${signed}`,
  );
  t.strictSame(parseTlogProof(file), proof);
  t.equal(verifyTlogProof(parseTlogProof(file), trust).size, 11);
  const withExtra = { ...proof, extra: Buffer.from('salt') };
  t.strictSame(parseTlogProof(formatTlogProof(withExtra)), withExtra);

  for (const other of [
    { ...proof, index: 7 },
    { ...proof, hashes: hashes.slice(1) },
    { ...proof, hashes: [...hashes].reverse() },
  ])
    t.equal(
      faultOf(() => verifyTlogProof(other, trust)),
      'unproven',
    );
  t.equal(
    faultOf(() => verifyTlogProof(proof, { ...trust, leaf: LEAVES[5]! })),
    'unproven',
  );
  t.equal(
    faultOf(() => verifyTlogProof(proof, { ...trust, origin: 'other.example' })),
    'wrong-origin',
  );
  const text = file.toString();
  const [first] = hashes;
  for (const bad of [
    '',
    text.replace('@v1', '@v2'),
    text.replace('index 6', 'index 06'),
    text.replace('index 6', 'index -6'),
    text.replace('index 6', 'index'),
    text.replace('index 6\n', ''),
    text.replace('index 6', 'extra &\nindex 6'),
    text.replace('index 6', 'index 6\nextra AAAA'),
    text.replace(first!.toString('base64'), 'AAAA'),
    text.replace(first!.toString('base64'), 'x'),
    text.replace('index 6\n', `index 6\n${`${first!.toString('base64')}\n`.repeat(64)}`),
    text.split('\n\n')[0]!,
  ])
    t.equal(
      faultOf(() => parseTlogProof(Buffer.from(bad))),
      'malformed-proof',
      JSON.stringify(bad.slice(0, 60)),
    );
  t.equal(
    faultOf(() => formatTlogProof({ ...proof, hashes: [Buffer.alloc(2)] })),
    'malformed-proof',
  );
});

t.test('the proof of the only entry has no hashes', async (t) => {
  const single = signCheckpoint({ origin: ORIGIN, size: 1, root: LEAVES[0]! }, [log]);
  const file = formatTlogProof({ index: 0, hashes: [], checkpoint: single });
  t.equal(verifyTlogProof(parseTlogProof(file), { ...trust, leaf: LEAVES[0]! }).size, 1);
});

const witnesses = Array.from({ length: 5 }, (_, at) =>
  makeSigner({ name: `w${at}.example`, seed: Buffer.alloc(32, 10 + at), algorithm: ALGORITHM.cosignature }),
);
const vkeyOf = (signer: SignerKey) => formatVkey(signer.verifier);
const witnessLines = witnesses.map((witness, at) => `witness W${at} ${vkeyOf(witness)}\n`).join('');

const cosignedBy = (...which: readonly number[]) =>
  Buffer.concat([
    signed,
    ...which.map((at) => {
      const signer = witnesses[at]!;
      const signature = cosign({ signer, checkpoint: formatCheckpoint(checkpoint), time: 1_700_000_000 });
      return Buffer.from(formatSignatureLine({ ...signer.verifier, signature }));
    }),
  ]);

t.test('a policy of groups is met by enough of each, and by no fewer', async (t) => {
  const policy = parsePolicy(
    Buffer.from(
      `# our log\n\n \t log\t${vkeyOf(log)}  https://log.example/\n${witnessLines}` +
        'group X 2 W0 W1 W2\ngroup Y any W3 W4\n  # both\ngroup both all X Y\nquorum both\n',
    ),
  );
  t.equal(policy.logs[0]?.url, 'https://log.example/');
  for (const enough of [
    [0, 1, 3],
    [0, 2, 4],
    [0, 1, 2, 3, 4],
  ])
    t.equal(openByPolicy(cosignedBy(...enough), policy).size, 11);
  for (const few of [[], [0, 1], [3, 4], [0, 3, 4], [1, 4]])
    t.equal(
      faultOf(() => openByPolicy(cosignedBy(...few), policy)),
      'quorum-not-met',
      few.join(),
    );
  const other = makeSigner({ name: 'other.example', seed: Buffer.alloc(32, 77) });
  const foreign = signCheckpoint({ ...checkpoint, origin: 'other.example' }, [other]);
  t.equal(
    faultOf(() => openByPolicy(foreign, policy)),
    'no-known-signature',
  );
});

t.test('a quorum may be one witness, or nobody', async (t) => {
  const single = parsePolicy(Buffer.from(`log ${vkeyOf(log)}\n${witnessLines}quorum W2\n`));
  t.equal(openByPolicy(cosignedBy(2), single).size, 11);
  t.equal(
    faultOf(() => openByPolicy(cosignedBy(1), single)),
    'quorum-not-met',
  );
  const none = parsePolicy(Buffer.from(`quorum none\nlog ${vkeyOf(log)}\n`));
  t.equal(openByPolicy(signed, none).size, 11);
  t.ok(meetsQuorum(none.quorum, new Set()));
  t.strictSame(parsePolicy(Buffer.from('quorum none\n')).logs, []);
});

t.test('policies that are none name the line', async (t) => {
  const quorum = 'quorum none\n';
  for (const bad of [
    '',
    'quorum none',
    `${quorum}${quorum}`,
    'quorum W0\n',
    'quorum\n',
    'quorum none none\n',
    `log\n${quorum}`,
    `log nonsense\n${quorum}`,
    `log ${vkeyOf(witnesses[0]!)}\n${quorum}`,
    `log ${vkeyOf(log)} a b\n${quorum}`,
    `log ${vkeyOf(log)}\nlog ${vkeyOf(log)}\n${quorum}`,
    `witness W ${vkeyOf(log)}\n${quorum}`,
    `witness none ${vkeyOf(witnesses[0]!)}\n${quorum}`,
    `witness W ${vkeyOf(witnesses[0]!)}\nwitness V ${vkeyOf(witnesses[0]!)}\n${quorum}`,
    `witness W ${vkeyOf(witnesses[0]!)}\nwitness W ${vkeyOf(witnesses[1]!)}\n${quorum}`,
    `${witnessLines}group G 3 W0 W1\n${quorum}`,
    `${witnessLines}group G 0 W0 W1\n${quorum}`,
    `${witnessLines}group G 01 W0 W1\n${quorum}`,
    `${witnessLines}group G all\n${quorum}`,
    `${witnessLines}group G all none\n${quorum}`,
    `${witnessLines}group G all G\n${quorum}`,
    `${witnessLines}group W0 all W1\n${quorum}`,
    `${witnessLines}group G 2 W0 W0\n${quorum}`,
    `${witnessLines}group G all W0\ngroup H all W0\n${quorum}`,
    `${witnessLines}quorum G\ngroup G all W0\n`,
    `nonsense\n${quorum}`,
    `# a\u0000\n${quorum}`,
    `quorum none\r\n`,
  ])
    t.equal(
      faultOf(() => parsePolicy(Buffer.from(bad))),
      'bad-policy',
      JSON.stringify(bad.slice(-60)),
    );
  t.throws(() => parsePolicy(Buffer.from(`# fine\n\nnonsense\n${quorum}`)), /line 3/);
});
