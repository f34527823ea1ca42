import { createOidcAuthenticator } from '@stamp-ledger/api';
import { PortError } from '@stamp-ledger/app';
import type { PortErrorKind } from '@stamp-ledger/ports';
import type { OpenLedger } from '@stamp-ledger/wiring';
import type { Test } from 'tap';
import type { Caller, Reply } from '../../support/http.js';
import { serve } from '../../support/server.js';
import { AUDIENCE, openIdentityProvider } from '../identity-provider.js';
import { DOCUMENT, fresh, head, problemName, UNSEEN_SERIAL, type World } from '../world.js';

type Operation = World['recorder']['operations'][number];

/** What all routes have in common, tried on each one. */
export async function everyRoute(t: Test, world: World): Promise<void> {
  const routes = world.recorder.operations.filter(({ path }) => path.startsWith('/v1/'));
  // Its body is no JSON, and what is wrong with a line is said in the line's place: tested by itself.
  const whole = routes.filter(({ path }) => path !== '/v1/verifications/bulk');
  const commands = whole.filter(({ method }) => method === 'POST');
  const before = await head(world);
  await t.test('without a token', (t) => unauthenticated(t, world, routes));
  await t.test('without the scope', (t) => unscoped(t, world, routes));
  await t.test('in a media type that is not there', (t) => unacceptable(t, world, routes));
  await t.test('with an unknown parameter', (t) => unknownParameter(t, world));
  await t.test('with a body that is none', (t) => badBodies(t, world, commands));
  await t.test('with a removal that is none', (t) => badRemovals(t, world));
  await t.test('while the first still runs', (t) => inProgress(t, world, whole));
  await t.test('of something unknown', (t) => unknownThing(t, world, routes));
  t.equal(await head(world), before, 'the ledger is unchanged');
  await t.test('with a key for something else', (t) => reusedKey(t, world, commands));
  await t.test('while the ledger fails', (t) => failing(t, world, whole));
}

/** Queries of the routes that do not go without. */
const QUERIES: Readonly<Record<string, string>> = {
  '/v1/audit/outage': '?from=2024-09-06T00:00:00Z&to=2024-09-07T00:00:00Z',
};

const pathOf = ({ path }: Operation): string =>
  path.replace('{serial}', UNSEEN_SERIAL).replace('{id}', 'nobody').replace('{sha256}', DOCUMENT) +
  (QUERIES[path] ?? '');

/** The request that the document gives as an example. */
const example = (call: Caller, operation: Operation, extra: Parameters<Caller>[1] = {}): Promise<Reply> =>
  call(pathOf(operation), {
    method: operation.method,
    ...(operation.body === undefined ? {} : { body: operation.body }),
    ...extra,
  });

async function unauthenticated(t: Test, { call }: World, routes: readonly Operation[]): Promise<void> {
  for (const route of routes.filter(({ scope }) => scope !== undefined))
    t.equal(
      problemName(await example(call, route, { token: null })),
      'unauthenticated',
      `${route.method} ${route.path}`,
    );
}

async function unscoped(t: Test, world: World, routes: readonly Operation[]): Promise<void> {
  const provider = await openIdentityProvider();
  const { issuer, jwksUrl } = provider;
  const authenticator = createOidcAuthenticator({ issuer, audience: AUDIENCE, jwksUrl });
  const { api, call } = await serve(world.opened, { authenticator, witness: world.recorder.witness });
  const all = ['issue', 'read', 'sell', 'affix', 'verify', 'audit', 'subscribe', 'operate'];
  for (const route of routes.filter(({ scope }) => scope !== undefined)) {
    const token = await provider.token({
      scope: all.filter((each) => each !== route.scope).join(' '),
      channel: 'c1',
    });
    t.equal(
      problemName(await example(call, route, { token })),
      'insufficient-scope',
      `${route.method} ${route.path}`,
    );
  }
  await api.close();
  await provider.close();
}

async function unacceptable(t: Test, { call }: World, routes: readonly Operation[]): Promise<void> {
  for (const route of routes)
    t.equal(problemName(await example(call, route, { headers: { accept: 'image/png' } })), 'not-acceptable');
}

/** Whatever the method: a parameter that is misspelt must not be taken for one that is not there. */
async function unknownParameter(t: Test, { call, recorder }: World): Promise<void> {
  for (const route of recorder.operations) {
    const { method, body } = route;
    const path = `${pathOf(route)}${pathOf(route).includes('?') ? '&' : '?'}nonsense=1`;
    const reply = await call(path, { method, ...(body === undefined ? {} : { body }) });
    t.equal(reply.status, 400, `${method} ${path}`);
    t.equal(problemName(reply), 'invalid-request', `${method} ${path}`);
    t.match(reply.json.errors, [{ parameter: 'nonsense' }]);
  }
}

async function badBodies(t: Test, { call }: World, commands: readonly Operation[]): Promise<void> {
  for (const route of commands) {
    const at = pathOf(route);
    t.equal(problemName(await call(at, { raw: '{}', key: null })), 'idempotency-key-required', at);
    t.equal(
      problemName(await call(at, { raw: '{}', headers: { 'content-type': 'text/plain' } })),
      'unsupported-media-type',
    );
    t.equal(problemName(await call(at, { raw: ' '.repeat(70_000) })), 'body-too-large');
    t.equal(problemName(await call(at, { raw: '{"nonsense":1}' })), 'invalid-request');
    if (!route.bodyOptional) t.equal(problemName(await call(at, { raw: '' })), 'malformed-json');
  }
}

