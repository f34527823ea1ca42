import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { openTestLedger, serve, temporaryDirectory } from '../support/server.js';
import { fresh, mintStamps, payment, RUPIAH_10000 } from './world.js';

const { directory, remove } = temporaryDirectory();
const opened = await openTestLedger(directory);
t.teardown(async () => {
  await opened.close();
  remove();
});

t.test('a ledger that holds nothing yet has a place to go on from', async (t) => {
  const { api, call } = await serve(opened);
  const { json } = await call('/v1/events');
  t.strictSame(json.events, []);
  t.strictSame((await call(`/v1/events?after=${json.next}`)).json, json);
  const serials = await mintStamps(call, 1);
  const page = await call(`/v1/events?after=${json.next}&types=StampMinted`);
  t.strictSame(
    (page.json.events as { data: { serial: string } }[]).map(({ data }) => data.serial),
    serials,
    'and misses nothing',
  );
  await api.close();
});

t.test('a drain lets running requests end, early if they only wait', async (t) => {
  const { api, call } = await serve(opened);
  const request = {
    body: {
      channel: `empty-${fresh().slice(0, 8)}`,
      holder: 'h1',
      denomination: RUPIAH_10000,
      quantity: 1,
      payment: payment('10000'),
    },
    key: fresh(),
    headers: { prefer: 'wait=20' },
  };
  const waiting = call('/v1/orders', request);
  await sleep(300);
  const begun = performance.now();
  const closed = api.close();
  const reply = await waiting;
  t.equal(reply.status, 202);
  t.equal(reply.headers.get('connection'), 'close');
  await closed;
  t.ok(performance.now() - begun < 5_000, 'the wait ends with the service');
  await t.rejects(call('/livez'), 'nothing listens any more');
});

t.test('a client that never finishes does not hold the drain up for ever', async (t) => {
  const { api, url } = await serve(opened, { limits: { drainMilliseconds: 300 } });
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  socket.write('POST /v1/verifications HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{');
  await sleep(100);
  const begun = performance.now();
  await api.close();
  t.ok(performance.now() - begun < 3_000);
});

t.test('a request that takes too long to arrive is answered and cut off', async (t) => {
  const { api, url } = await serve(opened, {
    limits: {
      headersTimeoutMilliseconds: 200,
      requestTimeoutMilliseconds: 200,
      connectionsCheckingMilliseconds: 50,
    },
  });
  const { hostname, port } = new URL(url);
  const text = await new Promise<string>((resolve) => {
    let seen = '';
    const socket = connect(Number(port), hostname, () => socket.write('GET /livez HTTP/1.1\r\nHos'));
    socket.on('data', (chunk) => {
      seen += chunk.toString();
    });
    socket.on('close', () => resolve(seen));
  });
  t.match(text, /^HTTP\/1\.1 408 /);
  t.match(text, '/problems/request-timeout');
  await api.close();
});

t.test('a client that leaves early does not stop its command', async (t) => {
  const { api, call, url } = await serve(opened);
  const orderId = `o-${fresh()}`;
  const leaving = new AbortController();
  const sent = fetch(`${url}/v1/orders`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${opened.adminToken ?? ''}`,
      'content-type': 'application/json',
      'idempotency-key': fresh(),
      prefer: 'wait=20',
    },
    body: JSON.stringify({
      orderId,
      channel: 'empty',
      holder: 'h1',
      denomination: RUPIAH_10000,
      quantity: 1,
      payment: payment('10000'),
    }),
    signal: leaving.signal,
  });
  await sleep(300);
  leaving.abort();
  await t.rejects(sent);
  t.match((await call(`/v1/orders/${orderId}`)).json, { status: 'paid' });
  t.match((await call('/metrics')).text, /status="aborted"/);
  await api.close();
});
