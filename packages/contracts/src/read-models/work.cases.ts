import assert from 'node:assert/strict';
import { type Channel, DIRECT_CHANNEL, type Instant, type OrderId } from '@stamp-ledger/domain';
import { type Bench, type BenchCase, present } from './harness.js';
import {
  ALLOCATIONS,
  allocate,
  BATCHES,
  CHANNELS,
  DOLLARS,
  denominationOf,
  documentOf,
  INCIDENTS,
  mint,
  paymentFor,
  RUPIAH,
  serialOf,
  World,
} from './world.js';

const NORTH = present(CHANNELS[0]);
const SOUTH = present(CHANNELS[1]);
const ALLOCATION = present(ALLOCATIONS[0]);
const orderId = (number: number): OrderId => `o${number}` as OrderId;

function place(
  world: World,
  number: number,
  { channel = NORTH, paid = true, quantity = 1, denomination = RUPIAH } = {},
): void {
  const id = orderId(number);
  const payment = paid ? { payment: paymentFor(denomination, quantity, `paid-${number}`) } : {};
  world.pass(1);
  world.order(id, {
    kind: 'place',
    orderId: id,
    channel,
    holder: 'holder-1',
    denomination,
    quantity,
    ...payment,
  });
}

function pay(world: World, number: number): void {
  world.pass(1);
  world.order(orderId(number), { kind: 'pay', payment: paymentFor(RUPIAH, 1, `paid-${number}`) });
}

function sell(world: World, stamp: number, channel: Channel, order: number): void {
  world.stamp(serialOf(stamp), { kind: 'sell', channel, holder: 'holder-1', orderId: orderId(order) });
}

const idsOf = (orders: readonly { readonly orderId: OrderId }[]): OrderId[] =>
  orders.map((each) => each.orderId);

const toFulfil: BenchCase = {
  name: 'orders to fulfil come in the order of payment, page by page',
  async run(bench) {
    const world = new World(bench.log);
    place(world, 1, { paid: false });
    place(world, 2);
    place(world, 3, { channel: SOUTH });
    place(world, 4);
    place(world, 5, { denomination: DOLLARS });
    pay(world, 1);
    world.order(orderId(4), { kind: 'fulfil', serials: [serialOf(0)] });
    await bench.deliver();
    const { queries } = bench;
    const all = await queries.ordersToFulfil({ limit: 10 });
    assert.deepEqual(idsOf(all), [2, 3, 5, 1].map(orderId));
    const [first] = await queries.ordersToFulfil({ limit: 1 });
    const rest = await queries.ordersToFulfil({ limit: 10, after: present(first).cursor });
    assert.deepEqual(rest, all.slice(1));
    const ahead = (before?: number) =>
      queries.ordersAhead({
        channel: NORTH,
        denomination: { amount: '10000.00', currency: 'IDR' },
        ...(before === undefined ? {} : { before: orderId(before) }),
      });
    assert.deepEqual([await ahead(2), await ahead(1), await ahead(), await ahead(99)], [0, 1, 2, 2]);
  },
};

const orderView: BenchCase = {
  name: 'an order shows what its events said',
  async run(bench) {
    const world = new World(bench.log);
    place(world, 1, { paid: false });
    const placedAt = world.now;
    await bench.deliver();
    const terms = {
      orderId: orderId(1),
      channel: NORTH,
      holder: 'holder-1',
      denomination: RUPIAH,
      quantity: 1,
    };
    assert.deepEqual(await bench.queries.order(orderId(1)), {
      ...terms,
      status: 'placed',
      revision: 0,
      placedAt,
      outstanding: 0,
    });
    pay(world, 1);
    const paidAt = world.now;
    mint(world, 0);
    allocate(world, 0, NORTH);
    sell(world, 0, NORTH, 1);
    world.order(orderId(1), { kind: 'refund', policyVersion: 'policy-1', usedSerials: [] });
    await bench.deliver();
    assert.deepEqual(await bench.queries.order(orderId(1)), {
      ...terms,
      status: 'refunded',
      revision: 2,
      placedAt,
      paidAt,
      payment: paymentFor(RUPIAH, 1, 'paid-1'),
      policyVersion: 'policy-1',
      outstanding: 1,
    });
    assert.equal(await bench.queries.order(orderId(2)), undefined);
  },
};

