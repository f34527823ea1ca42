import { createClient, LedgerError, type RetryCause } from '@stamp-ledger/client';
import t, { type Test } from 'tap';
import {
  cutOff,
  type FakeAnswer,
  jsonAnswer,
  problemAnswer,
  startFakeLedger,
} from '../support/fake-ledger.js';

const ORDER = {
  channel: 'kanal-1',
  holder: 'buyer-1',
  denomination: { amount: '10000', currency: 'IDR' },
  quantity: 1,
};
const QUICK = { baseMilliseconds: 5, capMilliseconds: 20 };

async function open(t: Test, ...answers: [FakeAnswer, ...FakeAnswer[]]) {
  const fake = await startFakeLedger(...answers);
  const causes: RetryCause[] = [];
  const client = createClient({
    baseUrl: fake.url,
    token: 'secret',
    retry: QUICK,
    onRetry: (cause) => causes.push(cause),
  });
  t.teardown(async () => {
    client.close();
    await fake.close();
  });
  return { fake, client, causes };
}

const failure = async (promise: Promise<unknown>): Promise<LedgerError> =>
  promise.then(
    () => {
      throw new Error('it should have failed');
    },
    (error: unknown) => {
      if (error instanceof LedgerError) return error;
      throw error;
    },
  );

t.test('a command carries token, key and JSON, and its answer carries position and revision', async (t) => {
  const { fake, client } = await open(
    t,
    jsonAnswer(201, { serial: 'A', revision: 4, state: 'sold' }, { 'ledger-position': '0000000000000042' }),
  );
  const answer = await client.stamps.sell('A', { channel: 'direct', holder: 'buyer-1' }, { key: 'key-1' });
  t.equal(answer.position, '0000000000000042');
  t.equal(answer.revision, 4);
  t.equal(answer.status, 201);
  t.equal(answer.attempts, 1);
  t.equal(answer.idempotencyKey, 'key-1');
  const [request] = fake.requests;
  t.match(request, { method: 'POST', url: '/v1/stamps/A/sale' });
  t.match(request?.headers, {
    authorization: 'Bearer secret',
    'idempotency-key': 'key-1',
    'content-type': 'application/json',
  });
  t.same(JSON.parse(request?.body ?? ''), { channel: 'direct', holder: 'buyer-1' });
});

t.test('a key is made when none is given, a new one for each command, and DELETE has one too', async (t) => {
  const { fake, client } = await open(t, jsonAnswer(200, { serial: 'A', revision: 1, state: 'sold' }));
  await client.orders.place(ORDER);
  await client.orders.place(ORDER);
  await client.stamps.release('A');
  const keys = fake.requests.map(({ headers }) => headers['idempotency-key']);
  t.equal(new Set(keys).size, 3);
  t.equal(keys.includes(undefined), false);
  t.match(fake.requests[2], { method: 'DELETE', url: '/v1/stamps/A/reservation', body: '' });
});

t.test(
  'what is sent again has the same key and body: after 503, a cut connection, a request in progress',
  async (t) => {
    const { fake, client, causes } = await open(
      t,
      problemAnswer(503, 'ledger-unavailable'),
      cutOff,
      problemAnswer(409, 'request-in-progress'),
      jsonAnswer(202, { orderId: 'o-1', status: 'placed' }),
    );
    const answer = await client.orders.place(ORDER);
    t.equal(answer.attempts, 4);
    t.same(causes, ['unavailable', 'connection', 'request-in-progress']);
    t.equal(new Set(fake.requests.map(({ headers }) => headers['idempotency-key'])).size, 1);
    t.equal(new Set(fake.requests.map(({ body }) => body)).size, 1);
  },
);

t.test('Retry-After is honoured', async (t) => {
  const { client } = await open(
    t,
    problemAnswer(503, 'ledger-unavailable', { 'retry-after': '1' }),
    jsonAnswer(200, { status: 'ready' }),
  );
  const began = performance.now();
  await client.health.ready();
  t.ok(performance.now() - began >= 990);
});

t.test('retries end: after so many attempts, and before a wait that would be too long', async (t) => {
  const { fake, client } = await open(t, problemAnswer(503, 'ledger-unavailable'));
  const error = await failure(client.orders.place(ORDER, { key: 'key-1' }));
  t.equal(error.attempts, 5);
  t.equal(fake.requests.length, 5);
  t.equal(error.idempotencyKey, 'key-1', 'the caller can go on with the same key');
  t.equal(error.problemName, 'ledger-unavailable');

  const slow = await open(t, problemAnswer(503, 'ledger-unavailable', { 'retry-after': '3600' }));
  t.equal((await failure(slow.client.orders.place(ORDER))).attempts, 1);
});

t.test('a refusal is not sent again, and says all that the ledger said', async (t) => {
  const { fake, client } = await open(
    t,
    jsonAnswer(400, {
      type: '/problems/invalid-request',
      title: 'Invalid request',
      status: 400,
      instance: 'request-7',
      errors: [{ pointer: '#/quantity', detail: 'must be >= 1' }],
    }),
  );
  const error = await failure(client.orders.place({ ...ORDER, quantity: 0 }));
  t.equal(fake.requests.length, 1);
  t.equal(error.kind, 'problem');
  t.equal(error.status, 400);
  t.equal(error.problemName, 'invalid-request');
  t.same(error.problem?.errors, [{ pointer: '#/quantity', detail: 'must be >= 1' }]);
});

