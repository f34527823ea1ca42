import { type OverdueOrders, watchOverdue } from '@stamp-ledger/app';
import { orderStream, serde, stampStream } from '@stamp-ledger/codec';
import {
  type BatchId,
  DIRECT_CHANNEL,
  type EventId,
  type Instant,
  type OrderId,
  type Serial,
} from '@stamp-ledger/domain';
import { type Clock, type EventStore, PortError, type ReadModels } from '@stamp-ledger/ports';
import t from 'tap';
import { begin, caller, type Life, passing, patience, scene, until } from './scene.js';

const denomination = { amount: '10000', currency: 'IDR' };
const BATCH = 'batch' as BatchId;

const mint = async ({ ledger }: Life, quantity: number): Promise<void> => {
  await ledger.batches.open({ batchId: BATCH, denomination, quantity, series: '2024' }, caller());
  await ledger.batches.settled(BATCH, patience());
};

const place = async (
  { ledger }: Life,
  order: string,
  { quantity = 1, channel = 'direct' } = {},
): Promise<OrderId> => {
  const orderId = order as OrderId;
  const amount = String(10_000 * quantity);
  const payment = { reference: `payment-${order}`, amount, currency: 'IDR', paidAt: '2024-09-06T12:00:00Z' };
  const outcome = await ledger.orders.place(
    { orderId, channel, holder: 'holder', denomination, quantity, payment },
    caller(),
  );
  if (outcome.kind !== 'done') throw new Error(`order ${order} was not taken`);
  return orderId;
};

const statusOf = async ({ ledger }: Life, order: OrderId) =>
  (await ledger.orders.report(order))?.state.status;

/** Writes a sale for an order as another fulfiller would have. */
async function sellBehind({ store }: Life, serial: Serial, orderId: OrderId): Promise<void> {
  const stream = stampStream(serial);
  const { actor, commandId, correlationId, requestHash } = caller();
  const at = '2024-09-06T13:00:00.000Z';
  const event = serde.encode({
    id: commandId as string as EventId,
    event: { type: 'StampSold', data: { serial, channel: 'direct', holder: 'holder', orderId } },
    metadata: {
      commandId,
      correlationId,
      causationId: commandId,
      actor,
      requestHash,
      occurredAt: at,
      recordedAt: at,
    },
    stream,
  });
  const [result] = await store.append([{ stream, expected: 0, events: [event] }]);
  t.equal(result?.kind, 'appended');
}

async function mintedSerials({ ledger }: Life): Promise<Serial[]> {
  const { events } = await ledger.audit.events({ limit: 100, types: ['StampMinted'] });
  return events.map(({ event }) => (event.data as unknown as { readonly serial: Serial }).serial);
}

t.test(
  'more stamps sold for a paid order than were ordered: it gets its own, the rest is taken back',
  async (t) => {
    const stage = await scene();
    const life = await begin(stage.directory);
    await mint(life, 10);
    const serials = (await mintedSerials(life)).slice(0, 5);
    for (const serial of serials) await sellBehind(life, serial, 'order' as OrderId);
    const order = await place(life, 'order', { quantity: 3 });
    await life.ledger.orders.settled(order, patience());
    const state = (await life.ledger.orders.report(order))?.state;
    const kept = state?.status === 'fulfilled' ? state.serials : [];
    t.equal(kept.length, 3);
    const voided = async () =>
      await life.ledger.stamps.lookUp(serials.find((serial) => !kept.includes(serial)) as Serial, {
        strong: true,
      });
    await until(life, async () => {
      const found = await voided();
      return found.kind === 'found' && found.view.state === 'voided';
    });
    const { groups } = await life.ledger.audit.conservation();
    t.match(groups, [{ sold: 3, difference: 0 }]);
    await until(life, async () => (await life.ledger.audit.conservation()).groups[0]?.voided === 2);
    await life.end();
    await stage.remove();
  },
);

