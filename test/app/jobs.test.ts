import type { AllocationId, OrderId, Serial } from '@stamp-ledger/domain';
import type { EventStore, ReadModels } from '@stamp-ledger/ports';
import t from 'tap';
import { begin, caller, type Life, passing, patience, scene, until } from './scene.js';
import {
  BATCH,
  COVERED,
  type Death,
  denomination,
  dieAndGoOn,
  factsOf,
  orderId,
  payment,
  tellStory,
  UNCOVERED,
  undisturbed,
  waitForEnd,
} from './story.js';

// Each death has a ledger of its own, so this is a sample; `npm run test:faults` takes them all.
t.test('a death at an append, before or after its write, changes nothing in the end', async (t) => {
  const appends = await undisturbed(t);
  const deaths: readonly Death['when'][] = ['before', 'after', 'before'];
  for (const [index, when] of deaths.entries())
    await dieAndGoOn(t, { fatal: Math.floor(((index + 1) * appends) / (deaths.length + 1)), when });
});

/** Calls `react` once, right after the first sale of a stamp for `order` is in the log and before its order is fulfilled. */
function afterSaleFor(order: OrderId, react: () => Promise<void>) {
  let reacted = false;
  return (store: EventStore): EventStore => ({
    ...passing(store),
    append: async (appends) => {
      const results = await store.append(appends);
      const sold = appends.some(({ events }) =>
        events.some(({ type, data }) => type === 'StampSold' && JSON.parse(data).orderId === order),
      );
      if (sold && !reacted) {
        reacted = true;
        await react();
      }
      return results;
    },
  });
}

for (const way of ['cancel', 'refund'] as const)
  t.test(
    `${way} while being fulfilled: the order is closed, its stamps are taken back, the money is accounted for`,
    async (t) => {
      const stage = await scene();
      const order = orderId(0);
      let life: Life | undefined;
      life = await begin(stage.directory, {
        store: afterSaleFor(order, async () => {
          const outcome =
            way === 'cancel'
              ? await life?.ledger.orders.cancel(order, {}, caller(`${way} it`))
              : await life?.ledger.orders.refund(order, { policyVersion: 'refund/1' }, caller(`${way} it`));
          t.equal(outcome?.kind, 'done');
        }),
      });
      await life.ledger.batches.open(
        { batchId: BATCH, denomination, quantity: 10, series: '2024' },
        caller(),
      );
      await life.ledger.batches.settled(BATCH, patience());
      await life.ledger.orders.place(
        { orderId: order, channel: 'direct', holder: 'h', denomination, quantity: 3, payment: payment(0, 3) },
        caller(),
      );
      await life.ledger.orders.settled(order, patience());
      t.equal(
        (await life.ledger.orders.report(order))?.state.status,
        way === 'cancel' ? 'cancelled' : 'refunded',
      );

      const voided = async (): Promise<string[]> => (await factsOf(life as Life)).voided;
      await until(life, async () => (await voided()).length === 3);
      const { sales, fulfilled } = await factsOf(life);
      t.strictSame(
        (await voided()).sort(),
        sales.map(({ serial }) => serial).sort(),
        'the stamps sold for it, and no other',
      );
      t.equal(fulfilled.size, 0);
      const money = async () => (await life?.ledger.audit.conservation())?.money[0];
      if (way === 'cancel') {
        t.equal((await money())?.pending.amount, '30000', 'the money is still owed back');
        t.strictSame(
          (await life.ledger.audit.unfulfilled({ limit: 10 })).map(({ cause }) => cause),
          ['refund-due'],
        );
        const refund = await life.ledger.orders.refund(order, { policyVersion: 'refund/1' }, caller());
        t.equal(refund.kind, 'done');
      }
      t.match(await money(), {
        pending: { amount: '0' },
        refunded: { amount: '30000' },
        difference: { amount: '0' },
      });
      await life.end();
      await stage.remove();
    },
  );

