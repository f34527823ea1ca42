import { serde } from '@stamp-ledger/codec';
import type { AllocationId, BatchId, OrderId, Serial } from '@stamp-ledger/domain';
import type { EventStore, StreamAppend } from '@stamp-ledger/ports';
import t, { type Test } from 'tap';
import { begin, Crash, caller, type Life, passing, patience, scene, until } from './scene.js';

const denomination = { amount: '10000', currency: 'IDR' };
const BATCH = 'batch' as BatchId;
const ALLOCATION = 'allocation' as AllocationId;
const MINTED = 30;
const ALLOCATED = 20;
/** Stamps of each order; together more than the channel has. */
const ORDERS = [3, 1, 2, 5, 4, 2, 6];
const orderId = (index: number): OrderId => `order-${index}` as OrderId;

const payment = (index: number, quantity: number) => ({
  reference: `payment-${index}`,
  amount: String(10_000 * quantity),
  currency: 'IDR',
  paidAt: '2024-09-06T12:00:00Z',
});

/** Sends every command of the story; sent again after a crash, each is the same command. */
async function tellStory({ ledger }: Life): Promise<void> {
  await ledger.batches.open(
    { batchId: BATCH, denomination, quantity: MINTED, series: '2024' },
    caller('open'),
  );
  await ledger.batches.settled(BATCH, patience());
  await ledger.allocations.request(
    { allocationId: ALLOCATION, channel: 'kios', denomination, quantity: ALLOCATED },
    caller('allocate'),
  );
  await ledger.allocations.settled(ALLOCATION, patience());
  for (const [index, quantity] of ORDERS.entries())
    await ledger.orders.place(
      {
        orderId: orderId(index),
        channel: 'kios',
        holder: `holder-${index}`,
        denomination,
        quantity,
        payment: payment(index, quantity),
      },
      caller(`place ${index}`),
    );
}

/** 3+1+2+5+4+2 = 17 of 20 are sold; the order of 6 finds 3 and stays paid. */
const COVERED = ORDERS.slice(0, -1).map((_, index) => orderId(index));
const UNCOVERED = orderId(ORDERS.length - 1);

async function waitForEnd({ ledger }: Life): Promise<void> {
  for (const id of COVERED) await ledger.orders.settled(id, patience());
}

interface Facts {
  readonly minted: Serial[];
  /** Serial and order of every sale. */
  readonly sales: {
    readonly serial: string;
    readonly orderId: string | undefined;
    readonly holder: string;
  }[];
  readonly voided: string[];
  readonly fulfilled: Map<string, readonly string[]>;
  readonly allocated: number;
}

async function factsOf({ store }: Life): Promise<Facts> {
  const facts = {
    minted: [] as Serial[],
    sales: [] as Facts['sales'],
    voided: [] as string[],
    fulfilled: new Map<string, readonly string[]>(),
    allocated: 0,
  };
  for (const event of (await store.readAll({ limit: 5_000 })).map(serde.decode))
    switch (event.type) {
      case 'StampMinted':
        facts.minted.push(event.data.serial as Serial);
        break;
      case 'StampAllocated':
        facts.allocated++;
        break;
      case 'StampSold':
        facts.sales.push({
          serial: event.data.serial,
          orderId: event.data.orderId,
          holder: event.data.holder,
        });
        break;
      case 'StampVoided':
        facts.voided.push(event.data.serial);
        break;
      case 'OrderFulfilled':
        facts.fulfilled.set(event.data.orderId, event.data.serials);
        break;
      default:
    }
  return facts;
}

/** One comparison a life: what the log and the reports say, against the story. */
async function checkStory(t: Test, life: Life, name: string): Promise<void> {
  const { minted, sales, voided, fulfilled, allocated } = await factsOf(life);
  const waiting = await life.ledger.orders.report(UNCOVERED);
  const unfulfilled = await life.ledger.audit.unfulfilled({ limit: 10 });
  const conservation = await life.ledger.audit.conservation();
  const serialsOf = (id: OrderId) => sales.filter((sale) => sale.orderId === id).map(({ serial }) => serial);
  t.strictSame(
    {
      minted: minted.length,
      mintedTwice: minted.length - new Set(minted).size,
      allocated,
      soldTwice: sales.length - new Set(sales.map(({ serial }) => serial)).size,
      voided,
      fulfilled: [...fulfilled.keys()].sort(),
      stampsOfOrders: COVERED.map((id) => fulfilled.get(id)?.length),
      strangeStamps: COVERED.filter(
        (id) => serialsOf(id).sort().join() !== [...(fulfilled.get(id) ?? [])].sort().join(),
      ),
      strangeHolders: sales.filter((sale) => sale.holder !== sale.orderId?.replace('order', 'holder')),
      waiting: waiting?.state.status,
      unfulfilled: unfulfilled.map(({ order, cause }) => [order.orderId, cause]),
      differences: [
        ...conservation.groups.map(({ difference }) => difference),
        ...conservation.money.map(({ difference }) => Number(difference.amount)),
      ].filter((difference) => difference !== 0),
    },
    {
      minted: MINTED,
      mintedTwice: 0,
      allocated: ALLOCATED,
      soldTwice: 0,
      voided: [],
      fulfilled: COVERED,
      stampsOfOrders: ORDERS.slice(0, -1),
      strangeStamps: [],
      strangeHolders: [],
      // Paid and out of stock: it stays paid, and is listed with its cause.
      waiting: 'paid',
      unfulfilled: [[UNCOVERED, 'out-of-stock']],
      differences: [],
    },
    name,
  );
}

