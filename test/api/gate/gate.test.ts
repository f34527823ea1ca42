import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createOidcAuthenticator, needsCredentials, workClassOf } from '@stamp-ledger/api';
import t, { type Test } from 'tap';
import { eventually } from '../../support/eventually.js';
import type { JsonObject, Reply } from '../../support/http.js';
import { openTestLedger, serve, temporaryDirectory } from '../../support/server.js';
import { AUDIENCE, openIdentityProvider } from '../identity-provider.js';
import { OpenApiRecorder } from '../openapi-recorder.js';
import { fresh, freshDocument, pdf, problemName, soldStamp, UNKNOWN_SERIAL } from '../world.js';

t.setTimeout(60_000);

const { directory, remove } = temporaryDirectory();
const opened = await openTestLedger(directory);
const plain = await serve(opened);
const recorder = new OpenApiRecorder((await plain.call('/openapi.json')).json as JsonObject);
const { witness } = recorder;
t.teardown(async () => {
  await plain.api.close();
  await opened.close();
  remove();
});

/** A ledger whose sales wait until they are let go: commands in flight for as long as a test wants. */
function stalling() {
  let letGo = (): void => undefined;
  const gone = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let begun = 0;
  const { ledger } = opened;
  return {
    letGo: () => letGo(),
    begun: () => begun,
    ledger: {
      ...ledger,
      stamps: {
        ...ledger.stamps,
        sell: async (...args: Parameters<typeof ledger.stamps.sell>) => {
          begun += 1;
          await gone;
          return ledger.stamps.sell(...args);
        },
      },
    },
  };
}

const soon = (ask: () => Promise<boolean>, what: string) => eventually(ask, { what, milliseconds: 10_000 });

const sale = { channel: 'direct', holder: 'somebody' };
const order = { ...sale, denomination: { amount: '1', currency: 'IDR' }, quantity: 1 };
const head = () => opened.ledger.audit.head();

function raw(url: string, bytes: string): Socket {
  const { hostname, port } = new URL(url);
  return connect(Number(port), hostname, function connected(this: Socket) {
    this.write(bytes);
  });
}

async function textOf(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
  });
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

function assertRefusal(t: Test, reply: Reply, work: string): void {
  t.equal(reply.status, 503);
  t.equal(problemName(reply), 'overloaded');
  t.equal(reply.headers.get('content-type'), 'application/problem+json');
  t.equal(reply.headers.get('cache-control'), 'no-store');
  t.match(reply.headers.get('retry-after'), /^[1-5]$/);
  t.match(reply.headers.get('ratelimit-policy'), new RegExp(`^"${work}";q=\\d+;qu="concurrent-requests"$`));
  t.match(reply.headers.get('ratelimit'), new RegExp(`^"${work}";r=0;t=[1-5]$`));
  t.equal(reply.json.instance, reply.headers.get('x-request-id'));
}

t.test(
  'when too much is asked, the rest is refused at once, nothing has changed, and others go on',
  async (t) => {
    const stall = stalling();
    const limits = { gateLimitLeast: 4, gateLimitMost: 4, gateRefusalsPerSecond: 1_000 };
    const { api, call } = await serve(opened, { ledger: stall.ledger, limits, witness });
    const serials = await Promise.all(Array.from({ length: 4 }, () => soldStamp(plain.call)));
    const before = await head();
    const count = 200;
    const replies = Array.from({ length: count }, () =>
      call(`/v1/stamps/${UNKNOWN_SERIAL}/sale`, { body: sale }),
    );
    // Four run; the rest wait until they have waited too long.
    const statuses: Reply[] = [];
    for (const reply of replies) void reply.then((each) => statuses.push(each));
    await eventually(async () => statuses.length >= count - 4, {
      what: 'the refusals',
      milliseconds: 10_000,
    });
    for (const reply of statuses.slice(0, 20)) assertRefusal(t, reply, 'order');
    t.ok(
      new Set(statuses.map(({ headers }) => headers.get('retry-after'))).size > 2,
      'they do not all come back at once',
    );
    t.equal(new Set(statuses.map(({ json }) => json.instance)).size, statuses.length);
    t.equal(await head(), before, 'nothing has changed');
    t.ok(stall.begun() <= 4);
    t.ok(api.keepsOut('order'), 'the waiting room is told');
    t.notOk(api.keepsOut('look-up'));

    t.equal((await call('/livez')).status, 200, 'health passes');
    t.equal((await call('/log/vkeys')).status, 200, 'the log passes');
    t.equal((await call(`/v1/stamps/${serials[0]}`)).status, 200, 'look-ups pass');
    const metrics = (await call('/metrics')).text;
    t.ok(/stamp_ledger_gate_refused_total\{class="order",reason="queue-age"\} \d+/.test(metrics));
    t.ok(/stamp_ledger_gate_in_flight\{class="order"\} [1-4]\n/.test(metrics));
    t.ok(/stamp_ledger_gate_limit 4\n/.test(metrics));

    stall.letGo();
    await Promise.all(replies);
    const serial = await soldStamp(plain.call);
    const affixed = await call(`/v1/stamps/${serial}/affixation`, {
      body: { document: pdf(freshDocument()) },
    });
    t.equal(affixed.status, 201, 'afterwards everything is as before');
    await api.close();
  },
);