const toReturn: BenchCase = {
  name: 'orders to return are given up ones with stamps still out',
  async run(bench) {
    const world = new World(bench.log);
    for (const number of [0, 1, 2]) {
      mint(world, number);
      place(world, number, { channel: DIRECT_CHANNEL });
      sell(world, number, DIRECT_CHANNEL, number);
    }
    world.order(orderId(0), { kind: 'cancel' });
    world.order(orderId(1), { kind: 'refund', policyVersion: 'policy-1', usedSerials: [] });
    place(world, 3, { paid: false });
    world.order(orderId(3), { kind: 'cancel' });
    await bench.deliver();
    assert.deepEqual(idsOf(await bench.queries.ordersToReturn({ limit: 10 })), [orderId(0), orderId(1)]);
    assert.equal((await bench.queries.ordersToReturn({ limit: 1 })).length, 1);
    world.stamp(serialOf(0), {
      kind: 'void',
      reason: 'refund',
      policyVersion: 'policy-1',
      orderId: orderId(0),
    });
    await bench.deliver();
    assert.deepEqual(idsOf(await bench.queries.ordersToReturn({ limit: 10 })), [orderId(1)]);
  },
};

const unpaid: BenchCase = {
  name: 'unpaid orders are those placed before a time',
  async run(bench) {
    const world = new World(bench.log);
    place(world, 1, { paid: false });
    place(world, 2, { paid: false });
    place(world, 3);
    const between = world.now;
    place(world, 4, { paid: false });
    world.order(orderId(2), { kind: 'reject', reason: 'unpaid' });
    await bench.deliver();
    const before = async (placedBefore: Instant) =>
      idsOf(await bench.queries.unpaidOrders({ placedBefore, limit: 10 }));
    assert.deepEqual(await before(between), [orderId(1)]);
    assert.deepEqual(await before('2999-01-01T00:00:00.000Z' as Instant), [orderId(1), orderId(4)]);
  },
};

const unfulfilled: BenchCase = {
  name: 'unfulfilled orders say why',
  async run(bench) {
    const world = new World(bench.log);
    mint(world, 0);
    allocate(world, 0, NORTH);
    place(world, 1);
    place(world, 2, { quantity: 2 });
    place(world, 3, { channel: SOUTH });
    place(world, 4);
    world.order(orderId(4), { kind: 'cancel' });
    place(world, 5, { paid: false });
    await bench.deliver();
    const all = await bench.queries.unfulfilled({ limit: 10 });
    assert.deepEqual(
      all.map(({ order, cause }) => [order.orderId, cause]),
      [
        [orderId(1), 'in-progress'],
        [orderId(2), 'out-of-stock'],
        [orderId(3), 'out-of-stock'],
        [orderId(4), 'refund-due'],
      ],
    );
    const rest = await bench.queries.unfulfilled({ limit: 10, after: present(all[1]).cursor });
    assert.deepEqual(rest, all.slice(2));
  },
};

async function serialsInStock(bench: Bench, channel: Channel, batch?: number) {
  const filter = {
    channel,
    denomination: RUPIAH,
    ...(batch === undefined ? {} : { batchId: present(BATCHES[batch]) }),
  };
  const items = await bench.queries.stock({ ...filter, limit: 100 });
  assert.equal(await bench.queries.stockCount(filter), items.length);
  return items.map(({ serial }) => serial);
}

/** Mints in the second batch what it never has: rupiah, so that one stock lies in two batches. */
function mintElsewhere(world: World, number: number): void {
  world.stamp(serialOf(number), {
    kind: 'mint',
    serial: serialOf(number),
    batchId: present(BATCHES[1]),
    series: 'series-2',
    denomination: RUPIAH,
    index: number,
  });
}

const stock: BenchCase = {
  name: 'stock is listed oldest first, over all batches or one, after a cursor',
  async run(bench) {
    const world = new World(bench.log);
    for (let number = 0; number < 12; number++) (number % 3 === 1 ? mintElsewhere : mint)(world, number);
    mint(world, 20, BATCHES[1]);
    for (const number of [3, 4]) allocate(world, number, NORTH);
    sell(world, 5, DIRECT_CHANNEL, 1);
    world.stamp(serialOf(3), { kind: 'deallocate', reason: 'returned' });
    await bench.deliver();
    const direct = [0, 1, 2, 6, 7, 8, 9, 10, 11, 3];
    assert.deepEqual(await serialsInStock(bench, DIRECT_CHANNEL), direct.map(serialOf));
    assert.deepEqual(await serialsInStock(bench, NORTH), [serialOf(4)]);
    assert.deepEqual(await serialsInStock(bench, SOUTH), []);
    assert.deepEqual(await serialsInStock(bench, DIRECT_CHANNEL, 1), [1, 7, 10].map(serialOf));
    const filter = { channel: DIRECT_CHANNEL, denomination: RUPIAH };
    const all = await bench.queries.stock({ ...filter, limit: 100 });
    for (const limit of [1, 3, 4]) {
      const listed: (typeof all)[number][] = [];
      for (;;) {
        const after = listed.at(-1)?.cursor;
        const page = await bench.queries.stock({
          ...filter,
          limit,
          ...(after === undefined ? {} : { after }),
        });
        listed.push(...page);
        if (page.length < limit) break;
      }
      assert.deepEqual(listed, all);
    }
    const returned = present(all.at(-1));
    assert.deepEqual([returned.serial, returned.revision], [serialOf(3), 2]);
  },
};

