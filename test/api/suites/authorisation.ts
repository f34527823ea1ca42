import { createOidcAuthenticator } from '@stamp-ledger/api';
import type { Test } from 'tap';
import { serve } from '../../support/server.js';
import { AUDIENCE, type IdentityProvider, openIdentityProvider } from '../identity-provider.js';
import {
  freshDocument,
  head,
  payment,
  pdf,
  problemName,
  RUPIAH_10000,
  stockedChannel,
  type World,
} from '../world.js';

interface Guarded {
  readonly world: World;
  readonly provider: IdentityProvider;
}

/** Who may do what: tokens of an identity provider, their scopes and their channel. */
export async function authorisation(t: Test, admin: World): Promise<void> {
  const provider = await openIdentityProvider();
  const { issuer, jwksUrl } = provider;
  const authenticator = createOidcAuthenticator({ issuer, audience: AUDIENCE, jwksUrl });
  const { api, url, call } = await serve(admin.opened, { authenticator, witness: admin.recorder.witness });
  const guarded: Guarded = { world: { ...admin, url, call }, provider };
  await t.test('tokens', (t) => tokens(t, guarded));
  await t.test('scopes', (t) => scopes(t, guarded));
  await t.test('channels', (t) => channels(t, guarded, admin));
  await t.test('no keys to be had', (t) => noKeys(t, admin));
  await t.test('the administrator', (t) => administrator(t, admin));
  await api.close();
  await provider.close();
}

async function tokens(t: Test, { world, provider }: Guarded): Promise<void> {
  const now = Math.floor(Date.now() / 1000);
  const path = '/v1/inventory';
  const good = await provider.token({ scope: 'read' });
  t.equal((await world.call(path, { token: good })).status, 200);
  t.equal((await world.call(path, { token: good })).status, 200);
  t.equal(provider.asked(), 1, 'the keys are fetched once');
  const refused: Record<string, string | null> = {
    'no token': null,
    'no JWT': 'scribble',
    'another audience': await provider.token({ scope: 'read', aud: 'somebody-else' }),
    'another issuer': await provider.token({ scope: 'read', iss: 'http://127.0.0.1:1' }),
    expired: await provider.token({ scope: 'read', exp: now - 120 }),
    'not valid yet': await provider.token({ scope: 'read', nbf: now + 120 }),
    'no expiry': await provider.token({ scope: 'read', exp: undefined }),
    'no subject': await provider.token({ scope: 'read', sub: undefined }),
    'a subject that is too long': await provider.token({ scope: 'read', sub: 's'.repeat(257) }),
    'a name of the ledger itself': await provider.token({ scope: 'read', sub: 'ledger:minting' }),
    'another key': await provider.forged({ scope: 'read' }),
    'an unknown key id': await provider.token({ scope: 'read' }, { kid: 'second' }),
    'another type of token': await provider.token({ scope: 'read' }, { typ: 'logout+jwt' }),
    'alg none': provider.unsigned({ scope: 'read' }),
    'the public key as a secret': await provider.confused({ scope: 'read' }),
    'a channel that is none': await provider.token({ scope: 'read', channel: 'Kantor Pos' }),
    'a changed signature': `${good.slice(0, -4)}AAAA`,
  };
  for (const [what, token] of Object.entries(refused)) {
    const reply = await world.call(path, { token });
    t.equal(reply.status, 401, what);
    t.equal(problemName(reply), 'unauthenticated', what);
    t.match(reply.headers.get('www-authenticate'), /^Bearer /, what);
  }
  const basic = await world.call(path, { token: null, headers: { authorization: 'Basic YWRtaW46YWRtaW4=' } });
  t.equal(basic.status, 401);
}

async function scopes(t: Test, { world, provider }: Guarded): Promise<void> {
  const token = await provider.token({ scope: 'read verify' });
  const before = await head(world);
  const reply = await world.call('/v1/batches', {
    body: { denomination: RUPIAH_10000, quantity: 1, series: 'TEST-2024' },
    token,
  });
  t.equal(reply.status, 403);
  t.equal(problemName(reply), 'insufficient-scope');
  t.match(reply.headers.get('www-authenticate'), /error="insufficient_scope", scope="issue"/);
  t.equal(await head(world), before, 'the ledger is unchanged');
  t.equal((await world.call('/v1/verifications', { body: { serial: 'scribble' }, token })).status, 200);
  const none = await provider.token({});
  t.equal(problemName(await world.call('/v1/inventory', { token: none })), 'insufficient-scope');
  t.equal((await world.call('/livez', { token: 'scribble' })).status, 200, 'what is open stays open');
}

