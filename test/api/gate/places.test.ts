import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { HTTP_LIMITS } from '@stamp-ledger/api';
import t from 'tap';
import { eventually } from '../../support/eventually.js';
import type { Caller } from '../../support/http.js';
import { openTestLedger, serve, temporaryDirectory } from '../../support/server.js';
import { fresh, UNKNOWN_SERIAL } from '../world.js';

t.setTimeout(60_000);

const { directory, remove } = temporaryDirectory();
const opened = await openTestLedger(directory);
t.teardown(async () => {
  await opened.close();
  remove();
});

const soon = (ask: () => Promise<boolean>, what: string) => eventually(ask, { what, milliseconds: 10_000 });
const body = JSON.stringify({ channel: 'direct', holder: 'somebody' });
const head = () =>
  `POST /v1/stamps/${UNKNOWN_SERIAL}/sale HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${opened.adminToken}\r\nIdempotency-Key: ${fresh()}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;

async function raw(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

async function leave(socket: Socket): Promise<void> {
  socket.destroy();
  await once(socket, 'close');
}

const metric = async (call: Caller, line: string): Promise<boolean> =>
  (await call('/metrics')).text.includes(`\nstamp_ledger_${line}\n`);

/** One place for commands, and sales that take it until they are let go. */
async function oneStalledPlace() {
  let letGo = (): void => undefined;
  const gone = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let begun = 0;
  const { ledger } = opened;
  const sell: typeof ledger.stamps.sell = async (...args) => {
    begun += 1;
    await gone;
    return ledger.stamps.sell(...args);
  };
  const served = await serve(opened, {
    ledger: { ...ledger, stamps: { ...ledger.stamps, sell } },
    limits: { gateLimitLeast: 1, gateLimitMost: 1, bulkRequests: 1 },
  });
  const first = await raw(served.url);
  first.write(head() + body);
  await soon(async () => begun === 1, 'the first sale');
  return { ...served, first, letGo: () => letGo(), begun: () => begun };
}

t.test('a command whose client left keeps its place until it has ended', async (t) => {
  const { api, url, call, first, letGo, begun } = await oneStalledPlace();
  await leave(first);
  const second = await raw(url);
  second.write(head() + body);
  await soon(
    async () => begun() > 1 || (await metric(call, 'gate_waiting{class="order"} 1')),
    'the second to wait',
  );
  t.equal(begun(), 1, 'no more run at once than the limit allows');
  letGo();
  await soon(async () => begun() === 2, 'the second to run');
  await soon(() => metric(call, 'gate_in_flight{class="order"} 0'), 'both to end');
  second.destroy();
  await api.close();
});

t.test('a command whose client leaves while it waits with its body read is given up', async () => {
  const { api, url, call, first, letGo } = await oneStalledPlace();
  const second = await raw(url);
  second.write(head());
  // The first sale, this one, and the question.
  await soon(() => metric(call, 'http_requests_in_flight 3'), 'the second to be there');
  second.write(body);
  await soon(() => metric(call, 'gate_waiting{class="order"} 1'), 'the second to wait');
  await leave(second);
  await soon(() => metric(call, 'http_requests_in_flight 2'), 'the second to end');
  letGo();
  first.destroy();
  await api.close();
});

t.test('answers that nobody reads hold no place, and are bounded for each connection', async (t) => {
  const { api, url, call } = await serve(opened);
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const greedy = await raw(url);
  greedy.pause();
  greedy.write(get('/openapi.json').repeat(60) + get(`/v1/stamps/${UNKNOWN_SERIAL}`).repeat(140));
  await soon(
    async () => /gate_admitted_total\{class="look-up"\} 1[2-4]\d\n/.test((await call('/metrics')).text),
    'the look-ups to be let in',
  );
  t.equal((await call(`/v1/stamps/${UNKNOWN_SERIAL}`)).status, 404, 'others are answered');
  const closed = once(greedy, 'close');
  greedy.resume();
  greedy.write(get('/openapi.json').repeat(300));
  await closed;
  t.pass('the connection is cut');
  await api.close();
});

t.test('what everybody may read is not all begun that one connection asks for ahead', async (t) => {
  const { ledger } = opened;
  let reading = 0;
  let mostReading = 0;
  const checkpoint = async () => {
    mostReading = Math.max(mostReading, ++reading);
    await new Promise(setImmediate);
    reading -= 1;
    return Buffer.from('a checkpoint');
  };
  const { api, url } = await serve(opened, {
    ledger: { ...ledger, ...(ledger.log && { log: { ...ledger.log, checkpoint } }) },
  });
  const socket = await raw(url);
  let answers = 0;
  socket.on('data', (chunk) => {
    answers += chunk.toString().split('a checkpoint').length - 1;
  });
  socket.write('GET /log/checkpoint HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(100));
  await soon(async () => answers === 100, 'the answers, all of them');
  t.equal(mostReading, 1);
  socket.destroy();
  await api.close();
});

t.test('thousands of look-ups that wait for one place are answered one after another', async (t) => {
  const waiting: (() => void)[] = [];
  const { ledger } = opened;
  let inTurn = 0;
  let mostInTurn = 0;
  const lookUp: typeof ledger.stamps.lookUp = (_serial, { strong }) => {
    if (strong) return new Promise((resolve) => waiting.push(() => resolve({ kind: 'unknown' })));
    if (inTurn++ === 0)
      setImmediate(() => {
        inTurn = 0;
      });
    mostInTurn = Math.max(mostInTurn, inTurn);
    return { kind: 'unknown' };
  };
  const { api, url, call } = await serve(opened, {
    ledger: { ...ledger, stamps: { ...ledger.stamps, lookUp } },
    // Nobody is told to come back meanwhile.
    limits: { gateBeatMilliseconds: 1_000_000 },
  });
  const get = (search = '') => `GET /v1/stamps/${UNKNOWN_SERIAL}${search} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const strong = await raw(url);
  strong.write(get('?consistency=strong').repeat(128));
  await soon(async () => waiting.length === 128, 'all places to be taken');
  let answers = 0;
  const crowd = await Promise.all(Array.from({ length: 10 }, () => raw(url)));
  for (const socket of crowd) {
    socket.on('data', (chunk) => {
      answers += chunk.toString().split('HTTP/1.1 404').length - 1;
    });
    socket.write(get().repeat(200));
  }
  await soon(() => metric(call, 'gate_waiting{class="look-up"} 2000'), 'the crowd to wait');
  waiting.shift()?.();
  await soon(async () => answers >= 1_900, 'the answers');
  t.ok(await metric(call, 'gate_in_flight{class="look-up"} 127'), 'the place is free again');
  t.equal(mostInTurn, HTTP_LIMITS.gateLetInPerTurn, 'so many in one turn of the event loop');
  for (const settle of waiting) settle();
  for (const socket of [strong, ...crowd]) socket.destroy();
  await api.close();
});

