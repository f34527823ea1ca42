import assert from 'node:assert/strict';
import type { Channel, Instant, OrderId } from '@stamp-ledger/domain';
import type { PaymentFilter } from '@stamp-ledger/ports';
import { type BenchCase, present } from './harness.js';
import { allocate, CHANNELS, mint, paymentFor, RUPIAH, serialOf, World } from './world.js';

const NORTH: Channel = present(CHANNELS[0]);
const EARLY = '2024-09-05T10:00:00.000Z' as Instant;
const LATE = '2024-09-06T10:00:00.000Z' as Instant;

/** Four payments: an order each fulfilled, cancelled and waiting, and a stamp sold by itself; recorded in this order. */
function payments(world: World): void {
  const pay = (name: string, reference: string, paidAt: string) => {
    const orderId = name as OrderId;
    const payment = { ...paymentFor(RUPIAH, 1, reference), paidAt };
    world.order(orderId, {
      kind: 'place',
      orderId,
      channel: NORTH,
      holder: 'holder-1',
      denomination: RUPIAH,
      quantity: 1,
      payment,
    });
  };
  mint(world, 0);
  allocate(world, 0, NORTH);
  mint(world, 1);
  allocate(world, 1, NORTH);
  pay('late', 'ref-1', LATE);
  pay('early', 'ref-2', '2024-09-05T10:00:00Z');
  pay('twice', 'ref-1', EARLY);
  const payment = { ...paymentFor(RUPIAH, 1, 'ref-3'), paidAt: LATE };
  world.stamp(serialOf(1), { kind: 'sell', channel: NORTH, holder: 'holder-2', payment });
  world.stamp(serialOf(0), { kind: 'sell', channel: NORTH, holder: 'holder-1', orderId: 'late' as OrderId });
  world.order('late' as OrderId, { kind: 'fulfil', serials: [serialOf(0)] });
  world.order('early' as OrderId, { kind: 'cancel' });
}

const listing: BenchCase = {
  name: 'payments come by their own time, each with what it was for and what became of it',
  async run(bench) {
    const world = new World(bench.log);
    payments(world);
    await bench.deliver();
    const find = async (filter: PaymentFilter) =>
      (await bench.queries.payments(filter, { limit: 10 })).map(({ reference, subject, status, paidAt }) => [
        reference,
        'orderId' in subject ? subject.orderId : subject.serial,
        status,
        paidAt,
      ]);
    const early = ['ref-2', 'early', 'refund-due', EARLY];
    const twice = ['ref-1', 'twice', 'pending', EARLY];
    const late = ['ref-1', 'late', 'fulfilled', LATE];
    const stamp = ['ref-3', serialOf(1), 'fulfilled', LATE];
    assert.deepEqual(await find({}), [early, twice, late, stamp]);
    assert.deepEqual(await find({ reference: 'ref-1' }), [twice, late]);
    assert.deepEqual(await find({ from: LATE }), [late, stamp]);
    assert.deepEqual(await find({ to: LATE }), [early, twice]);
    assert.deepEqual(await find({ reference: 'ref-9' }), []);
    const [first, second, third] = await bench.queries.payments({}, { limit: 3 });
    assert.deepEqual(
      await bench.queries.payments({}, { after: present(first).cursor, limit: 2 }),
      [second, third],
      'a page goes on among payments of one time',
    );
    const { cursor: _, ...view } = present(first);
    assert.deepEqual(view, {
      reference: 'ref-2',
      amount: RUPIAH,
      paidAt: EARLY,
      recordedAt: world.now,
      position: present(
        bench.log.events.find(({ stream, type }) => stream === 'order-early' && type === 'OrderPaid'),
      ).position,
      channel: NORTH,
      subject: { orderId: 'early' },
      status: 'refund-due',
    });
  },
};

const refunds: BenchCase = {
  name: 'a refund shows at the payment that it settles, and a payment delivered twice is one',
  async run(bench) {
    const world = new World(bench.log);
    payments(world);
    await bench.deliver();
    await bench.deliver();
    world.order('early' as OrderId, { kind: 'refund', policyVersion: 'policy-1', usedSerials: [] });
    world.stamp(serialOf(1), { kind: 'void', reason: 'refund', policyVersion: 'policy-1' });
    await bench.deliver();
    const found = await bench.queries.payments({}, { limit: 10 });
    assert.deepEqual(
      found.map(({ status }) => status),
      ['refunded', 'pending', 'fulfilled', 'refunded'],
    );
  },
};

export const PAYMENT_CASES: readonly BenchCase[] = [listing, refunds];