t.test('a class that is stalled leaves the shares of the others alone', async (t) => {
  const stall = stalling();
  const limits = { gateLimitLeast: 8, gateLimitMost: 8 };
  const { api, call } = await serve(opened, { ledger: stall.ledger, limits });
  const stalled = Array.from({ length: 7 }, () => call(`/v1/stamps/${UNKNOWN_SERIAL}/sale`, { body: sale }));
  await soon(async () => stall.begun() === 4 || stall.begun() === 7, 'the sales');
  t.equal((await call('/v1/verifications', { body: { serial: UNKNOWN_SERIAL } })).status, 200);
  stall.letGo();
  await Promise.all(stalled);
  await api.close();
});

t.test('whoever shows no good credentials takes no place, and is refused beyond a rate', async (t) => {
  const stall = stalling();
  const limits = { gateLimitLeast: 1, gateLimitMost: 1, gateStrangersPerSecond: 5 };
  const { api, call } = await serve(opened, { ledger: stall.ledger, limits, witness });
  const first = call(`/v1/stamps/${UNKNOWN_SERIAL}/sale`, { body: sale });
  await soon(async () => stall.begun() === 1, 'the first sale');
  const crowd = await Promise.all(
    Array.from({ length: 60 }, (_, index) =>
      call('/v1/orders', { body: {}, token: index % 2 === 0 ? null : `made-up-${index}` }),
    ),
  );
  const answered = crowd.filter(({ status }) => status === 401);
  t.ok(answered.length >= 5 && answered.length < 30, `${answered.length} are told why`);
  const refused = crowd.filter(({ status }) => status === 429);
  t.equal(answered.length + refused.length, crowd.length, 'nobody waits');
  const [one] = refused;
  t.equal(one && problemName(one), 'quota-exceeded');
  t.equal(one?.headers.get('ratelimit-policy'), '"stranger";q=5;w=1');
  const metrics = (await call('/metrics')).text;
  t.match(metrics, /stamp_ledger_gate_waiting\{class="order"\} 0\n/);
  t.match(metrics, /stamp_ledger_gate_refused_total\{class="order",reason="stranger"\} \d+\n/);
  t.notOk(api.keepsOut('order'), 'a crowd without credentials opens no waiting room');
  stall.letGo();
  t.equal((await first).status, 404);
  await api.close();
});

t.test('who comes back before it was told to is not answered before', async (t) => {
  const stall = stalling();
  const limits = {
    gateLimitLeast: 1,
    gateLimitMost: 1,
    retryAfterMinimumSeconds: 1,
    retryAfterMaximumSeconds: 1,
  };
  const { api, call } = await serve(opened, { ledger: stall.ledger, limits });
  const first = call(`/v1/stamps/${UNKNOWN_SERIAL}/sale`, { body: sale });
  await soon(async () => stall.begun() === 1, 'the first sale');
  const waits = Array.from({ length: 4 }, () => call(`/v1/stamps/${UNKNOWN_SERIAL}/sale`, { body: sale }));
  const again = { key: fresh(), body: sale } as const;
  const ask = async () => {
    const { status } = await call(`/v1/stamps/${UNKNOWN_SERIAL}/sale`, again);
    return { status, at: opened.runtime.clock.monotonicMilliseconds() };
  };
  const once = await ask();
  const twice = await ask();
  t.strictSame([once.status, twice.status], [503, 503]);
  t.ok(twice.at - once.at >= 990, `${Math.round(twice.at - once.at)} ms later`);
  stall.letGo();
  await Promise.all([first, ...waits]);
  await api.close();
});

