import type { Test } from 'tap';
import { eventually } from '../../support/eventually.js';
import { fresh, problemName, type World } from '../world.js';

/** Stocks that the ledger watches, over HTTP. */
export async function stockPolicies(t: Test, { call }: World): Promise<void> {
  const channel = `channel-${fresh().slice(0, 12)}`;
  // A price of its own, so that the issuer's stock of other tests plays no part.
  const denomination = { amount: '7777', currency: 'IDR' };
  const policy = { channel, denomination, lowBelow: 5, refill: { quantity: 20, perDay: 30 } };
  const minted = await call('/v1/batches', {
    body: { denomination, quantity: 100, series: 'TEST-2024' },
    headers: { prefer: 'wait=20' },
  });
  t.equal(minted.status, 201);
  const set = await call('/v1/stock-policies', { body: policy });
  t.equal(set.status, 201);
  t.match(set.json, policy);
  t.equal((await call('/v1/stock-policies', { body: policy })).status, 200, 'the same again');
  const mine = async () =>
    (
      (await call('/v1/stock-policies')).json.policies as readonly {
        readonly channel: string;
        readonly inStock: number;
        readonly status: string;
      }[]
    ).find((each) => each.channel === channel);
  const refilled = await eventually(
    async () => {
      const stock = await mine();
      return stock?.inStock === 20 && stock.status === 'enough' ? stock : undefined;
    },
    { what: 'the stock is refilled', milliseconds: 20_000 },
  );
  t.match(refilled, policy);
  const { events } = (await call(`/v1/events?types=StockPolicySet,StockRanLow,StockRecovered&limit=1000`))
    .json;
  t.strictSame(
    (events as { readonly type: string; readonly data: { readonly channel: string } }[])
      .filter(({ data }) => data.channel === channel)
      .map(({ type }) => type),
    ['StockPolicySet', 'StockRanLow', 'StockRecovered'],
  );
  t.match(
    (await call('/metrics')).text,
    new RegExp(`^stamp_ledger_stock\\{channel="${channel}".*\\} 20$`, 'm'),
  );
  t.equal(
    problemName(await call('/v1/stock-policies', { body: { ...policy, channel: 'direct' } })),
    'channel-not-allocatable',
  );
}