t.test('a port that fails while stamps are being picked leaves none of them behind', async (t) => {
  const stage = await scene();
  let failures = 0;
  const failing = (readModels: ReadModels): ReadModels => ({
    ...readModels,
    // The second order seems to have a stamp already, so that its stamps are asked for after the first one's were picked.
    ordersToFulfil: async (page) =>
      (await readModels.ordersToFulfil(page)).map((order) =>
        order.orderId === 'two' && failures === 0 ? { ...order, outstanding: 1 } : order,
      ),
    stampsOfOrder: async (order) => {
      const minted = await readModels.stockCount({ channel: DIRECT_CHANNEL, denomination });
      if (minted === 4 && failures === 0) {
        failures++;
        throw new PortError('unavailable', 'not now');
      }
      return readModels.stampsOfOrder(order);
    },
  });
  const life = await begin(stage.directory, { readModels: failing });
  const orders = [await place(life, 'one', { quantity: 2 }), await place(life, 'two', { quantity: 2 })];
  await mint(life, 4);
  for (const order of orders) await life.ledger.orders.settled(order, patience());
  t.equal(failures, 1, 'the port did fail');
  for (const order of orders) t.equal(await statusOf(life, order), 'fulfilled');
  await life.end();
  await stage.remove();
});

t.test('a long line of orders without stock is not gone through again for every event', async (t) => {
  const stage = await scene();
  let listed = 0;
  const counting = (readModels: ReadModels): ReadModels => ({
    ...readModels,
    ordersToFulfil: async (page) => {
      const orders = await readModels.ordersToFulfil(page);
      listed += orders.length;
      return orders;
    },
  });
  const life = await begin(stage.directory, { readModels: counting });
  await mint(life, 3);
  const WAITING = 600;
  for (let order = 0; order < WAITING; order++)
    await place(life, `waiting-${order}`, { channel: 'kios', quantity: 2 });
  await until(life, async () => listed >= WAITING);
  const before = listed;
  for (let check = 0; check < 50; check++)
    await life.ledger.stamps.verify({ serialText: 'K7QX2M9RD4TB0W5HN8CJ3F' }, caller());
  const direct = await place(life, 'direct');
  await life.ledger.orders.settled(direct, patience());
  t.equal(await statusOf(life, direct), 'fulfilled', 'an order of another queue is served at once');
  t.ok(listed - before < WAITING, `${listed - before} orders were looked at for 50 events`);
  await life.ledger.allocations.request({ channel: 'kios', denomination, quantity: 2 }, caller());
  const first = 'waiting-0' as OrderId;
  await life.ledger.orders.settled(first, patience());
  t.equal(await statusOf(life, first), 'fulfilled', 'the one that was paid first gets the stock that comes');
  await life.end();
  await stage.remove();
});

t.test('a small batch does not wait for a large one', async (t) => {
  const stage = await scene();
  const life = await begin(stage.directory);
  const { batches } = life.ledger;
  await batches.open({ batchId: 'large', denomination, quantity: 40_000, series: '2024' }, caller());
  await batches.open({ batchId: 'small', denomination, quantity: 1, series: '2024' }, caller());
  await batches.settled('small' as BatchId, patience());
  t.match(await batches.report('small' as BatchId), { minted: 1, state: { status: 'minted' } });
  t.match(await batches.report('large' as BatchId), { state: { status: 'minting' } });
  await life.end();
  await stage.remove();
});

t.test('allocations asked for at the same time do not share one stock', async (t) => {
  const stage = await scene();
  const life = await begin(stage.directory);
  await mint(life, 1_000);
  const outcomes = await Promise.all(
    ['a', 'b', 'c', 'd'].map((channel) =>
      life.ledger.allocations.request({ channel, denomination, quantity: 400 }, caller()),
    ),
  );
  t.equal(outcomes.filter(({ kind }) => kind === 'done').length, 2);
  t.strictSame(
    outcomes
      .filter(({ kind }) => kind !== 'done')
      .map((outcome) => (outcome.kind === 'refused' ? outcome.refusal.code : outcome.kind)),
    ['insufficient-stock', 'insufficient-stock'],
  );
  for (const outcome of outcomes) {
    if (outcome.kind !== 'done' || outcome.state.status === 'none') continue;
    const { allocationId } = outcome.state;
    await life.ledger.allocations.settled(allocationId, patience());
    t.equal(
      (await life.ledger.allocations.report(allocationId))?.allocated,
      400,
      'what was accepted is given whole',
    );
  }
  await life.end();
  await stage.remove();
});

t.test('a stream of another order is not touched by a repeated fulfilment', async (t) => {
  const stage = await scene();
  const life = await begin(stage.directory);
  await mint(life, 2);
  const order = await place(life, 'order');
  await life.ledger.orders.settled(order, patience());
  const { events } = await life.store.readStream({ stream: orderStream(order), limit: 10 });
  await life.end();
  const again = await begin(stage.directory);
  const other = await place(again, 'other');
  await again.ledger.orders.settled(other, patience());
  t.strictSame((await again.store.readStream({ stream: orderStream(order), limit: 10 })).events, events);
  await again.end();
  await stage.remove();
});