t.test('what one client was told holds up nobody else, and not for ever', async (t) => {
  const stall = stalling();
  const provider = await openIdentityProvider();
  const { issuer, jwksUrl } = provider;
  const authenticator = createOidcAuthenticator({ issuer, audience: AUDIENCE, jwksUrl });
  const limits = {
    gateLimitLeast: 1,
    gateLimitMost: 1,
    retryAfterMinimumSeconds: 2,
    retryAfterMaximumSeconds: 2,
  };
  const { api, call } = await serve(opened, { ledger: stall.ledger, authenticator, limits });
  const tokenOf = (sub: string) => provider.token({ sub, scope: 'sell subscribe', channel: 'direct' });
  const [one, other] = [await tokenOf('one'), await tokenOf('other')];
  for (const token of [one, other]) await call('/v1/events?limit=1', { token });
  const path = `/v1/stamps/${UNKNOWN_SERIAL}/sale`;
  const first = call(path, { body: sale, token: one });
  await soon(async () => stall.begun() === 1, 'the first sale');

  const key = fresh();
  const ended: string[] = [];
  const ask = async (token: string, name: string, headers = {}) => {
    const { status } = await call(path, { body: sale, key, token, headers });
    ended.push(name);
    return status;
  };
  await ask(one, 'first');
  const hammering = Array.from({ length: 20 }, () => ask(one, 'again'));
  t.equal(await ask(one, 'impatient', { 'request-timeout': '0' }), 400);
  t.equal(await ask(one, 'impatient', { 'request-timeout': '0' }), 400);
  t.equal(await ask(other, 'other'), 503);
  t.strictSame(ended, ['first', 'impatient', 'impatient', 'other'], 'others do not wait for it');
  await soon(async () => ended.length === 24, 'all that were sent too soon');
  stall.letGo();
  await Promise.all([first, ...hammering]);
  await api.close();
  await provider.close();
});

t.test('the refusal of a client that has left is not kept', async (t) => {
  const limits = {
    gateRefusalsPerSecond: 0.001,
    gateRefusalsPerCommand: 0,
    gateRefusalsAtOnce: 0,
    retryAfterMaximumSeconds: 3_600,
  };
  const { api, url, call } = await serve(opened, { limits });
  const holds = async (count: number) =>
    (await call('/metrics')).text.includes(`\nstamp_ledger_gate_refusals_held ${count}\n`);
  const socket = raw(url, 'GET /v1/events HTTP/1.1\r\nHost: x\r\nRequest-Timeout: 0\r\n\r\n'.repeat(2));
  await soon(() => holds(2), 'the refusals to be held');
  socket.destroy();
  await soon(() => holds(0), 'the refusals to be let go of');
  t.pass('nothing is kept');
  await api.close();
});

/** A gate at which nobody may wait for a ticket, nor has one of its own. */
const NO_TICKETS = { gateTicketsPerCaller: 0, gateTicketsWaiting: 0 };

t.test(
  'while the doors of the waiting room are closed, orders without a ticket are sent there',
  async (t) => {
    let doors: 'none' | 'ajar' | 'closed' = 'closed';
    const ledger = { ...opened.ledger, queue: { ...opened.ledger.queue, doors: () => doors } };
    const { api, call } = await serve(opened, { ledger, limits: NO_TICKETS, witness });
    const place = (headers = {}) => call('/v1/orders', { body: order, headers });
    const refused = await place();
    t.equal(problemName(refused), 'queue-ticket-required');
    t.match(refused.headers.get('link'), /<\/v1\/queue>/);
    t.match(refused.headers.get('retry-after'), /^[1-5]$/);
    t.match(refused.json, { facts: { queue: '/v1/queue' } });
    t.equal(
      problemName(await place({ 'queue-ticket': 'forged' })),
      'invalid-queue-ticket',
      'a ticket is looked at',
    );
    t.notOk(api.keepsOut('order'));
    doors = 'ajar';
    t.equal((await place()).status, 202, 'with room left for others');
    await api.close();
  },
);

/** One a second, after one that is saved up. */
const FEW_TICKETS = { gateTicketsPerCaller: 0, gateTicketsPerSecond: 1, gateTicketsPerCommand: 0 };