const expired: BenchCase = {
  name: 'expired reservations are those whose time is over',
  async run(bench) {
    const world = new World(bench.log);
    const expiries = ['2024-09-06T10:00:00.000Z', '2024-09-06T09:00:00.000Z', '2024-09-06T11:00:00.000Z'];
    for (const [number, expiresAt] of expiries.entries()) {
      mint(world, number);
      sell(world, number, DIRECT_CHANNEL, number);
      const document = documentOf(number);
      world.stamp(serialOf(number), {
        kind: 'reserve',
        document,
        at: world.now,
        expiresAt: expiresAt as Instant,
      });
    }
    await bench.deliver();
    const at = async (time: string, limit = 10) =>
      bench.queries.expiredReservations({ at: time as Instant, limit });
    assert.deepEqual(await at('2024-09-06T08:59:59.999Z'), []);
    assert.deepEqual(await at('2024-09-06T10:00:00.000Z'), [serialOf(1), serialOf(0)]);
    assert.deepEqual(await at('2024-09-06T12:00:00.000Z', 1), [serialOf(1)]);
    world.stamp(serialOf(1), { kind: 'release', reason: 'expired' });
    await bench.deliver();
    assert.deepEqual(await at('2024-09-06T12:00:00.000Z'), [serialOf(0), serialOf(2)]);
  },
};

const jobs: BenchCase = {
  name: 'batches to mint and allocations to do are the open ones, oldest first',
  async run(bench) {
    const world = new World(bench.log);
    for (const batchId of [...BATCHES].reverse())
      world.batch(batchId, {
        kind: 'open',
        batchId,
        denomination: denominationOf(batchId),
        quantity: 2,
        series: 'series-1',
      });
    mint(world, 0);
    mint(world, 1);
    world.allocation(ALLOCATION, {
      kind: 'request',
      allocationId: ALLOCATION,
      channel: NORTH,
      denomination: RUPIAH,
      quantity: 1,
      inStock: 2,
    });
    allocate(world, 0, NORTH);
    await bench.deliver();
    const { queries } = bench;
    const [first, second] = [present(BATCHES[0]), present(BATCHES[1])];
    assert.deepEqual(await queries.batchesToMint({ limit: 10 }), [second, first]);
    assert.deepEqual(await queries.batchesToMint({ limit: 1 }), [second]);
    assert.deepEqual([await queries.batchMinted(first), await queries.batchMinted(second)], [2, 0]);
    assert.deepEqual(await queries.allocationsToDo({ limit: 10 }), [ALLOCATION]);
    assert.equal(await queries.allocated(ALLOCATION), 1);
    world.batch(second, { kind: 'complete', minted: 0, conflicts: [] });
    world.allocation(ALLOCATION, { kind: 'complete', allocated: 1 });
    await bench.deliver();
    assert.deepEqual(await queries.batchesToMint({ limit: 10 }), [first]);
    assert.deepEqual(await queries.allocationsToDo({ limit: 10 }), []);
  },
};

const incidents: BenchCase = {
  name: 'incidents are listed newest first, after one of them',
  async run(bench) {
    const world = new World(bench.log);
    const startedAt = world.now;
    for (const incidentId of INCIDENTS)
      world.incident(incidentId, { kind: 'open', incidentId, title: `About ${incidentId}`, startedAt });
    const [first, second] = [present(INCIDENTS[0]), present(INCIDENTS[1])];
    world.incident(first, { kind: 'close', endedAt: startedAt, summary: 'Over.' });
    await bench.deliver();
    const opened = (incidentId: typeof first) => ({ incidentId, title: `About ${incidentId}`, startedAt });
    const older = { ...opened(first), status: 'closed', endedAt: startedAt, summary: 'Over.' };
    assert.deepEqual(await bench.queries.incidents({ limit: 10 }), [
      { ...opened(second), status: 'open' },
      older,
    ]);
    assert.deepEqual(await bench.queries.incidents({ limit: 10, after: second }), [older]);
  },
};

export const WORK_CASES: readonly BenchCase[] = [
  toFulfil,
  orderView,
  toReturn,
  unpaid,
  unfulfilled,
  stock,
  expired,
  jobs,
  incidents,
];
