import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { formatVkey, makeSigner } from '@stamp-ledger/transparency';
import t, { type Test } from 'tap';
import { affixedStamp, freshDocument } from '../api/world.js';
import { cli } from '../support/cli.js';
import { openTestLedger, serve, temporaryDirectory } from '../support/server.js';

const ORIGIN = 'stamp-ledger.test/log';

const { directory, remove } = temporaryDirectory();
const opened = await openTestLedger(directory);
const { api, url, call } = await serve(opened);
t.teardown(async () => {
  await api.close();
  await opened.close();
  remove();
});
const serial = await affixedStamp(call, freshDocument());
const head = await opened.ledger.audit.head();
await opened.ledger.sealing?.whenSealed(head!, AbortSignal.timeout(20_000));

interface Trace {
  readonly events: readonly { readonly type: string; readonly proof: { readonly kind: string } }[];
  readonly checkedWith: { readonly key: string; readonly vkeys: readonly string[] };
}

async function trace(at: string, ...options: readonly string[]) {
  const asking = ['--url', at, '--token-file', join(directory, 'admin-token')];
  const printed = await cli(['trace', serial, ...options, ...asking]);
  const { code, json } = await cli(['trace', serial, '--json', ...options, ...asking]);
  const { events, checkedWith } = json() as unknown as Trace;
  return { code, stdout: printed.stdout, kinds: events.map(({ proof }) => proof.kind), checkedWith };
}

/** The ledger behind somebody who changes one of its answers. */
async function altered(t: Test, path: RegExp, change: (text: string) => string): Promise<string> {
  const server = createServer(async (request, response) => {
    const { authorization = '' } = request.headers;
    const answer = await fetch(url + request.url, { headers: { authorization } });
    const text = await answer.text();
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
    response.end(path.test(request.url ?? '') ? change(text) : text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

t.test('every event is checked, by a key that was given or by the own one, which is said', async (t) => {
  const own = await trace(url);
  t.equal(own.code, 0);
  t.match(own, { kinds: ['checked', 'checked', 'checked'], checkedWith: { key: 'own' } });
  t.match(own.stdout, /StampAffixed.*leaf \d+ checked$/m);
  t.match(own.stdout, /^Proofs: 3 checked, 0 not yet sealed, 0 FAILED; by the ledger's own key/m);
  const [vkey = ''] = (await call('/log/vkeys')).text.split('\n');
  const given = await trace(url, '--key', vkey);
  t.match(given, { code: 0, checkedWith: { key: 'given' } });
  t.match(given.stdout, `by the key given, ${ORIGIN}+`);
});

t.test('an event that is told otherwise than it was sealed fails', async (t) => {
  const liar = await altered(t, /history/, (text) => text.replace('application/pdf', 'application/xml'));
  const told = await trace(liar);
  t.equal(told.code, 13);
  t.strictSame(told.kinds, ['checked', 'checked', 'failed']);
  t.match(told.stdout, /^revision 2: FAILED: the entry is not proven/m);
});

t.test('a key that did not sign the log proves nothing', async (t) => {
  const stranger = makeSigner({ name: ORIGIN, seed: Buffer.alloc(32, 9) });
  const told = await trace(url, '--key', formatVkey(stranger.verifier));
  t.match(told, { code: 13, kinds: ['failed', 'failed', 'failed'] });
});

t.test('an event without a proof is not yet sealed, and no failure', async (t) => {
  const early = await altered(t, /proof/, (text) => {
    const { proofs, ...rest } = JSON.parse(text) as { proofs: unknown[] };
    return JSON.stringify({ ...rest, proofs: proofs.slice(0, 2) });
  });
  const told = await trace(early);
  t.match(told, { code: 0, kinds: ['checked', 'checked', 'unsealed'] });
  t.match(told.stdout, /StampAffixed.*not yet sealed$/m);
});