t.test(
  'when nobody else wants the places, those in line for a ticket are let in before their turn',
  async (t) => {
    const { letGo, begun, ledger } = stalling();
    const queue: typeof ledger.queue = { ...ledger.queue, doors: () => 'closed' };
    const limits = {
      ...FEW_TICKETS,
      gateTicketsPerCommandAlone: 0,
      gateIdleShare: 0.25,
      gateTicketMilliseconds: 60_000,
      gateLimitLeast: 4,
      gateLimitMost: 4,
    };
    const { api, call } = await serve(opened, { ledger: { ...ledger, queue }, limits });
    const running = call(`/v1/stamps/${UNKNOWN_SERIAL}/sale`, { body: sale });
    await soon(async () => begun() === 1, 'a command to take what may be idle of the places');
    const MANY = 40;
    const placed = Promise.all(Array.from({ length: MANY }, () => call('/v1/orders', { body: order })));
    const waiting = async () => {
      const { text } = await call('/metrics');
      return Number(/^stamp_ledger_gate_waiting\{class="ticket"\} (\d+)$/m.exec(text)?.[1]);
    };
    await soon(async () => (await waiting()) > MANY / 2, 'the line');
    letGo();
    const since = performance.now();
    await running;
    const statuses = (await placed).map(({ status }) => status);
    t.strictSame(new Set(statuses), new Set([202]));
    t.ok(performance.now() - since < 20_000, 'the turn of the last is in forty seconds');
    await api.close();
  },
);

t.test('tickets are given at their rate, in the order in which they were asked for', async (t) => {
  const limits = { ...FEW_TICKETS, gateTicketsPerSecond: 10, gateIdleShare: 0 };
  const { api, call } = await serve(opened, { limits });
  const answered: number[] = [];
  const start = performance.now();
  const take = async (index: number) => {
    const { status } = await call('/v1/queue', { body: { channel: 'direct' } });
    answered.push(index);
    return status;
  };
  const statuses = await Promise.all(Array.from({ length: 18 }, (_, index) => take(index)));
  t.strictSame(new Set(statuses), new Set([200]));
  t.ok(performance.now() - start >= 600, 'some at once, the others in their turn');
  t.same(
    answered.slice(11),
    [...answered.slice(11)].sort((a, b) => a - b),
  );
  await api.close();
});

t.test('while the waiting room is open, who has no ticket gets what room is left over', async (t) => {
  const { letGo, begun, ledger } = stalling();
  const asked: boolean[] = [];
  const { admit } = ledger.queue;
  const queue: typeof ledger.queue = {
    ...ledger.queue,
    doors: () => 'ajar',
    admit: (order, caller, showing) => {
      asked.push(showing.isFull);
      return admit(order, caller, showing);
    },
  };
  const limits = { gateLimitLeast: 1, gateLimitMost: 1 };
  const { api, url, call } = await serve(opened, { ledger: { ...ledger, queue }, limits });
  const place = () => call('/v1/orders', { body: order });
  t.equal((await place()).status, 202);
  const running = call(`/v1/stamps/${UNKNOWN_SERIAL}/sale`, { body: sale });
  await soon(async () => begun() === 1, 'a command to take the only place');
  await place();
  t.strictSame(asked, [false, true], 'who found no room for as long as anybody waits is there for a ticket');
  t.notOk(api.keepsOut('walk-in'), 'a moment without room is no pressure');
  await soon(async () => {
    await Promise.all([place(), place()]);
    return api.keepsOut('walk-in');
  }, 'more than there are places to count as pressure');
  t.notOk(api.keepsOut('order'), 'but not of those who hold a ticket');
  asked.length = 0;
  const body = JSON.stringify(order);
  const socket = raw(
    url,
    `POST /v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${opened.adminToken}\r\nIdempotency-Key: ${fresh()}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body.slice(0, 10)}`,
  );
  const late = textOf(socket);
  await soon(
    // The sale, this question, and the one that is awaited.
    async () => /http_requests_in_flight 3\n/.test((await call('/metrics')).text),
    'the order without its body to be there',
  );
  socket.write(body.slice(10));
  t.match(await late, /^HTTP\/1\.1 202 /);
  t.strictSame(asked, [true], 'so is one whose body came later');
  asked.length = 0;
  const waits = place();
  letGo();
  await Promise.all([running, waits]);
  t.strictSame(asked, [false], 'who finds room in time needs no ticket');
  await api.close();
});

