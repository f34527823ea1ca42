import assert from 'node:assert/strict';
import { type Channel, DIRECT_CHANNEL, type Instant } from '@stamp-ledger/domain';
import { type Bench, type BenchCase, present } from './harness.js';
import {
  ALLOCATIONS,
  allocate,
  BATCHES,
  CHANNELS,
  denominationOf,
  documentOf,
  INCIDENTS,
  mint,
  RUPIAH,
  serialOf,
  World,
} from './world.js';

const NORTH = present(CHANNELS[0]);
const SOUTH = present(CHANNELS[1]);
const ALLOCATION = present(ALLOCATIONS[0]);

const sell = (world: World, number: number): unknown =>
  world.stamp(serialOf(number), { kind: 'sell', channel: DIRECT_CHANNEL, holder: 'holder-1' });

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
    sell(world, 5);
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
      sell(world, number);
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

export const STOCK_CASES: readonly BenchCase[] = [stock, expired, jobs, incidents];
