import t from 'tap';
import { directoryFor, during } from '../support/server.js';
import { mintStamps, payment } from './world.js';

t.test('every refund of a sale without an order is counted, however many there are', async (t) => {
  const refunds = 1_010;
  await during(directoryFor(t), async ({ call }) => {
    const from = new Date(Date.now() - 1_000).toISOString();
    const serials = await mintStamps(call, refunds + 1);
    const each = async (path: string, body: object): Promise<void> => {
      for (let at = 0; at < serials.length; at += 50)
        await Promise.all(
          serials.slice(at, at + 50).map(async (serial) => {
            const { status } = await call(`/v1/stamps/${serial}/${path}`, { body });
            if (status !== 201) throw new Error(`${path} answered ${status}`);
          }),
        );
    };
    await each('sale', { channel: 'direct', holder: 'h', payment: payment('10000', 'PAY-1') });
    const lost = serials.pop();
    t.equal((await call(`/v1/stamps/${lost}/void`, { body: { reason: 'lost' } })).status, 201);
    await each('void', { reason: 'refund', policyVersion: '1' });
    const to = new Date(Date.now() + 1_000).toISOString();
    const { json } = await call(`/v1/audit/outage?from=${from}&to=${to}`);
    t.match(json, { accepted: { byType: { StampVoided: refunds + 1 } }, salesRefunded: refunds });
    const books = (await call('/v1/audit/conservation')).json;
    t.match(books.money, { refunded: { amount: `${refunds}0000` }, difference: { amount: '0' } });
  });
});