t.test('while the service stops, who walks in and waits is let in', async (t) => {
  const { letGo, begun, ledger } = stalling();
  const queue: typeof ledger.queue = { ...ledger.queue, doors: () => 'ajar' };
  const limits = { gateLimitLeast: 1, gateLimitMost: 1, gateBeatMilliseconds: 60_000 };
  const { api, call } = await serve(opened, { ledger: { ...ledger, queue }, limits });
  const running = call(`/v1/stamps/${UNKNOWN_SERIAL}/sale`, { body: sale });
  await soon(async () => begun() === 1, 'a command to take the only place');
  const waits = call('/v1/orders', { body: order });
  await soon(
    async () => /gate_waiting\{class="walk-in"\} 1\n/.test((await call('/metrics')).text),
    'an order to wait',
  );
  const closed = api.close();
  t.equal((await waits).status, 202, 'though no place has fallen free');
  letGo();
  await Promise.all([running, closed]);
});

t.test(
  'who waits for a shorter time than the line lasts is told so at once, and takes no turn',
  async (t) => {
    const limits = { ...FEW_TICKETS, gateIdleShare: 0 };
    const { api, call } = await serve(opened, { limits });
    const take = (headers = {}) => call('/v1/queue', { body: { channel: 'direct' }, headers });
    // One is saved up and one is due now: the next waits a second.
    t.strictSame([(await take()).status, (await take()).status], [200, 200]);
    for (let each = 0; each < 8; each++) {
      const late = await take({ 'request-timeout': '0.2' });
      t.equal(problemName(late), 'deadline-passed');
    }
    t.equal((await take()).status, 200, 'the turns were left to others');
    await api.close();
  },
);

t.test('one who takes all tickets that are given leaves the others theirs', async (t) => {
  const provider = await openIdentityProvider();
  const { issuer, jwksUrl } = provider;
  const authenticator = createOidcAuthenticator({ issuer, audience: AUDIENCE, jwksUrl });
  const limits = { ...NO_TICKETS, gateTicketsPerCaller: 2 };
  const { api, call } = await serve(opened, { authenticator, limits });
  const tokenOf = (sub: string) => provider.token({ sub, scope: 'sell', channel: 'direct' });
  const take = async (token: string) =>
    (await call('/v1/queue', { body: { channel: 'direct' }, token })).status;
  const [greedy, modest] = [await tokenOf('greedy'), await tokenOf('modest')];
  const taken = [];
  for (let each = 0; each < 20; each++) taken.push(await take(greedy));
  t.ok(taken.includes(503), `there are no more: ${taken}`);
  t.equal(await take(modest), 200);
  await api.close();
  await provider.close();
});

t.test('a place that falls free brings nobody back who only lacks a ticket', async (t) => {
  const ledger = { ...opened.ledger, queue: { ...opened.ledger.queue, doors: () => 'closed' as const } };
  const limits = {
    ...NO_TICKETS,
    gateRefusalsPerSecond: 0.001,
    gateRefusalsPerCommand: 0,
    gateRefusalsAtOnce: 0,
    retryAfterMaximumSeconds: 3_600,
  };
  const { api, url, call } = await serve(opened, { ledger, limits });
  const path = `/v1/stamps/${UNKNOWN_SERIAL}/sale`;
  await call(path, { body: sale });
  const holds = async () => (await call('/metrics')).text.includes('\nstamp_ledger_gate_refusals_held 1\n');
  const order = `POST /v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${opened.adminToken}\r\nIdempotency-Key: k\r\nContent-Length: 0\r\n\r\n`;
  const socket = raw(url, order);
  await soon(holds, 'the refusal to be held');
  await call(path, { body: sale });
  t.ok(await holds());
  socket.destroy();
  await api.close();
});

t.test('a crowd with bad credentials uses up no tickets', async (t) => {
  const ledger = { ...opened.ledger, queue: { ...opened.ledger.queue, doors: () => 'closed' as const } };
  const limits = {
    gateTicketsPerSecond: 1,
    gateTicketsPerCommand: 0,
    gateTicketsPerCaller: 0,
  };
  const { api, call } = await serve(opened, { ledger, limits, witness });
  const ticket = { channel: 'direct' };
  const order = {
    ...ticket,
    quantity: 1,
    holder: 'somebody',
    denomination: { amount: '1', currency: 'IDR' },
  };
  for (const [path, body] of [
    ['/v1/queue', ticket],
    ['/v1/orders', order],
  ] as const) {
    const crowd = await Promise.all(
      Array.from({ length: 20 }, (_, index) => call(path, { body, token: `made-up-${index}` })),
    );
    t.strictSame(new Set(crowd.map(({ status }) => status)), new Set([401]), path);
    t.match((await call(path, { body })).status, /^20[012]$/, `${path} for who has good ones`);
  }
  await api.close();
});