t.test('a refund of a fulfilled order voids its stamps, and one affixed in between is revoked', async (t) => {
  const stage = await scene();
  const life = await begin(stage.directory);
  await life.ledger.batches.open({ batchId: BATCH, denomination, quantity: 10, series: '2024' }, caller());
  await life.ledger.batches.settled(BATCH, patience());
  const order = orderId(1);
  await life.ledger.orders.place(
    { orderId: order, channel: 'direct', holder: 'h', denomination, quantity: 2, payment: payment(1, 2) },
    caller(),
  );
  await life.ledger.orders.settled(order, patience());
  const state = (await life.ledger.orders.report(order))?.state;
  const serials = state?.status === 'fulfilled' ? state.serials : [];
  t.equal(serials.length, 2);

  const document = { sha256: 'a'.repeat(64), type: 'letter' };
  const [refund, affix] = await Promise.all([
    life.ledger.orders.refund(order, { policyVersion: 'refund/1' }, caller()),
    life.ledger.stamps.affix(serials[0] as Serial, { document }, caller()),
  ]);
  t.equal(affix.kind, 'done');
  if (refund.kind === 'refused') {
    t.equal(refund.refusal.code, 'order-has-used-stamps', 'the affixing came first');
  } else {
    await until(life, async () => (await factsOf(life)).voided.length === 2);
    t.pass('the refund came first: both stamps are void');
  }
  await life.end();
  await stage.remove();
});

t.test('the order that waited is fulfilled when stock comes', async (t) => {
  const stage = await scene();
  const life = await begin(stage.directory);
  await tellStory(life);
  await waitForEnd(life);
  await life.ledger.allocations.request({ channel: 'kios', denomination, quantity: 5 }, caller());
  await life.ledger.orders.settled(UNCOVERED, patience());
  t.equal((await life.ledger.orders.report(UNCOVERED))?.state.status, 'fulfilled');
  await life.end();
  await stage.remove();
});

/** Shows stock as it was when somebody last waited for it to be that of the whole log: a read model that lags. */
function laggingStock(readModels: ReadModels): ReadModels {
  let shown: Awaited<ReturnType<ReadModels['stock']>> | undefined;
  return new Proxy(readModels, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (name === 'reached') shown = undefined;
      if (name !== 'stock') return typeof member === 'function' ? member.bind(target) : member;
      return async (filter: Parameters<ReadModels['stock']>[0]) => {
        shown ??= await target.stock({ ...filter, limit: 10_000 });
        const first = shown.findIndex(({ cursor }) => cursor === filter.after) + 1;
        return shown.slice(first, first + filter.limit);
      };
    },
  });
}

t.test('allocations side by side do not reach for the same stamps', async (t) => {
  const stage = await scene();
  let late = 0;
  const life = await begin(stage.directory, {
    store: (store) => ({
      ...passing(store),
      append: async (appends) => {
        const results = await store.append(appends);
        late += results.filter(({ kind }) => kind !== 'appended').length;
        return results;
      },
    }),
    readModels: laggingStock,
  });
  await life.ledger.batches.open(
    { batchId: BATCH, denomination, quantity: 10_000, series: '2024' },
    caller(),
  );
  await life.ledger.batches.settled(BATCH, patience());
  const ids = await Promise.all(
    ['north', 'south', 'east', 'west'].map(async (channel) => {
      const command = caller();
      await life.ledger.allocations.request({ channel, denomination, quantity: 2_500 }, command);
      return command.commandId as string as AllocationId;
    }),
  );
  for (const id of ids) {
    await life.ledger.allocations.settled(id, patience());
    t.equal((await life.ledger.allocations.report(id))?.allocated, 2_500);
  }
  t.equal(late, 0, 'no stamp was tried that another had been given');
  await life.end();
  await stage.remove();
});

t.test('two fulfillers on one stock sell no stamp twice', async (t) => {
  const stage = await scene();
  const life = await begin(stage.directory);
  const second = life.workToo();
  await tellStory(life);
  await waitForEnd(life);
  await second.end();
  const { sales, fulfilled } = await factsOf(life);
  t.equal(new Set(sales.map(({ serial }) => serial)).size, sales.length);
  for (const id of COVERED) t.ok(fulfilled.get(id), `${id} is fulfilled`);
  const kept = [...fulfilled.values()].flat();
  t.equal(new Set(kept).size, kept.length, 'no stamp is in two orders');
  const surplus = sales.map(({ serial }) => serial).filter((serial) => !kept.includes(serial));
  await until(life, async () => (await factsOf(life)).voided.length === surplus.length);
  t.strictSame(
    (await factsOf(life)).voided.sort(),
    surplus.sort(),
    'what was sold beyond the orders is taken back',
  );
  await life.end();
  await stage.remove();
});
