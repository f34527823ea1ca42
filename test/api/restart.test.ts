import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Call, Reply } from '../support/http.js';
import { directoryFor, openTestLedger, serve } from '../support/server.js';
import { fresh, freshDocument, mintStamps, pdf, problemName, RUPIAH_10000, sellStamp } from './world.js';

/** Starts the service on a directory, does something, and stops it cleanly. */
async function during<Result>(
  directory: string,
  work: (call: (path: string, call?: Call) => Promise<Reply>) => Promise<Result>,
) {
  const opened = await openTestLedger(directory);
  const { api, call } = await serve(opened);
  const result = await work(call);
  await api.close();
  const head = await opened.ledger.audit.head();
  await opened.close();
  return { result, head };
}

interface Sent {
  readonly path: string;
  readonly call: Call;
  readonly reply: Reply;
}

async function sendOnce(directory: string): Promise<Sent[]> {
  const { result } = await during(directory, async (call) => {
    const [one = '', two = ''] = await mintStamps(call, 2);
    await sellStamp(call, two);
    const sent: Sent[] = [];
    const send = async (path: string, body: object, headers: Record<string, string> = {}): Promise<void> => {
      const request = { body, key: `key-${fresh()}`, headers };
      sent.push({ path, call: request, reply: await call(path, request) });
    };
    await send(`/v1/stamps/${one}/sale`, { channel: 'direct', holder: 'h1' });
    await send(`/v1/stamps/${two}/affixation`, { document: pdf(freshDocument()) });
    await send('/v1/verifications', { serial: two });
    await send('/v1/incidents', { title: 'x', startedAt: '2024-09-05T02:00:00Z' });
    await send('/v1/orders', { channel: 'nowhere', holder: 'h1', denomination: RUPIAH_10000, quantity: 1 });
    await send(
      '/v1/batches',
      { denomination: RUPIAH_10000, quantity: 3, series: 'TEST-2024' },
      { prefer: 'wait=20' },
    );
    // Later events must not change what an earlier command is answered.
    await call(`/v1/stamps/${one}/affixation`, { body: { document: pdf(freshDocument()) } });
    return sent;
  });
  return result;
}

async function sendAgain(
  t: Test,
  directory: string,
  sent: readonly Sent[],
  replayed: boolean,
): Promise<string | undefined> {
  const { head } = await during(directory, async (call) => {
    for (const { path, call: request, reply } of sent) {
      const again = await call(path, request);
      t.equal(again.status, reply.status, path);
      t.equal(again.text, reply.text, path);
      t.equal(again.headers.get('ledger-position'), reply.headers.get('ledger-position'), path);
      t.equal(again.headers.get('location'), reply.headers.get('location'), path);
      t.equal(again.headers.get('idempotency-replayed'), replayed ? 'true' : null, path);
    }
    for (const { path, call: request } of sent) {
      const other = await call(path, {
        ...request,
        body: undefined,
        raw: `${JSON.stringify(request.body)} `,
      });
      t.equal(other.status, 422, path);
      t.equal(problemName(other), 'idempotency-key-reused', path);
    }
  });
  return head;
}

t.test('keys outlive a restart, and the events outlive the keys', async (t) => {
  const directory = directoryFor(t);
  const sent = await sendOnce(directory);
  const { head } = await during(directory, async () => undefined);
  t.equal(await sendAgain(t, directory, sent, true), head, 'the kept answers, and the ledger is unchanged');
  const lost = readdirSync(directory).filter((file) => file.startsWith('keys.sqlite'));
  t.ok(lost.length > 0);
  for (const file of lost) rmSync(join(directory, file));
  t.equal(await sendAgain(t, directory, sent, false), head, 'the same answers from the events alone');
});
