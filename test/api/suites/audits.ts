import type { Test } from 'tap';
import type { JsonObject } from '../../support/http.js';
import { fresh, payment, RUPIAH_10000, soldStamp, stockedChannel, type World } from '../world.js';

const WAIT = { prefer: 'wait=10' };

/** What auditors compare with the world outside. */
export async function audits(t: Test, world: World): Promise<void> {
  await t.test('payments', (t) => payments(t, world));
}

async function payments(t: Test, { call }: World): Promise<void> {
  const channel = await stockedChannel(call, 1);
  const reference = `PAY-${fresh()}`;
  const body = { channel, holder: 'h1', denomination: RUPIAH_10000, quantity: 1 };
  const orders = [
    await call('/v1/orders', { body: { ...body, payment: payment('10000', reference) }, headers: WAIT }),
    await call('/v1/orders', { body: { ...body, payment: payment('10000', reference) } }),
  ].map(({ json }) => json.orderId);
  const serial = await soldStamp(call);
  const found = await call(`/v1/audit/payments?reference=${reference}`);
  t.match(found.json, {
    payments: [
      { reference, amount: '10000', currency: 'IDR', paidAt: '2024-09-06T13:00:00.000Z', channel },
      { reference, orderId: orders[1], status: 'pending' },
    ],
  });
  t.match((found.json.payments as JsonObject[])[0], { orderId: orders[0], status: 'fulfilled' });
  t.equal(found.json.next, undefined);
  const period = 'from=2024-09-06T13:00:00Z&to=2024-09-06T13:00:00.001Z&limit=1';
  const first = await call(`/v1/audit/payments?${period}`);
  const second = await call(`/v1/audit/payments?${period}&after=${String(first.json.next)}`);
  t.not(JSON.stringify(second.json.payments), JSON.stringify(first.json.payments));
  t.strictSame((await call('/v1/audit/payments?to=2000-01-01T00:00:00Z')).json, { payments: [] });
  t.notMatch(JSON.stringify(found.json), serial, 'a sale without a payment is none');
}