t.test('good credentials that were never seen before count like those that were', async (t) => {
  const provider = await openIdentityProvider();
  const { issuer, jwksUrl } = provider;
  const authenticator = createOidcAuthenticator({ issuer, audience: AUDIENCE, jwksUrl });
  const ledger = { ...opened.ledger, queue: { ...opened.ledger.queue, doors: () => 'closed' as const } };
  const { api, call } = await serve(opened, { ledger, authenticator, limits: NO_TICKETS, witness });
  const token = () => provider.token({ sub: fresh(), scope: 'sell', channel: 'direct' });
  const noTicket = await call('/v1/queue', { body: {}, token: await token() });
  assertRefusal(t, noTicket, 'ticket');
  const noOrder = await call('/v1/orders', { body: {}, token: await token() });
  t.equal(problemName(noOrder), 'queue-ticket-required');
  t.match(noOrder.headers.get('link'), /<\/v1\/queue>/);
  t.match(noOrder.json, { facts: { queue: '/v1/queue' } });
  await api.close();
  await provider.close();
});

t.test('the gate knows of every route whether it wants credentials', async (t) => {
  for (const { method, path, scope } of plain.api.routes)
    t.equal(needsCredentials(workClassOf(method, path), path), scope !== undefined, `${method} ${path}`);
});

t.test('while the identity provider is silent, what everybody may look up is answered', async (t) => {
  const provider = await openIdentityProvider();
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const jwksUrl = new URL(`http://127.0.0.1:${(silent.address() as AddressInfo).port}/keys`);
  const authenticator = createOidcAuthenticator({ issuer: provider.issuer, audience: AUDIENCE, jwksUrl });
  const { api, call } = await serve(opened, { authenticator, witness });
  const token = await provider.token({ scope: 'sell', channel: 'direct' });
  const orders = Array.from({ length: 150 }, () => call('/v1/orders/nobody', { token }));
  await soon(
    async () => /http_requests_in_flight (129|1[3-9]\d)\n/.test((await call('/metrics')).text),
    'the orders to be asked for',
  );
  t.equal((await call(`/v1/stamps/${UNKNOWN_SERIAL}`, { token: null })).status, 404);
  silent.closeAllConnections();
  silent.close();
  t.strictSame(new Set((await Promise.all(orders)).map(({ status }) => status)), new Set([503]));
  await api.close();
  await provider.close();
});

t.test('refusals count for the outage report', async (t) => {
  const counted: [string, number][] = [];
  const ledger = {
    ...opened.ledger,
    refused: (kind: string, count = 1) => void counted.push([kind, count]),
  };
  const { api, call } = await serve(opened, { ledger, gate: { isOn: true, callerPerSecond: 3 }, witness });
  t.equal((await call('/v1/events?limit=1')).status, 200, 'the token is known from here on');
  const replies = await Promise.all(Array.from({ length: 10 }, () => call(`/v1/stamps/${UNKNOWN_SERIAL}`)));
  const refused = replies.filter(({ status }) => status === 429);
  t.ok(refused.length >= 6 && refused.length <= 7, 'the caller has used up its quota');
  const [one] = refused;
  t.equal(one && problemName(one), 'quota-exceeded');
  t.equal(one?.headers.get('ratelimit-policy'), '"caller";q=3;w=1');
  t.match(one?.headers.get('ratelimit'), /^"caller";r=0;t=[1-5]$/);
  t.equal((await call('/livez', { token: null })).status, 200, 'another caller has its own');
  const madeUp = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      call(`/v1/stamps/${UNKNOWN_SERIAL}`, { token: `made-up-${index}` }),
    ),
  );
  const stopped = madeUp.filter(({ status }) => status === 429);
  t.ok(stopped.length >= 6, 'whoever makes tokens up has only the quota of its address');
  await api.close();
  const sum = counted
    .filter(([kind]) => kind === 'quota-exceeded')
    .reduce((all, [, count]) => all + count, 0);
  t.equal(sum, refused.length + stopped.length);
});