async function channels(t: Test, { world, provider }: Guarded, admin: World): Promise<void> {
  const channel = await stockedChannel(admin.call, 3);
  const other = await stockedChannel(admin.call, 1);
  const mine = await provider.token({ scope: 'sell affix', channel, sub: 'seller-1' });
  const theirs = await provider.token({ scope: 'sell affix', channel: other, sub: 'seller-2' });
  const nowhere = await provider.token({ scope: 'sell affix' });
  const order = (of: string) => ({
    body: { channel: of, holder: 'h1', denomination: RUPIAH_10000, quantity: 1, payment: payment('10000') },
    headers: { prefer: 'wait=20' },
  });
  const placed = await world.call('/v1/orders', { ...order(channel), token: mine });
  t.equal(placed.status, 201);
  const [serial = ''] = placed.json.serials as string[];
  const path = `/v1/orders/${String(placed.json.orderId)}`;
  t.equal((await world.call(path, { token: mine })).status, 200);

  const before = await head(world);
  const document = { body: { document: pdf(freshDocument()) } };
  const refused: readonly [string, string, Parameters<World['call']>[1], number, string][] = [
    ['an order for another channel', '/v1/orders', { ...order(other), token: mine }, 403, 'wrong-channel'],
    [
      'an order without a channel',
      '/v1/orders',
      { ...order(channel), token: nowhere },
      403,
      'channel-required',
    ],
    ["reading another channel's order", path, { token: theirs }, 404, 'unknown-order'],
    ['reading orders without a channel', path, { token: nowhere }, 403, 'channel-required'],
    [
      "paying another channel's order",
      `${path}/payments`,
      { body: payment('10000'), token: theirs },
      404,
      'unknown-order',
    ],
    [
      "refunding another channel's order",
      `${path}/refund`,
      { body: { policyVersion: '1' }, token: theirs },
      404,
      'unknown-order',
    ],
    [
      "cancelling another channel's order",
      `${path}/cancellation`,
      { body: {}, token: theirs },
      404,
      'unknown-order',
    ],
    [
      "affixing another channel's stamp",
      `/v1/stamps/${serial}/affixation`,
      { ...document, token: theirs },
      403,
      'wrong-channel',
    ],
    [
      'affixing without a channel',
      `/v1/stamps/${serial}/affixation`,
      { ...document, token: nowhere },
      403,
      'channel-required',
    ],
    [
      "releasing another channel's stamp",
      `/v1/stamps/${serial}/reservation`,
      { method: 'DELETE', token: theirs },
      403,
      'wrong-channel',
    ],
    [
      'selling for another channel',
      `/v1/stamps/${serial}/sale`,
      { body: { channel: other, holder: 'h' }, token: mine },
      403,
      'wrong-channel',
    ],
  ];
  for (const [what, at, call, status, problem] of refused) {
    const reply = await world.call(at, call);
    t.equal(reply.status, status, what);
    t.equal(problemName(reply), problem, what);
  }
  await hidden(t, world, { path, token: theirs });
  t.equal(await head(world), before, 'the ledger is unchanged');
  const affixed = await world.call(`/v1/stamps/${serial}/affixation`, { ...document, token: mine });
  t.equal(affixed.status, 201, 'its own it may');
  const page = await admin.call(`/v1/events?stream=stamp-${serial}&types=StampAffixed`);
  t.match(page.json.events, [{ metadata: { actor: 'seller-1' } }], 'the subject is the actor');
}

/** An order that is somebody else's and one that nobody ever placed are answered alike, to the letter. */
async function hidden(
  t: Test,
  { call }: World,
  { path, token }: { readonly path: string; readonly token: string },
): Promise<void> {
  const requests: Readonly<Record<string, Parameters<World['call']>[1]>> = {
    '': {},
    '/payments': { body: payment('10000') },
    '/cancellation': { raw: '' },
    '/refund': { body: { policyVersion: '1' } },
  };
  for (const [rest, request] of Object.entries(requests)) {
    const [foreign, missing] = await Promise.all(
      [path, '/v1/orders/nobody'].map((order) => call(order + rest, { ...request, token })),
    );
    t.strictSame(
      { ...foreign?.json, instance: '' },
      { ...missing?.json, instance: '' },
      `${rest} tells nothing`,
    );
  }
}

async function noKeys(t: Test, admin: World): Promise<void> {
  const gone = await openIdentityProvider();
  const token = await gone.token({ scope: 'read' });
  await gone.close();
  const authenticator = createOidcAuthenticator({
    issuer: gone.issuer,
    audience: AUDIENCE,
    jwksUrl: gone.jwksUrl,
  });
  const { api, call } = await serve(admin.opened, { authenticator, witness: admin.recorder.witness });
  const reply = await call('/v1/inventory', { token });
  t.equal(reply.status, 503);
  t.equal(problemName(reply), 'identity-provider-unavailable');
  t.match(reply.headers.get('retry-after'), /^[1-5]$/);
  await api.close();
}

async function administrator(t: Test, { call, opened }: World): Promise<void> {
  const { adminToken = '' } = opened;
  t.equal((await call('/v1/inventory', { token: adminToken })).status, 200);
  for (const token of [adminToken.slice(1), `${adminToken}x`, adminToken.toUpperCase(), 'x'.repeat(9_000)])
    t.equal((await call('/v1/inventory', { token })).status, 401);
  const lower = await call('/v1/inventory', {
    token: null,
    headers: { authorization: `bearer ${adminToken}` },
  });
  t.equal(lower.status, 200, 'the scheme may be in lower case');
}
