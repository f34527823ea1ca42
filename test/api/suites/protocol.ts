import { connect } from 'node:net';
import { PROBLEMS } from '@stamp-ledger/api';
import type { Test } from 'tap';
import { fresh, problemName, UNKNOWN_SERIAL, type World } from '../world.js';

/** HTTP itself: every error is a problem, whatever goes wrong. */
export async function protocol(t: Test, world: World): Promise<void> {
  await t.test('paths and methods', (t) => pathsAndMethods(t, world));
  await t.test('malformed HTTP', (t) => malformed(t, world));
  await t.test('media types of answers', (t) => mediaTypes(t, world));
  await t.test('request ids', (t) => requestIds(t, world));
  await t.test('query parameters', (t) => parameters(t, world));
  await t.test('health, metrics, documentation', (t) => operations(t, world));
}

async function pathsAndMethods(t: Test, { call }: World): Promise<void> {
  for (const path of [
    '/v1',
    '/v1/nothing',
    '/v1/batches/',
    '/V1/batches',
    '/v1/stamps',
    '/v2/events',
    '/log/nothing',
  ]) {
    const reply = await call(path);
    t.equal(reply.status, 404, path);
    t.equal(problemName(reply), 'not-found');
  }
  const wrong = await call('/v1/batches', { method: 'DELETE' });
  t.equal(wrong.status, 405);
  t.equal(problemName(wrong), 'method-not-allowed');
  t.equal(wrong.headers.get('allow'), 'POST');
  const reservation = await call('/v1/stamps/x/reservation', { method: 'PATCH' });
  t.equal(reservation.headers.get('allow'), 'DELETE, POST');
  t.equal((await call('/v1/events', { method: 'OPTIONS' })).headers.get('allow'), 'GET, HEAD');
}

/** Sends bytes as they are and reads until the connection ends. */
function rawExchange(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    let text = '';
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer')));
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('end', () => resolve(text));
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
}