t.test('an order that loses a stamp to another seller gets its last one soon after', async (t) => {
  const stage = await scene();
  let stolen: Serial | undefined;
  let life: Life | undefined;
  /** Another seller takes the first stamp that is about to be sold for the order. */
  const robbed = (store: EventStore): EventStore => ({
    ...passing(store),
    append: async (appends) => {
      const sale = appends.find(
        ({ events }) => events[0].type === 'StampSold' && events[0].data.includes('"orderId":"order"'),
      );
      if (sale !== undefined && stolen === undefined) {
        stolen = sale.stream.slice('stamp-'.length) as Serial;
        const outcome = await life?.ledger.stamps.sell(
          stolen,
          { channel: 'direct', holder: 'somebody' },
          caller(),
        );
        t.equal(outcome?.kind, 'done');
      }
      return store.append(appends);
    },
  });
  life = await begin(stage.directory, { store: robbed });
  await mint(life, 4);
  const order = await place(life, 'order', { quantity: 3 });
  const start = performance.now();
  await life.ledger.orders.settled(order, patience());
  const state = (await life.ledger.orders.report(order))?.state;
  const serials = state?.status === 'fulfilled' ? state.serials : [];
  t.equal(new Set(serials).size, 3);
  t.notOk(serials.includes(stolen as Serial));
  t.ok(performance.now() - start < 15_000, 'without waiting for the next look at all orders');
  await life.end();
  await stage.remove();
});

t.test('a stream that can not be read keeps no other reservation from expiring', async (t) => {
  const stage = await scene();
  const life = await begin(stage.directory);
  await mint(life, 2);
  const serials = await mintedSerials(life);
  const document = { sha256: 'a'.repeat(64), type: 'letter' };
  for (const serial of serials) {
    await life.ledger.stamps.sell(serial, { channel: 'direct', holder: 'holder' }, caller());
    // The clock of the scene goes on by a millisecond a look: this is over at the next sweep.
    await life.ledger.stamps.reserve(serial, { document, expiresInSeconds: 1 }, caller());
  }
  const [unreadable, other] = serials as [Serial, Serial];
  const poison = {
    id: '00000000-0000-8000-8000-000000000000' as EventId,
    type: 'NeverHeardOf',
    data: '{}',
    metadata: '{}',
  };
  await life.store.append([{ stream: stampStream(unreadable), expected: 2, events: [poison] }]);
  await until(life, async () => {
    for (let look = 0; look < 100; look++) await life.ledger.stamps.lookUp(other, {});
    const found = await life.ledger.stamps.lookUp(other, { strong: true });
    return found.kind === 'found' && found.view.state === 'sold';
  });
  await life.end();
  const again = await begin(stage.directory);
  t.ok(await again.store.last(), 'and the ledger opens beside it');
  await again.end();
  await stage.remove();
});

t.test('an order whose promise is broken is told with its cause until it has its stamps', async (t) => {
  const { directory, remove } = await scene();
  t.teardown(remove);
  const life = await begin(directory);
  const told: OverdueOrders[] = [];
  const stopping = new AbortController();
  // Two minutes after everything here; looked at whenever the read models move, and once more after that.
  const clock: Clock = {
    now: () => '2024-09-06T13:02:00.000Z' as Instant,
    monotonicMilliseconds: () => performance.now(),
    sleep: (_milliseconds, signal = stopping.signal) =>
      life.readModels.advanced(AbortSignal.any([signal, AbortSignal.timeout(100)])),
  };
  const watching = watchOverdue(
    { readModels: life.readModels, runtime: { clock } },
    { signal: stopping.signal, onChange: (overdue) => told.push(overdue) },
  );
  try {
    const order = await place(life, 'forgotten', { quantity: 3 });
    await until(life, async () => told.length === 1);
    t.match(told[0], {
      byCause: { 'out-of-stock': 1, 'in-progress': 0 },
      oldest: { order: { orderId: order } },
    });
    t.equal((await life.ledger.orders.report(order))?.estimatedSeconds, undefined, 'nobody knows when');
    await mint(life, 3);
    await until(life, async () => (await statusOf(life, order)) === 'fulfilled');
    await until(life, async () => told.at(-1)?.oldest === undefined);
    t.strictSame(told.at(-1)?.byCause, { 'in-progress': 0, 'out-of-stock': 0, 'refund-due': 0 });
  } finally {
    stopping.abort();
    await watching;
    await life.end();
  }
});
