import type { Test } from 'tap';
import {
  fresh,
  freshDocument,
  head,
  mintStamps,
  pdf,
  problemName,
  RUPIAH_10000,
  soldStamp,
  type World,
} from '../world.js';

/** The same key: the same body gets the first answer, another body none, and a running request has none yet. */
export async function idempotency(t: Test, world: World): Promise<void> {
  await t.test('the same request again', (t) => sameAgain(t, world));
  await t.test('the same key for another body', (t) => otherBody(t, world));
  await t.test('what a key is unique within', (t) => scopes(t, world));
  await t.test('two at the same time', (t) => concurrent(t, world));
  await t.test('a refusal is an answer, too', (t) => refusal(t, world));
}

async function sameAgain(t: Test, world: World): Promise<void> {
  const { call } = world;
  const [serial = ''] = await mintStamps(call, 1);
  const key = `sale-${fresh()}`;
  const request = { body: { channel: 'direct', holder: 'h1' }, key };
  const first = await call(`/v1/stamps/${serial}/sale`, request);
  const before = await head(world);
  const second = await call(`/v1/stamps/${serial}/sale`, request);
  t.equal(second.status, 201);
  t.equal(second.text, first.text);
  t.equal(second.headers.get('ledger-position'), first.headers.get('ledger-position'));
  t.equal(first.headers.get('idempotency-replayed'), null);
  t.equal(second.headers.get('idempotency-replayed'), 'true');
  t.not(second.headers.get('x-request-id'), first.headers.get('x-request-id'));
  const typed = await call(`/v1/stamps/${serial.toLowerCase()}/sale`, { ...request, key: `"${key}"` });
  t.equal(typed.text, first.text, 'the serial in lower case and the key in quotes are the same');
  t.equal(await head(world), before, 'the ledger is unchanged');
}

async function otherBody(t: Test, world: World): Promise<void> {
  const { call } = world;
  const key = `batch-${fresh()}`;
  const body = { denomination: RUPIAH_10000, quantity: 1, series: 'TEST-2024' };
  await call('/v1/batches', { body, key, headers: { prefer: 'wait=20' } });
  const before = await head(world);
  const other = await call('/v1/batches', { body: { ...body, quantity: 2 }, key });
  t.equal(other.status, 422);
  t.equal(problemName(other), 'idempotency-key-reused');
  t.equal(await head(world), before, 'the ledger is unchanged');
}

async function scopes(t: Test, { call }: World): Promise<void> {
  const [one = '', two = ''] = await mintStamps(call, 2);
  const request = { body: { channel: 'direct', holder: 'h1' }, key: `key-${fresh()}` };
  t.equal((await call(`/v1/stamps/${one}/sale`, request)).status, 201);
  const other = await call(`/v1/stamps/${two}/sale`, request);
  t.equal(other.status, 201, 'the same key on another path is another command');
  t.equal(other.json.serial, two);
}

async function concurrent(t: Test, world: World): Promise<void> {
  const { call } = world;
  const channel = `empty-${fresh().slice(0, 12)}`;
  const request = {
    body: {
      channel,
      holder: 'h1',
      denomination: RUPIAH_10000,
      quantity: 1,
      payment: {
        reference: `PAY-${fresh()}`,
        amount: '10000',
        currency: 'IDR',
        paidAt: '2024-09-06T13:00:00Z',
      },
    },
    key: `order-${fresh()}`,
    headers: { prefer: 'wait=1' },
  };
  // There is no stock, so the first one waits a whole second.
  const first = call('/v1/orders', request);
  const second = await call('/v1/orders', { ...request, headers: {} }).then(async (reply) =>
    // Should the second have come first by a hair, the roles are the other way round.
    reply.status === 409 ? reply : call('/v1/orders', request),
  );
  const answer = await first;
  t.ok([answer.status, second.status].includes(409), 'one of two has to come back later');
  t.equal(problemName(answer.status === 409 ? answer : second), 'request-in-progress');
  t.equal((answer.status === 409 ? answer : second).headers.get('retry-after'), '1');
  const repeated = await call('/v1/orders', request);
  t.equal(repeated.status, 202);
  t.equal(repeated.headers.get('idempotency-replayed'), 'true');
  await call(`/v1/orders/${String(repeated.json.orderId)}/cancellation`, { body: {} });
  await call(`/v1/orders/${String(repeated.json.orderId)}/refund`, { body: { policyVersion: '1' } });
}

async function refusal(t: Test, { call }: World): Promise<void> {
  const [serial = ''] = await mintStamps(call, 1);
  const request = { body: { document: pdf(freshDocument()) }, key: `affix-${fresh()}` };
  const refused = await call(`/v1/stamps/${serial}/affixation`, request);
  t.equal(problemName(refused), 'not-sold');
  await call(`/v1/stamps/${serial}/sale`, { body: { channel: 'direct', holder: 'h1' } });
  const again = await call(`/v1/stamps/${serial}/affixation`, request);
  t.equal(again.text, refused.text, 'the answer stays, though by now it would be another');
  const sold = await soldStamp(call);
  const unread = { raw: '{', key: `affix-${fresh()}` };
  t.equal((await call(`/v1/stamps/${sold}/affixation`, unread)).status, 400);
  const corrected = await call(`/v1/stamps/${sold}/affixation`, { ...request, key: unread.key });
  t.equal(corrected.status, 201, 'a request that was never understood does not use its key up');
}