async function malformed(t: Test, { url, call }: World): Promise<void> {
  const host = 'Host: ledger.test\r\n';
  const chunked = `POST /v1/verifications HTTP/1.1\r\n${host}Content-Type: application/json\r\nIdempotency-Key: k\r\nTransfer-Encoding: chunked\r\n`;
  const cases: readonly [string, string, number, string][] = [
    ['no HTTP at all', 'scribble\r\n\r\n', 400, 'malformed-http'],
    ['a method that is none', `BREW /v1/events HTTP/1.1\r\n${host}\r\n`, 400, 'malformed-http'],
    ['no Host', 'GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'malformed-http'],
    ['a header without a colon', `GET /livez HTTP/1.1\r\n${host}broken\r\n\r\n`, 400, 'malformed-http'],
    [
      'two lengths',
      `POST /v1/batches HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx`,
      400,
      'malformed-http',
    ],
    [
      'length and chunks',
      `POST /v1/batches HTTP/1.1\r\n${host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
      'malformed-http',
    ],
    [
      'headers beyond all bounds',
      `GET /livez HTTP/1.1\r\n${host}X: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'headers-too-large',
    ],
    [
      'a path beyond all bounds',
      `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n${host}\r\n`,
      431,
      'headers-too-large',
    ],
    [
      'an unknown expectation',
      `GET /livez HTTP/1.1\r\n${host}Expect: the-best\r\n\r\n`,
      417,
      'expectation-failed',
    ],
    ['CONNECT', 'CONNECT example.test:443 HTTP/1.1\r\nHost: example.test\r\n\r\n', 405, 'method-not-allowed'],
  ];
  for (const [what, bytes, status, problem] of cases) {
    const text = await rawExchange(url, bytes);
    t.match(text, new RegExp(`^HTTP/1\\.1 ${status} `), what);
    t.match(text.toLowerCase(), /content-type: application\/problem\+json/, what);
    t.match(text, `/problems/${problem}`, what);
    t.match(text.toLowerCase(), /connection: close/, what);
  }
  const unauthenticated = await rawExchange(
    url,
    `${chunked}Authorization: Bearer none\r\nConnection: close\r\n\r\n0\r\n\r\n`,
  );
  t.match(unauthenticated, /^HTTP\/1\.1 401 /);
  t.equal((await call('/livez')).status, 200, 'the service is unmoved');
}

async function mediaTypes(t: Test, { call }: World): Promise<void> {
  const image = await call('/v1/events', { headers: { accept: 'image/png' } });
  t.equal(image.status, 406);
  t.equal(problemName(image), 'not-acceptable');
  for (const accept of ['*/*', 'application/*', 'text/html, application/json;q=0.5']) {
    const page = await call('/v1/events?limit=1', { headers: { accept } });
    t.equal(page.status, 200, accept);
    t.match(page.headers.get('content-type'), 'application/json', accept);
  }
}

async function requestIds(t: Test, world: World): Promise<void> {
  const { call } = world;
  const mine = '0F8FAD5B-D9CB-469F-A165-70867728950E';
  t.equal(
    (await call('/livez', { headers: { 'x-request-id': mine } })).headers.get('x-request-id'),
    mine.toLowerCase(),
  );
  const other = (await call('/livez', { headers: { 'x-request-id': 'not an id' } })).headers.get(
    'x-request-id',
  );
  t.match(other, /^[0-9a-f-]{36}$/);
  const trace = fresh();
  const incidentId = `i-${fresh()}`;
  const headers = { traceparent: `00-${trace}-00f067aa0ba902b7-01`, 'x-request-id': mine };
  await call('/v1/incidents', { body: { incidentId, title: 'traced' }, headers });
  const page = await call(`/v1/events?stream=incident-${incidentId}`);
  const [event] = page.json.events as { readonly metadata: { readonly correlationId: string } }[];
  t.equal(event?.metadata.correlationId.replaceAll('-', ''), trace, 'the trace is in the metadata');
}

async function parameters(t: Test, { call }: World): Promise<void> {
  const cases: readonly [string, string][] = [
    ['/v1/events?limit=0', 'limit'],
    ['/v1/events?limit=1001', 'limit'],
    ['/v1/events?after=abc', 'after'],
    ['/v1/events?stream=everything', 'stream'],
    ['/v1/events?types=a,,b', 'types'],
    ['/v1/events?types=Foo', 'types'],
    ['/v1/events?types=StampSold,toString', 'types'],
    ['/v1/events?types=', 'types'],
    ['/v1/events?after=1', 'after'],
    ['/v1/events?after=9999999999999999', 'after'],
    ['/v1/events?colour=red', 'colour'],
    ['/v1/inventory?asOf=yesterday', 'asOf'],
    ['/v1/inventory?asOf=2024-02-30T00:00:00Z', 'asOf'],
    ['/v1/inventory?denomination=1e3', 'denomination'],
    ['/v1/inventory?channel=Kantor%20Pos', 'channel'],
    ['/v1/audit/conservation?asOf=12345678901234567', 'asOf'],
    ['/v1/audit/conservation?asOf=9999999999999999', 'asOf'],
    ['/v1/audit/conservation?asOf=2024', 'asOf'],
    ['/v1/audit/conservation?asOf=2024-09-05', 'asOf'],
    [`/v1/stamps/${UNKNOWN_SERIAL}/history?asOf=42`, 'asOf'],
    ['/v1/incidents?limit=many', 'limit'],
    ['/v1/documents/ABC', 'sha256'],
    ['/v1/orders/..%2Fx', 'id'],
    ['/v1/batches/%00', 'id'],
  ];
  for (const [path, parameter] of cases) {
    const reply = await call(path);
    t.equal(problemName(reply), 'invalid-request', path);
    t.match(reply.json.errors, [{ parameter }], path);
    if (parameter === 'asOf') t.match(reply.text, /RFC 3339 .* position/, 'says both forms');
  }
}

async function operations(t: Test, { call }: World): Promise<void> {
  t.strictSame((await call('/livez', { token: null })).json, { status: 'live' });
  t.match((await call('/readyz', { token: null })).json, { status: 'ready', sealing: { status: 'running' } });
  await call(`/v1/stamps/${UNKNOWN_SERIAL}`);
  const metrics = await call('/metrics', { token: null });
  for (const pattern of [
    /stamp_ledger_http_requests_total\{method="GET",route="\/v1\/stamps\/\{serial\}",status="404"\} \d+/,
    /stamp_ledger_http_request_duration_seconds_bucket/,
    /stamp_ledger_http_requests_in_flight \d+/,
    /stamp_ledger_projection_lag_positions\{projection="inventory"\} \d+/,
    /stamp_ledger_projection_halted\{projection="verification"\} 0/,
    /nodejs_eventloop_lag_seconds/,
  ])
    t.match(metrics.text, pattern);
  t.notMatch(metrics.text, UNKNOWN_SERIAL, 'labels are bounded');

  const docs = await call('/docs', { token: null });
  t.match(docs.headers.get('content-security-policy'), /default-src 'none'/);
  t.equal((await call('/', { token: null })).text, docs.text, 'where the ready line leads to');
  for (const file of docs.text.match(/\/docs\/[\w.-]+/g) ?? [])
    t.equal((await call(file, { token: null })).status, 200, file);
  t.notMatch(docs.text, /https?:/, 'nothing from elsewhere');
  t.equal((await call('/docs/package.json')).status, 404);
  const document = await call('/openapi.json', { token: null });
  t.equal(document.json.openapi, '3.1.0');
  t.notMatch(document.text, /"\$ref":"[^#]/, 'in one piece');

  for (const [name, { status, title }] of Object.entries(PROBLEMS)) {
    const page = await call(`/problems/${name}`, { token: null });
    t.match(page.json, { type: `/problems/${name}`, status, title });
  }
  t.equal((await call('/problems/none-such')).status, 404);
}