t.test('another 409 is a refusal', async (t) => {
  const { fake, client } = await open(t, problemAnswer(409, 'already-affixed'));
  const document = { sha256: 'a'.repeat(64), type: 'application/pdf' };
  const error = await failure(client.stamps.affix('A', { document }));
  t.equal(error.problemName, 'already-affixed');
  t.equal(fake.requests.length, 1);
});

t.test('an error page that is no problem document still is an error with its status', async (t) => {
  const { client } = await open(t, (response) => {
    response.writeHead(502, { 'content-type': 'text/html' });
    response.end('<h1>Bad gateway</h1>');
  });
  const error = await failure(client.health.live());
  t.match(error, { kind: 'problem', status: 502, problem: { type: 'about:blank' } });
});

t.test('nobody there: a transport error with its code', async (t) => {
  const { fake, client } = await open(t, cutOff);
  await fake.close().then(() => undefined);
  const error = await failure(client.health.ready());
  t.equal(error.kind, 'transport');
  t.equal(error.code, 'ECONNREFUSED');
  t.equal(error.attempts, 5);
});

t.test('no answer in time, and a call that is aborted', async (t) => {
  const { client } = await open(t, () => undefined);
  t.equal((await failure(client.orders.get('o-1', { timeoutMilliseconds: 50 }))).kind, 'timeout');
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 50);
  t.equal((await failure(client.orders.get('o-1', { signal: stop.signal }))).kind, 'aborted');
  t.equal((await failure(client.orders.get('o-1', { signal: stop.signal }))).kind, 'aborted');
});

t.test('an abort ends the wait between two attempts too', async (t) => {
  const { client } = await open(t, problemAnswer(503, 'ledger-unavailable', { 'retry-after': '20' }));
  const error = await failure(client.orders.place(ORDER, { key: 'key-1', signal: AbortSignal.timeout(50) }));
  t.match(error, { kind: 'aborted', idempotencyKey: 'key-1' });
});

t.test('answers that are too long or not JSON, and too many calls at once', async (t) => {
  const long = await startFakeLedger(jsonAnswer(200, { filler: 'x'.repeat(10_000) }));
  t.teardown(() => long.close());
  const bounded = createClient({ baseUrl: long.url, maxAnswerBytes: 1_000, maxInFlight: 1 });
  t.teardown(() => bounded.close());
  const [first, second] = await Promise.all([failure(bounded.health.live()), failure(bounded.health.live())]);
  t.equal(first.kind, 'protocol');
  t.equal(second.kind, 'overload');

  const { client } = await open(t, (response) => response.end('hello'));
  t.equal((await failure(client.health.live())).kind, 'protocol');
});

t.test('a base URL that is none, or holds a password, is refused at once', async (t) => {
  t.throws(() => createClient({ baseUrl: 'ftp://127.0.0.1' }), TypeError);
  t.throws(() => createClient({ baseUrl: 'http://user:pass@127.0.0.1' }), TypeError);
  t.throws(() => createClient({ baseUrl: 'nowhere' }), TypeError);
});

t.test('paths and queries are escaped, and a path in the base URL stays', async (t) => {
  const { fake } = await open(t, jsonAnswer(200, {}));
  const client = createClient({ baseUrl: `${fake.url}/ledger/` });
  t.teardown(() => client.close());
  await client.stamps.lookUp('a/b c', { atLeastRevision: 3, strong: true });
  await client.stamps.lookUpIfChanged('A', '"7-x"');
  await client.events.page({ after: '12', limit: 5, types: ['StampSold', 'StampVoided'], stream: 'stamp-A' });
  await client.audit.inventory({ channel: 'kanal-1', asOf: '2024-09-06T13:00:00Z' });
  t.same(
    fake.requests.map(({ url }) => url),
    [
      '/ledger/v1/stamps/a%2Fb%20c?atLeastRevision=3&consistency=strong',
      '/ledger/v1/stamps/A',
      '/ledger/v1/events?after=12&limit=5&types=StampSold%2CStampVoided&stream=stamp-A',
      '/ledger/v1/inventory?channel=kanal-1&asOf=2024-09-06T13%3A00%3A00Z',
    ],
  );
  t.equal(fake.requests[1]?.headers['if-none-match'], '"7-x"');
});

t.test('waiting is asked for with Prefer, and 304 has no body', async (t) => {
  const { fake, client } = await open(t, jsonAnswer(201, { orderId: 'o-1' }), (response) => {
    response.writeHead(304, { etag: '"7-x"' });
    response.end();
  });
  await client.orders.place(ORDER, { waitSeconds: 2.5 });
  t.equal(fake.requests[0]?.headers.prefer, 'wait=3');
  const unchanged = await client.stamps.lookUpIfChanged('A', '"7-x"');
  t.match(unchanged, { status: 304, etag: '"7-x"', body: undefined });
});
