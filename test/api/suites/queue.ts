import { createOidcAuthenticator } from '@stamp-ledger/api';
import type { Test } from 'tap';
import { eventually } from '../../support/eventually.js';
import type { Caller, Reply } from '../../support/http.js';
import { serve } from '../../support/server.js';
import { AUDIENCE, openIdentityProvider } from '../identity-provider.js';
import { fresh, payment, problemName, RUPIAH_10000, stockedChannel, type World } from '../world.js';

const order = (channel: string, more: object = {}) => ({
  channel,
  holder: 'holder-1',
  denomination: RUPIAH_10000,
  quantity: 1,
  ...more,
});

const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1_000).toISOString();

/** The waiting room over HTTP. Runs after the others: from here on orders need tickets. */
export async function queue(t: Test, world: World): Promise<void> {
  const { call, opened } = world;
  const channel = await stockedChannel(call, 3);
  await t.test('while no ticket is needed', async (t) => {
    t.match((await call('/v1/queue', { token: null })).json, { isOpen: false, openings: [] });
    const key = fresh();
    const taken = await call('/v1/queue', { body: { channel }, key });
    t.equal(taken.status, 200);
    t.strictSame(taken.json, { status: 'not-needed' });
    const again = await call('/v1/queue', { body: { channel }, key });
    t.equal(again.headers.get('idempotency-replayed'), null, 'what is true for a moment is not kept');
  });
  await t.test('announcing and withdrawing', (t) => openings(t, call));

  opened.startWaitingRoom({
    intake: { capacity: () => 1_000, isPressed: () => false, isPressedByLine: () => false },
  });
  const openingId = `opening-${fresh().slice(0, 8)}`;
  const body = { openingId, opensAt: inSeconds(2), ticketsFrom: inSeconds(0.2), title: 'Last day' };
  t.equal((await call('/v1/queue/openings', { body })).status, 201);
  t.equal((await call('/v1/queue/openings', { body })).status, 200, 'the same again');
  await eventually(async () => (await call('/v1/queue')).json.isOpen === true, {
    what: 'the room opens',
    milliseconds: 10_000,
  });
  await t.test('while tickets are needed', (t) => tickets(t, world, channel));
}

async function openings(t: Test, call: Caller): Promise<void> {
  const openingId = `opening-${fresh().slice(0, 8)}`;
  const opensAt = '2123-09-06T15:00:00.000Z';
  const shares = [{ channel: 'kios-1', weight: 3 }];
  const announced = await call('/v1/queue/openings', { body: { openingId, opensAt, shares } });
  t.equal(announced.status, 201);
  t.match(announced.json, {
    openingId,
    status: 'announced',
    ticketsFrom: '2123-09-06T14:45:00.000Z',
    shares,
  });
  t.match((await call('/v1/queue')).json.openings, [{ openingId, opensAt }]);
  const at = `/v1/queue/openings/${openingId}/withdrawal`;
  const withdrawn = await call(at, { body: { reason: 'registration-extended' } });
  t.equal(withdrawn.status, 201);
  t.match(withdrawn.json, { status: 'withdrawn' });
  t.equal((await call(at, { raw: '' })).status, 200, 'withdrawn already');
  t.match((await call('/v1/queue/openings')).json.openings, [{ openingId, status: 'withdrawn' }]);
  t.equal(
    problemName(await call('/v1/queue/openings', { body: { opensAt: '2024-09-06T15:00:00Z' } })),
    'opening-in-the-past',
  );
}