t.test('expired work is not appended', async (t) => {
  t.test('when the deadline has passed on arrival', async (t) => {
    const serial = await soldStamp(plain.call);
    const before = await head();
    const { api, call } = await serve(opened, { witness });
    const reply = await call(`/v1/stamps/${serial}/affixation`, {
      body: { document: pdf(freshDocument()) },
      headers: { 'request-timeout': '0' },
    });
    t.equal(reply.status, 400, 'a client that does not wait at all asks for nothing');
    t.equal(problemName(reply), 'invalid-request');
    t.equal(reply.headers.get('retry-after'), null);
    t.equal(await head(), before);
    t.notOk(api.keepsOut('affixing'), 'this says nothing about the room that there is');
    await api.close();
  });

  t.test('when it passes behind the gate, before the log is given anything', async (t) => {
    const serial = await soldStamp(plain.call);
    const before = await head();
    let release = (): void => undefined;
    let begunAt = Number.POSITIVE_INFINITY;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { ledger } = opened;
    const late = {
      ...ledger,
      stamps: {
        ...ledger.stamps,
        affix: async (...args: Parameters<typeof ledger.stamps.affix>) => {
          begunAt = opened.runtime.clock.monotonicMilliseconds();
          await held;
          return ledger.stamps.affix(...args);
        },
      },
    };
    const { api, call } = await serve(opened, { ledger: late, witness });
    const key = fresh();
    const request = { key, body: { document: pdf(freshDocument()) } };
    const path = `/v1/stamps/${serial}/affixation`;
    const answer = call(path, { ...request, headers: { 'request-timeout': '0.15' } });
    await soon(async () => opened.runtime.clock.monotonicMilliseconds() > begunAt + 150, 'the deadline');
    release();
    t.equal(problemName(await answer), 'deadline-passed');
    t.equal(await head(), before, 'nothing was appended');
    t.equal((await call(path, request)).status, 201, 'the key is free for another try');
    const again = await call(path, { ...request, headers: { 'request-timeout': '0.15' } });
    t.equal(again.status, 201, 'what was written before is answered, however late');
    await api.close();
  });

  t.test('when the client leaves while it waits', async (t) => {
    const stall = stalling();
    const limits = { gateLimitLeast: 1, gateLimitMost: 1 };
    const { api, url, call } = await serve(opened, { ledger: stall.ledger, limits });
    const first = call(`/v1/stamps/${UNKNOWN_SERIAL}/sale`, { body: sale });
    await soon(async () => stall.begun() === 1, 'the first sale');
    const body = JSON.stringify(sale);
    const socket = raw(
      url,
      `POST /v1/stamps/${UNKNOWN_SERIAL}/sale HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${opened.adminToken}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    const waits = async () =>
      /stamp_ledger_gate_waiting\{class="order"\} 1\n/.test((await call('/metrics')).text);
    await soon(waits, 'the second to wait');
    socket.destroy();
    await soon(async () => !(await waits()), 'the second to be dropped');
    stall.letGo();
    await first;
    t.equal(stall.begun(), 1);
    await api.close();
  });
});

t.test('slow and greedy clients', async (t) => {
  const host = 'Host: x\r\n';
  t.test('headers that never end', async (t) => {
    const limits = {
      headersTimeoutMilliseconds: 200,
      requestTimeoutMilliseconds: 400,
      connectionsCheckingMilliseconds: 50,
    };
    const { api, url, call } = await serve(opened, { limits });
    const sockets = Array.from({ length: 50 }, () => raw(url, `POST /v1/orders HTTP/1.1\r\n${host}X: `));
    const texts = sockets.map(textOf);
    t.equal((await call('/livez')).status, 200, 'others are served meanwhile');
    for (const text of await Promise.all(texts)) t.match(text, /^HTTP\/1\.1 408 /);
    await api.close();
  });

  t.test('bodies that never end take no place', async (t) => {
    const limits = {
      headersTimeoutMilliseconds: 1_000,
      requestTimeoutMilliseconds: 1_000,
      connectionsCheckingMilliseconds: 50,
      gateLimitLeast: 4,
      gateLimitMost: 4,
      gateArrivingBodies: 20,
    };
    const { api, url, call } = await serve(opened, { limits });
    const token = opened.adminToken ?? '';
    const slow = `POST /v1/orders HTTP/1.1\r\n${host}Authorization: Bearer ${token}\r\nIdempotency-Key: k\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{`;
    const sockets = Array.from({ length: 40 }, () => raw(url, slow));
    const texts = sockets.map(textOf);
    await soon(async () => /reason="body"\} 2\d\n/.test((await call('/metrics')).text), 'the refusals');
    const serial = await soldStamp(call);
    const reply = await call(`/v1/stamps/${serial}/affixation`, { body: { document: pdf(freshDocument()) } });
    t.equal(reply.status, 201, 'commands go on');
    const ended = await Promise.all(texts);
    t.ok(ended.filter((text) => text === '').length >= 20);
    await api.close();
  });

  t.test('a body that comes later is carried out', async (t) => {
    const { api, url, call } = await serve(opened);
    const serial = await soldStamp(call);
    const body = JSON.stringify({ document: pdf(freshDocument()) });
    const socket = raw(
      url,
      `POST /v1/stamps/${serial}/affixation HTTP/1.1\r\n${host}Authorization: Bearer ${opened.adminToken}\r\nIdempotency-Key: ${fresh()}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body.slice(0, 10)}`,
    );
    const text = textOf(socket);
    await soon(
      async () => /http_requests_in_flight [2-9]/.test((await call('/metrics')).text),
      'the request to be there',
    );
    socket.write(body.slice(10));
    t.match(await text, /^HTTP\/1\.1 201 /);
    await api.close();
  });

  t.test('too many connections', async (t) => {
    const { api, url } = await serve(opened, { limits: { connections: 5 } });
    const sockets = Array.from({ length: 5 }, () => raw(url, ''));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    const text = await textOf(raw(url, `GET /livez HTTP/1.1\r\n${host}\r\n`));
    t.equal(text, '', 'the sixth is cut');
    for (const socket of sockets) socket.destroy();
    await soon(
      async () =>
        (await textOf(raw(url, `GET /livez HTTP/1.1\r\n${host}Connection: close\r\n\r\n`))).includes(' 200 '),
      'room again',
    );
    await api.close();
  });

  t.test('an answer that is not read', async () => {
    const { api, url } = await serve(opened, { limits: { answerTimeoutMilliseconds: 200 } });
    const socket = raw(url, `GET /openapi.json HTTP/1.1\r\n${host}\r\n`.repeat(200));
    socket.on('error', () => undefined);
    socket.pause();
    // One that reads nothing learns only by writing that it was cut off.
    const isCut = async () => {
      socket.write('\r\n');
      return socket.destroyed;
    };
    await soon(isCut, 'the connection to be cut');
    await api.close();
  });
});

t.test('while the service stops, refusals leave at once and are told', async (t) => {
  const counted: string[] = [];
  const ledger = { ...opened.ledger, refused: (kind: string) => void counted.push(kind) };
  const limits = { gateRefusalsPerSecond: 0.001, gateRefusalsPerCommand: 0, gateRefusalsAtOnce: 0 };
  const { api, url, call } = await serve(opened, { ledger, limits });
  const socket = raw(url, 'GET /v1/events HTTP/1.1\r\nHost: x\r\n');
  await once(socket, 'connect');
  t.equal((await call('/livez')).status, 200);
  const closed = api.close();
  const text = textOf(socket);
  socket.write('Request-Timeout: 0\r\nConnection: close\r\n\r\n');
  t.match(await text, /^HTTP\/1\.1 400 /);
  await closed;
  t.strictSame(counted, ['invalid-request']);
});

t.test('a request whose answer cannot be sent is counted as ended', async (t) => {
  const { ledger } = opened;
  const take: typeof ledger.queue.take = async (...args) => {
    const taken = await ledger.queue.take(...args);
    return {
      ...taken,
      kind: 'taken',
      ticket: 'no\nheader',
      orderId: 'o',
      report: {},
    } as unknown as typeof taken;
  };
  const { api, call } = await serve(opened, { ledger: { ...ledger, queue: { ...ledger.queue, take } } });
  await t.rejects(call('/v1/queue', { body: { channel: 'direct' } }), 'its connection is cut');
  t.match((await call('/metrics')).text, /http_requests_in_flight 1\n/);
  await api.close();
});

t.test('without the gate everything passes', async (t) => {
  const stall = stalling();
  const limits = { gateLimitLeast: 1, gateLimitMost: 1 };
  const { api, call } = await serve(opened, { ledger: stall.ledger, limits, gate: { isOn: false } });
  const sales = Array.from({ length: 30 }, () => call(`/v1/stamps/${UNKNOWN_SERIAL}/sale`, { body: sale }));
  await soon(async () => stall.begun() === 30, 'all of them to begin');
  stall.letGo();
  for (const reply of await Promise.all(sales)) t.equal(reply.status, 404);
  await api.close();
});
