import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatVkey, openByPolicy, parsePolicy, parseTlogProof } from '@stamp-ledger/transparency';
import t from 'tap';
import { startWitness } from '../seal/witness-double.js';
import { IDENTITY, ORIGIN, signerOf } from '../seal/world.js';
import { eventually } from '../support/eventually.js';
import { directoryFor, openTestLedger, serve } from '../support/server.js';
import { mintStamps } from './world.js';

const [{ verifier }] = IDENTITY.signers;

t.test('who holds a proof, or looks at the metrics, finds the word of the witnesses', async (t) => {
  const directory = directoryFor(t);
  mkdirSync(join(directory, 'keys/log'), { recursive: true });
  writeFileSync(join(directory, 'keys/log/0001.skey'), signerOf(1).skey);
  const witness = await startWitness({ origin: ORIGIN, logKeys: [verifier] });
  t.teardown(() => witness.close());
  const { vkey, url } = witness;
  const witnesses = { witnesses: [{ vkey, url }], quorum: 1, strict: true };
  const opened = await openTestLedger(directory, { origin: ORIGIN, witnesses });
  const { api, call } = await serve(opened);
  try {
    const [serial = ''] = await mintStamps(call, 1);
    const proof = await eventually(
      async () => {
        const { json } = await call(`/v1/stamps/${serial}/proof`, { token: null });
        const [first] = json.proofs as readonly { readonly proof: string }[];
        return first && parseTlogProof(Buffer.from(first.proof));
      },
      { what: 'a proof', milliseconds: 20_000 },
    );
    const lines = [`log ${formatVkey(verifier)}`, `witness w ${vkey}`, 'quorum w', ''];
    const { size } = openByPolicy(proof.checkpoint, parsePolicy(Buffer.from(lines.join('\n'))));
    const cosigned = await call('/log/cosigned-checkpoint', { token: null });
    t.equal(cosigned.headers.get('cache-control'), 'no-cache');
    t.equal(cosigned.text, proof.checkpoint.toString(), 'the proof is by it');
    t.equal((await call('/log/checkpoint', { token: null })).text, cosigned.text, 'strict');
    const { text } = await call('/metrics', { token: null });
    t.match(text, new RegExp(`^stamp_ledger_cosigned_events ${size}$`, 'm'));
    t.match(text, /^stamp_ledger_quorum_age_seconds [1-9]\d*/m);
  } finally {
    await api.close();
    await opened.close();
  }
});
