import { type Channel, DIRECT_CHANNEL, type OrderId, type Serial } from '@stamp-ledger/domain';
import { type EventStore, PortError } from '@stamp-ledger/ports';
import t, { type Test } from 'tap';
import { begin, Crash, caller, type Life, passing, patience, scene, until } from './scene.js';

const denomination = { amount: '10000', currency: 'IDR' };
const document = { sha256: 'a'.repeat(64), type: 'statement' };

async function mint({ ledger }: Life, quantity: number): Promise<void> {
  const opened = await ledger.batches.open({ denomination, quantity, series: '2024' }, caller());
  if (opened.kind !== 'done' || opened.state.status === 'none') throw new Error('no batch');
  await ledger.batches.settled(opened.state.batchId, patience());
}

async function allocate({ ledger }: Life, channel: string, quantity: number): Promise<void> {
  const asked = await ledger.allocations.request({ channel, denomination, quantity }, caller());
  if (asked.kind !== 'done' || asked.state.status === 'none') throw new Error('no allocation');
  await ledger.allocations.settled(asked.state.allocationId, patience());
}

async function order({ ledger }: Life, orderId: string, channel: string, quantity: number): Promise<OrderId> {
  const amount = String(10_000 * quantity);
  const payment = { reference: `pay-${orderId}`, amount, currency: 'IDR', paidAt: '2024-09-06T12:00:00Z' };
  const placed = await ledger.orders.place(
    { orderId, channel, holder: 'holder', denomination, quantity, payment },
    caller(),
  );
  if (placed.kind !== 'done') throw new Error(`order ${orderId} was not taken`);
  return orderId as OrderId;
}

const stockOf = ({ readModels }: Life, channel: string): Promise<number> =>
  readModels.stockCount({ channel: channel as Channel, denomination });

async function isConserved(t: Test, life: Life): Promise<void> {
  const { groups, money } = await life.ledger.audit.conservation();
  t.ok(groups.every(({ difference }) => difference === 0));
  t.ok(money.every(({ difference }) => difference.amount === '0'));
}

t.test(
  'a channel sells and affixes from its stock while minting is down and another has run out',
  async (t) => {
    const stage = await scene();
    let isMintingDown = false;
    const life = await begin(stage.directory, {
      store: (store): EventStore => ({
        ...passing(store),
        append: async (appends) => {
          if (isMintingDown && appends.some(({ events }) => events[0].type === 'StampMinted'))
            throw new PortError('unavailable', 'no stamp can be minted');
          return store.append(appends);
        },
      }),
    });
    await mint(life, 30);
    await allocate(life, 'kiosk', 20);
    isMintingDown = true;
    const batch = await life.ledger.batches.open(
      { batchId: 'late', denomination, quantity: 100, series: '2024' },
      caller(),
    );
    t.equal(batch.kind, 'done');
    const stranded = await order(life, 'stranded', 'bank', 2);

    for (let each = 0; each < 5; each++) {
      const id = await order(life, `sold-${each}`, 'kiosk', 3);
      await life.ledger.orders.settled(id, patience());
      const state = (await life.ledger.orders.report(id))?.state;
      const [serial = ''] = state?.status === 'fulfilled' ? state.serials : [];
      t.match(
        await life.ledger.stamps.affix(
          serial as Serial,
          { document: { ...document, sha256: String(each).repeat(64) } },
          caller(),
        ),
        { kind: 'done', state: { stage: 'affixed' } },
      );
    }
    t.equal((await life.ledger.orders.report(stranded))?.state.status, 'paid');
    t.match(await life.ledger.audit.unfulfilled({ limit: 10 }), [
      { order: { orderId: 'stranded' }, cause: 'out-of-stock' },
    ]);

    isMintingDown = false;
    await life.ledger.batches.settled('late' as never, patience());
    await allocate(life, 'bank', 10);
    await life.ledger.orders.settled(stranded, patience());
    t.equal(
      (await life.ledger.orders.report(stranded))?.state.status,
      'fulfilled',
      'and nobody is forgotten',
    );
    await isConserved(t, life);
    await life.end();
    await stage.remove();
  },
);

const POLICY = { channel: 'kiosk', denomination, lowBelow: 5, refill: { quantity: 10, perDay: 25 } };

/** What the log says of the stock's level, in order. */
async function levels({ ledger }: Life): Promise<string[]> {
  const { events } = await ledger.audit.events({ limit: 1_000, types: ['StockRanLow', 'StockRecovered'] });
  return events.map(({ event }) => {
    if (event.type !== 'StockRanLow') return 'recovered';
    const { refill } = event.data;
    return 'none' in refill ? `low: ${refill.none}` : `low: ${refill.quantity}`;
  });
}

/** How many stamps the channel was ever given. */
async function given({ ledger }: Life): Promise<number> {
  const { events } = await ledger.audit.events({ limit: 1_000, types: ['StampAllocated'] });
  return new Set(events.map(({ event }) => event.stream)).size;
}

