import { verifyConsistency, verifyInclusion } from '@stamp-ledger/transparency';
import t from 'tap';
import { type Probe, probes } from '../independent/auditors.js';

t.setTimeout(300_000);

/** Whether we accept it, each hash as it came. */
function accepts({ kind, index, size, leaf, root, proof }: Probe): boolean {
  const hashes = proof.map((hash) => Buffer.from(hash, 'base64'));
  const [first, last] = [Buffer.from(leaf, 'base64'), Buffer.from(root, 'base64')];
  return kind === 'inclusion'
    ? verifyInclusion({ index, size, leaf: first, proof: hashes, root: last })
    : verifyConsistency({ older: index, olderRoot: first, newer: size, newerRoot: last, proof: hashes });
}

t.test('proofs, honest and spoilt, are judged as a program that is not ours judges them', async (t) => {
  let [accepted, refused] = [0, 0];
  for (const probe of await probes()) {
    if (accepts(probe) !== probe.accepts)
      t.fail(`${probe.kind} ${probe.index} of ${probe.size}: ${probe.what}`);
    if (probe.accepts) accepted++;
    else refused++;
    if (probe.what === 'honest' && !probe.accepts) t.fail('an honest proof is refused');
  }
  t.ok(accepted > 400 && refused > 10_000, `${accepted} accepted, ${refused} refused`);
});