async function tickets(t: Test, world: World, channel: string): Promise<void> {
  const { call } = world;
  const orderKey = fresh();
  const first = order(channel, { payment: payment('10000', 'PAY-queue-2') });
  const without = await call('/v1/orders', { body: first, key: orderKey });
  t.equal(without.status, 429);
  t.equal(problemName(without), 'queue-ticket-required');
  t.match(without.headers.get('link'), '</v1/queue>');
  t.ok(Number(without.headers.get('retry-after')) >= 1);
  const brought = without.json.facts as { readonly ticket: string; readonly orderId: string };
  t.match(without.json.facts, { queue: '/v1/queue', ticket: String, orderId: String, status: String });
  t.match(
    (await call(`/v1/queue/${brought.ticket}`)).json,
    { status: 'before-opening' },
    'the refusal brings a ticket along',
  );

  const ticketKey = fresh();
  const taken = await call('/v1/queue', { body: { channel }, key: ticketKey });
  t.equal(taken.status, 201);
  t.equal(
    (await call('/v1/queue', { body: { channel }, key: ticketKey })).json.ticket,
    taken.json.ticket,
    'asked again, no new place',
  );
  t.equal(
    problemName(await call('/v1/queue', { body: { channel, orderId: 'another' }, key: ticketKey })),
    'idempotency-key-reused',
  );
  const ticket = String(taken.json.ticket);
  t.equal(taken.headers.get('location'), `/v1/queue/${ticket}`);
  t.match(taken.json, { status: 'before-opening', orderId: String });
  const key = fresh();
  const place = (more: { readonly body?: object; readonly key?: string; readonly ticket?: string } = {}) =>
    call('/v1/orders', {
      body: more.body ?? order(channel, { payment: payment('10000', 'PAY-queue-1') }),
      key: more.key ?? fresh(),
      headers: { 'queue-ticket': more.ticket ?? ticket, prefer: 'wait=10' },
    });
  t.equal(problemName(await place({ key })), 'queue-ticket-not-admitted');
  await strangers(t, world, { channel, ticket });

  const look = (): Promise<Reply> => call(`/v1/queue/${ticket}`);
  await eventually(async () => (await look()).json.status === 'admitted', {
    what: 'the ticket is admitted',
    milliseconds: 20_000,
  });
  t.equal(problemName(await place({ ticket: ticket.replace('1.', '2.') })), 'invalid-queue-ticket');
  t.equal(problemName(await place({ body: order('kios-9') })), 'queue-ticket-for-other-order');
  const placed = await place({ key });
  t.equal(placed.status, 201, 'the key that was kept out is let in');
  t.equal(placed.json.orderId, taken.json.orderId, 'the order that the ticket names');
  t.equal((await place({ key })).headers.get('idempotency-replayed'), 'true');
  const own = await place({
    body: order(channel, { payment: payment('10000', 'PAY-queue-2') }),
    key: orderKey,
    ticket: brought.ticket,
  });
  t.equal(own.status, 201, 'the ticket that was brought along lets the same request in');
  t.equal(own.json.orderId, brought.orderId);
  const second = await place({ body: order(channel, { holder: 'holder-2' }) });
  t.equal(problemName(second), 'order-exists', 'a ticket is for one order');
  t.match((await call('/metrics')).text, /^stamp_ledger_queue_open 1$/m);
}

/** Whoever else has the ticket: another buyer of the channel, and another channel. */
async function strangers(
  t: Test,
  { opened, recorder }: World,
  { channel, ticket }: { readonly channel: string; readonly ticket: string },
): Promise<void> {
  const provider = await openIdentityProvider();
  const { issuer, jwksUrl } = provider;
  const authenticator = createOidcAuthenticator({ issuer, audience: AUDIENCE, jwksUrl });
  const { api, call } = await serve(opened, { authenticator, witness: recorder.witness });
  const token = await provider.token({ scope: 'sell', channel });
  t.equal(problemName(await call(`/v1/queue/${ticket}`, { token })), 'invalid-queue-ticket');
  const headers = { 'queue-ticket': ticket };
  t.equal(
    problemName(await call('/v1/orders', { token, headers, body: order(channel) })),
    'invalid-queue-ticket',
  );
  t.equal(
    problemName(await call('/v1/queue', { token, body: { channel: 'kios-9' } })),
    'wrong-channel',
    'a channel takes tickets for itself alone',
  );
  await api.close();
  await provider.close();
}
