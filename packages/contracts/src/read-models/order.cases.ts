import assert from 'node:assert/strict';
import { type Channel, DIRECT_CHANNEL, type Instant, type OrderId } from '@stamp-ledger/domain';
import { type BenchCase, present } from './harness.js';
import { allocate, CHANNELS, DOLLARS, mint, paymentFor, RUPIAH, serialOf, World } from './world.js';

const NORTH = present(CHANNELS[0]);
const SOUTH = present(CHANNELS[1]);
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
  name: 'orders to return are given up ones with stamps still out, and fulfilled ones with too many',
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
    for (const [number, order] of [
      [4, 4],
      [5, 4],
    ] as const) {
      mint(world, number);
      if (number === order) place(world, order, { channel: DIRECT_CHANNEL });
      sell(world, number, DIRECT_CHANNEL, order);
    }
    world.order(orderId(4), { kind: 'fulfil', serials: [serialOf(4)] });
    await bench.deliver();
    assert.deepEqual(idsOf(await bench.queries.ordersToReturn({ limit: 10 })), [orderId(1), orderId(4)]);
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

const longQueue: BenchCase = {
  name: 'a place in a long queue is the number of paid orders before it',
  async run(bench) {
    const world = new World(bench.log);
    const numbers = Array.from({ length: 150 }, (_, number) => number);
    const channelOf = (number: number): Channel => (number % 4 === 0 ? SOUTH : NORTH);
    for (const number of numbers) place(world, number, { channel: channelOf(number) });
    await bench.deliverInBatches(64);
    const waiting = new Set(numbers);
    const check = async () => {
      for (const number of numbers.filter((each) => each % 7 === 0)) {
        const channel = channelOf(number);
        const ahead = numbers.filter(
          (other) => other < number && waiting.has(other) && channelOf(other) === channel,
        );
        const asked = { channel, denomination: RUPIAH, before: orderId(number) };
        assert.equal(await bench.queries.ordersAhead(asked), ahead.length);
      }
      const all = await bench.queries.ordersAhead({ channel: SOUTH, denomination: RUPIAH });
      assert.equal(all, [...waiting].filter((number) => channelOf(number) === SOUTH).length);
    };
    await check();
    const seen = bench.log.events.length;
    for (const number of numbers.filter((each) => each % 3 === 0 || each < 40)) {
      if (number % 2 === 0) world.order(orderId(number), { kind: 'cancel' });
      else world.order(orderId(number), { kind: 'fulfil', serials: [serialOf(number)] });
      waiting.delete(number);
    }
    await bench.deliver(bench.log.events.slice(seen));
    await check();
  },
};

export const ORDER_CASES: readonly BenchCase[] = [
  toFulfil,
  longQueue,
  orderView,
  toReturn,
  unpaid,
  unfulfilled,
];