/** A store that dies at its `fatal`-th append, before or after the write, and is dead from then on. */
function dyingAt(fatal: number, when: 'before' | 'after', calls: { count: number }) {
  return (store: EventStore): EventStore => {
    let dead = false;
    let announce: (crash: Crash) => void = () => undefined;
    /** Rejects at the moment of death, so that nobody waits for a store that is gone. */
    const death = new Promise<never>((_, reject) => {
      announce = reject;
    });
    death.catch(() => undefined);
    const dies = async (): Promise<never> => {
      dead = true;
      announce(new Crash(`died ${when} append ${fatal}`));
      return death;
    };
    const alive = <Result>(work: () => Promise<Result>): Promise<Result> => (dead ? dies() : work());
    return {
      append: (appends: readonly StreamAppend[]) =>
        alive(async () => {
          const call = calls.count++;
          if (call === fatal && when === 'before') return dies();
          const results = await store.append(appends);
          return call === fatal && when === 'after' ? dies() : results;
        }),
      readStream: (request) => alive(() => store.readStream(request)),
      readAll: (request) => alive(() => store.readAll(request)),
      head: () => alive(() => store.head()),
      last: () => alive(() => store.last()),
      follow: (request) => store.follow(request),
      streamChanged: (request) => alive(() => Promise.race([death, store.streamChanged(request)])),
      close: () => store.close(),
    };
  };
}

t.test(
  'a death at any append, before or after its write, changes nothing in the end',
  { timeout: 200_000 },
  async (t) => {
    const counting = { count: 0 };
    const undisturbed = await scene();
    const life = await begin(undisturbed.directory, {
      store: dyingAt(Number.POSITIVE_INFINITY, 'before', counting),
    });
    await tellStory(life);
    await waitForEnd(life);
    await checkStory(t, life, 'undisturbed');
    await life.end();
    await undisturbed.remove();

    // A death before an append leaves the log as a death after the one before it did: a sample of these is enough.
    const deaths = Array.from({ length: counting.count }, (_, fatal) =>
      fatal % 8 === 0
        ? [{ fatal, when: 'before' } as const, { fatal, when: 'after' } as const]
        : [{ fatal, when: 'after' } as const],
    ).flat();
    for (let next = 0; next < deaths.length; next += 2)
      await Promise.all(deaths.slice(next, next + 2).map((death) => dieAndGoOn(t, death)));
  },
);

async function dieAndGoOn(
  t: Test,
  { fatal, when }: { readonly fatal: number; readonly when: 'before' | 'after' },
): Promise<void> {
  const stage = await scene();
  const first = await begin(stage.directory, { store: dyingAt(fatal, when, { count: 0 }) });
  await tellStory(first)
    .then(() => waitForEnd(first))
    .catch((error: unknown) => {
      if (!(error instanceof Crash)) throw error;
    });
  await first.end();
  const second = await begin(stage.directory);
  await tellStory(second);
  await waitForEnd(second);
  await checkStory(t, second, `died ${when} append ${fatal}`);
  await second.end();
  await stage.remove();
}

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

t.test('two fulfillers on one stock sell no stamp twice', async (t) => {
  const stage = await scene();
  const life = await begin(stage.directory);
  const { createContext, runJobs } = await import('@stamp-ledger/app');
  const { serialDeriver, ticketSealer } = await import('@stamp-ledger/codec');
  const stopping = new AbortController();
  const runtime = {
    clock: {
      now: () => new Date().toISOString() as never,
      monotonicMilliseconds: () => performance.now(),
      sleep: async () => undefined,
    },
    ids: { commandId: () => caller().commandId },
    serials: serialDeriver(Buffer.alloc(32, 7)),
    tickets: ticketSealer(Buffer.alloc(32, 8)),
  };
  runtime.clock.sleep = () => new Promise((resolve) => setTimeout(() => resolve(undefined), 5));
  const second = runJobs(createContext({ store: life.store, readModels: life.readModels, runtime }), {
    signal: stopping.signal,
    onPortError: () => undefined,
  });
  await tellStory(life);
  await waitForEnd(life);
  stopping.abort();
  await second;
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
