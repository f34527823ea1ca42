import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient, LedgerError } from '@stamp-ledger/client';
import t from 'tap';
import { openTestLedger, serve, temporaryDirectory } from '../support/server.js';

const { directory, remove } = temporaryDirectory();
const opened = await openTestLedger(directory);
const { api, url } = await serve(opened);
const client = createClient({ baseUrl: url, token: opened.adminToken ?? '' });
t.teardown(async () => {
  client.close();
  await api.close();
  await opened.close();
  remove();
});

const serialAt = (index: number): string => `FORGED${String(index).padStart(16, '0')}`;

async function* checks(count: number) {
  for (let index = 0; index < count; index++)
    yield { serial: serialAt(index), documentSha256: 'ab'.repeat(32) };
}

async function failure(answers: AsyncIterable<unknown>): Promise<LedgerError> {
  try {
    for await (const _ of answers);
  } catch (error) {
    if (error instanceof LedgerError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

t.test('checks go out and verdicts come in, in order, once for a key', async (t) => {
  const positions: (string | undefined)[][] = [[], []];
  for (const into of positions) {
    let line = 0;
    for await (const answer of client.stamps.verifyBulk(checks(300), { key: 'same' })) {
      line += 1;
      if ('problem' in answer) throw new Error(answer.problem.title);
      if (answer.line !== line || answer.serial !== serialAt(line - 1)) t.fail(`line ${line} is another`);
      t.match(answer.reasons, ['unknown-serial']);
      into.push(answer.position);
    }
    t.equal(line, 300);
  }
  t.strictSame(positions[0], positions[1]);
});

t.test('whoever has read enough leaves the rest', async (t) => {
  let asked = 0;
  async function* endless() {
    for (;;) yield { serial: serialAt(asked++) };
  }
  for await (const { line } of client.stamps.verifyBulk(endless())) if (line === 50) break;
  const before = asked;
  await new Promise((resolve) => setImmediate(resolve));
  t.ok(asked < 100_000, `${asked} were asked for`);
  t.ok(asked - before < 10_000);
});

t.test('a failure of the source, an abort, and a refusal are told apart', async (t) => {
  async function* failing() {
    yield { serial: serialAt(0) };
    throw new Error('the file ended badly');
  }
  await t.rejects(failure(client.stamps.verifyBulk(failing())), { message: 'the file ended badly' });

  const stopping = new AbortController();
  async function* aborted() {
    yield* checks(10);
    stopping.abort();
    yield* checks(10);
  }
  const stopped = await failure(client.stamps.verifyBulk(aborted(), { signal: stopping.signal, key: 'k' }));
  t.match(stopped, { kind: 'aborted', idempotencyKey: 'k' });

  const stranger = createClient({ baseUrl: url });
  const refused = await failure(stranger.stamps.verifyBulk(checks(3)));
  t.match(refused, { kind: 'problem', problemName: 'unauthenticated', status: 401 });
  stranger.close();
});

t.test('an answer that is cut off is not taken for whole', async (t) => {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.write('{"line":1,"serial":"A","verdict":"genuine","reasons":[]}\n', () => response.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const lone = createClient({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  const cut = await failure(lone.stamps.verifyBulk(checks(3), { key: 'k' }));
  t.match(cut, { kind: 'transport', idempotencyKey: 'k' });
  t.match(cut.message, /after 1 answers/);
  lone.close();
  server.close();
});