t.test('a low stock is refilled within the limits of its policy, and no further', async (t) => {
  const stage = await scene();
  const life = await begin(stage.directory, { longestSleep: 100 });
  await mint(life, 100);
  await life.ledger.stock.setPolicy(POLICY, caller());
  await until(life, async () => (await stockOf(life, 'kiosk')) === 10);
  let sold = 0;
  for (const [index, quantity] of [8, 9, 6].entries()) {
    const id = await order(life, `order-${index}`, 'kiosk', quantity);
    await life.ledger.orders.settled(id, patience());
    sold += quantity;
    await until(life, async () => (await given(life)) === Math.min(25, 10 + 10 * (index + 1)));
  }
  await until(life, async () => (await levels(life)).at(-1) === 'low: limit-reached');
  t.equal(await given(life), 25);
  t.equal(await stockOf(life, 'kiosk'), 25 - sold);
  // A stock may run low again before anyone saw that it had recovered.
  t.strictSame(
    (await levels(life)).filter((level) => level !== 'recovered'),
    ['low: 10', 'low: 10', 'low: 5', 'low: limit-reached'],
  );
  t.match(await life.ledger.stock.watched(), [
    { inStock: 2, level: { status: 'low', none: 'limit-reached' } },
  ]);

  await life.ledger.stock.setPolicy({ ...POLICY, refill: { quantity: 10, perDay: 40 } }, caller());
  await until(life, async () => (await given(life)) === 35);
  await isConserved(t, life);
  await life.end();
  await stage.remove();
});

/** Between running low and asking, between asking and giving, while giving; each death has a ledger of its own. */
const DEATHS = [
  [0, 'after'],
  [1, 'after'],
  [2, 'before'],
] as const;

/** Dies at an append, counted from the one behind the policy, and is dead from then on. */
function dyingAfterPolicy(
  store: EventStore,
  {
    fatal,
    when,
    die,
  }: { readonly fatal: number; readonly when: 'before' | 'after'; readonly die: () => void },
): EventStore {
  let left = Number.POSITIVE_INFINITY;
  const dead = (): never => {
    die();
    throw new Crash();
  };
  return {
    ...passing(store),
    append: async (appends) => {
      if (left < 0) return dead();
      const isLast = left-- === 0;
      if (isLast && when === 'before') return dead();
      const results = await store.append(appends);
      if (isLast) return dead();
      if (appends.some(({ events }) => events[0].type === 'StockPolicySet')) left = fatal;
      return results;
    },
  };
}

t.test('a death in a refill: it happens once, and in full', async (t) => {
  for (const [fatal, when] of DEATHS) {
    const stage = await scene();
    let die: () => void = () => undefined;
    const death = new Promise<void>((resolve) => {
      die = resolve;
    });
    const first = await begin(stage.directory, {
      longestSleep: 100,
      store: (store) => dyingAfterPolicy(store, { fatal, when, die }),
    });
    await mint(first, 50);
    await first.ledger.stock.setPolicy(POLICY, caller());
    await death;
    await first.end();
    const second = await begin(stage.directory, { longestSleep: 100 });
    await until(second, async () => (await levels(second)).at(-1) === 'recovered');
    t.strictSame(await levels(second), ['low: 10', 'recovered'], `${when} append ${fatal}`);
    t.equal(await given(second), 10);
    t.equal(await stockOf(second, 'kiosk'), 10);
    await isConserved(t, second);
    await second.end();
    await stage.remove();
  }
});

t.test(
  'a refill rests on what nobody else was promised, and is made smaller when that changes',
  async (t) => {
    const stage = await scene();
    const away = new Set<string>();
    const life = await begin(stage.directory, {
      longestSleep: 100,
      store: (store): EventStore => ({
        ...passing(store),
        append: async (appends) => {
          if (appends.some(({ stream, events }) => away.has(events[0].type) && !stream.includes('rival')))
            throw new PortError('unavailable', 'not now');
          return store.append(appends);
        },
      }),
    });
    const rival = async (allocationId: string, quantity: number): Promise<void> => {
      const asked = { allocationId, channel: 'bank', denomination, quantity };
      t.match(await life.ledger.allocations.request(asked, caller()), { kind: 'done' });
    };
    await mint(life, 12);
    away.add('StampAllocated');
    await rival('rival-1', 4);
    away.add('AllocationRequested');
    await life.ledger.stock.setPolicy({ ...POLICY, refill: { quantity: 10, perDay: 13 } }, caller());
    await until(life, async () => (await levels(life)).length > 0);
    t.strictSame(await levels(life), ['low: 8']);
    await rival('rival-2', 5);
    away.clear();
    await until(life, async () => (await levels(life)).at(-1) === 'low: issuer-out-of-stock');
    t.equal(await stockOf(life, 'kiosk'), 3);
    await mint(life, 40);
    await until(life, async () => (await levels(life)).at(-1) === 'recovered');
    t.strictSame(
      await levels(life),
      ['low: 8', 'low: 3', 'low: issuer-out-of-stock', 'low: 10', 'recovered'],
      'what was never given does not count for the day',
    );
    t.equal(await stockOf(life, 'kiosk'), 13);
    await isConserved(t, life);
    await life.end();
    await stage.remove();
  },
);

t.test('two workers on one stock refill it once', async (t) => {
  const stage = await scene();
  const life = await begin(stage.directory, { longestSleep: 100 });
  await mint(life, 50);
  const other = life.workToo();
  await life.ledger.stock.setPolicy(POLICY, caller());
  await until(life, async () => (await levels(life)).at(-1) === 'recovered');
  t.strictSame(await levels(life), ['low: 10', 'recovered']);
  t.equal(await given(life), 10);
  t.equal(await stockOf(life, DIRECT_CHANNEL), 40);
  await other.end();
  await life.end();
  await stage.remove();
});