t.test(
  'only want of room counts as keeping out: what a client brings about by itself opens nothing',
  async (t) => {
    const { api, call, first, letGo } = await oneStalledPlace();
    const impatient = { body: {}, headers: { 'request-timeout': '0.01' } } as const;
    const refused = await Promise.all(Array.from({ length: 5 }, () => call('/v1/orders', impatient)));
    t.strictSame(new Set(refused.map(({ status }) => status)), new Set([503]));
    t.notOk(api.keepsOut('order'));
    letGo();
    first.destroy();
    await api.close();
  },
);

t.test('bulk verifications that waited together do not begin together', async (t) => {
  const { api, url, call, first, letGo } = await oneStalledPlace();
  const statuses: (number | undefined)[] = [];
  const sent = Array.from({ length: 3 }, () => {
    const bulk = request(`${url}/v1/verifications/bulk`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-ndjson',
        authorization: `Bearer ${opened.adminToken}`,
        'idempotency-key': fresh(),
      },
    });
    bulk.on('error', () => undefined);
    bulk.on('response', (response) => {
      statuses.push(response.statusCode);
      response.on('error', () => undefined).resume();
    });
    bulk.write('[]\n');
    return bulk;
  });
  await soon(() => metric(call, 'gate_waiting{class="bulk"} 3'), 'the three to wait');
  letGo();
  await soon(async () => statuses.length === 3, 'their answers');
  t.strictSame(statuses.sort(), [200, 503, 503]);
  for (const each of sent) each.destroy();
  first.destroy();
  await api.close();
});