/** A removal has no body; its serial and key can be at fault. */
async function badRemovals(t: Test, { call }: World): Promise<void> {
  const at = (serial: string) => `/v1/stamps/${serial}/reservation`;
  t.equal(problemName(await call(at('scribble'), { method: 'DELETE' })), 'malformed-serial');
  t.equal(
    problemName(await call(at(UNSEEN_SERIAL), { method: 'DELETE', key: 'two words' })),
    'invalid-idempotency-key',
  );
  for (const raw of ['{}', 'scribble', 'x'.repeat(100_000)])
    for (const key of ['k', null])
      t.equal(
        problemName(await call(at(UNSEEN_SERIAL), { method: 'DELETE', raw, key })),
        'unexpected-body',
        raw.slice(0, 10),
      );
}

/** The keys of a service in which every key's first request still runs. */
const stillRunning: OpenLedger['idempotencyKeys'] = {
  claim: async () => ({ kind: 'in-progress' }),
  finish: async () => undefined,
  release: async () => undefined,
  close: async () => undefined,
};

async function inProgress(t: Test, world: World, routes: readonly Operation[]): Promise<void> {
  const { api, call } = await serve(world.opened, {
    idempotencyKeys: stillRunning,
    witness: world.recorder.witness,
  });
  for (const route of routes.filter(({ method }) => method !== 'GET')) {
    const reply = await example(call, route, { key: 'k' });
    t.equal(problemName(reply), 'request-in-progress', route.path);
    t.equal(reply.headers.get('retry-after'), '1');
  }
  await api.close();
}

async function unknownThing(t: Test, { call }: World, routes: readonly Operation[]): Promise<void> {
  for (const route of routes.filter(({ path, statuses }) => path.includes('{') && statuses.includes(404))) {
    const reply = await example(call, route);
    t.equal(reply.status, 404, `${route.method} ${route.path}: ${reply.text}`);
    t.match(problemName(reply), /^unknown-/);
  }
}

/** The examples of the document are good requests: each gets a final answer, which a second body then may not have. */
async function reusedKey(t: Test, world: World, commands: readonly Operation[]): Promise<void> {
  const { call } = world;
  // That no ticket is needed holds for a moment and is not kept; the waiting room's own suite takes one.
  const kept = commands.filter(({ path }) => path !== '/v1/queue');
  for (const route of kept.filter(({ bodyOptional }) => !bodyOptional)) {
    const key = `key-${fresh()}`;
    const first = await example(call, route, { key });
    t.ok(first.status < 500 && first.status !== 400, `${route.path} answered ${first.text}`);
    const other = await call(pathOf(route), { raw: `${JSON.stringify(route.body)} `, key });
    t.equal(problemName(other), 'idempotency-key-reused', route.path);
  }
  for (const route of commands.filter(({ bodyOptional }) => bodyOptional)) {
    const key = `key-${fresh()}`;
    await call(pathOf(route), { raw: '', key });
    t.equal(problemName(await call(pathOf(route), { raw: '{}', key })), 'idempotency-key-reused', route.path);
  }
}

/** A ledger in which everything fails in one way. */
function failingLedger(kind: PortErrorKind): OpenLedger['ledger'] {
  const fail = (): never => {
    throw new PortError(kind, 'secret detail of the store');
  };
  /** What is known without asking anybody. */
  const unasked: Readonly<Record<string | symbol, () => unknown>> = { status: () => [], doors: () => 'none' };
  const part = new Proxy({}, { get: (_part, name) => unasked[name] ?? fail });
  const commits = { take: () => ({ count: 0, p90Milliseconds: 0 }) };
  // What is known of the sealer is in memory: it does not fail.
  const known = {
    status: () => ({ kind: 'starting' }),
    sealed: () => undefined,
    lagMilliseconds: () => 0,
    whenSealed: fail,
  };
  const get = (_ledger: object, name: string | symbol) => {
    if (name === 'sealing') return known;
    if (name === 'commits') return commits;
    return name === 'refused' ? () => undefined : part;
  };
  return new Proxy({}, { get }) as OpenLedger['ledger'];
}

/** Keys that remember nothing, so that a failure cannot be told from the store of keys. */
const forgetful: OpenLedger['idempotencyKeys'] = {
  ...stillRunning,
  claim: async () => ({ kind: 'claimed' }),
};

async function failing(t: Test, world: World, routes: readonly Operation[]): Promise<void> {
  for (const kind of ['unavailable', 'timeout', 'corrupt'] as const) {
    const { api, call } = await serve(world.opened, {
      ledger: failingLedger(kind),
      idempotencyKeys: forgetful,
      witness: world.recorder.witness,
    });
    for (const route of routes) {
      const reply = await example(call, route);
      t.equal(problemName(reply), expected(kind, route), `${route.method} ${route.path}`);
      t.notMatch(reply.text, /secret|PortError|at .*\.js/, 'nothing of the inside comes out');
      if (reply.status === 503) t.match(reply.headers.get('retry-after'), /^[1-5]$/);
    }
    const ready = await call('/readyz');
    t.equal(ready.status, 503, 'it does not look ready');
    const checks = (ready.json.failing as { readonly check: string }[]).map(({ check }) => check);
    t.ok(checks.includes(kind === 'corrupt' ? 'store-corrupt' : 'store-unavailable'), checks.join());
    await api.close();
  }
}

function expected(kind: PortErrorKind, { method }: Operation): string {
  if (kind === 'corrupt') return 'internal-error';
  return kind === 'timeout' && method !== 'GET' ? 'command-outcome-unknown' : 'ledger-unavailable';
}
