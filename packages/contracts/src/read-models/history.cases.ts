import assert from 'node:assert/strict';
import type { Instant, StampStage } from '@stamp-ledger/domain';
import fc from 'fast-check';
import { assertRowsAreFolds } from './dump.js';
import { type Bench, type BenchCase, present } from './harness.js';
import { attempts, play, playSample } from './random-history.js';
import { recountInventory, recountMoney } from './recount.js';
import {
  allocate,
  BATCHES,
  CHANNELS,
  mint,
  RUPIAH,
  SERIALS,
  STOCK_CHANNELS,
  serialOf,
  World,
} from './world.js';

const NORTH = present(CHANNELS[0]);
const RUNS = 8;
const LENGTH = 400;
const MAX_BATCH = 40;

/** Runs the check on random histories, each in read models of its own, given in batches of some size. */
async function forRandomHistories(bench: Bench, check: (own: Bench) => Promise<void>): Promise<void> {
  const property = fc.asyncProperty(
    attempts(LENGTH),
    fc.integer({ min: 1, max: MAX_BATCH }),
    async (history, size) => {
      const own = await bench.another();
      play(new World(own.log), history);
      await own.deliverInBatches(size);
      await check(own);
    },
  );
  await fc.assert(property, { numRuns: RUNS, endOnFailure: true });
}

const folds: BenchCase = {
  name: 'every row is the fold of its stream',
  run: (bench) =>
    forRandomHistories(bench, async ({ queries, log }) => {
      await assertRowsAreFolds(queries, log.events);
      assert.deepEqual((await queries.inventory({})).groups, recountInventory(log.events));
    }),
};

const everyPosition: BenchCase = {
  name: 'the inventory of every past position is what a recount gives',
  run: (bench) =>
    forRandomHistories(bench, async ({ queries, log }) => {
      for (const [index, { position }] of log.events.entries()) {
        const seen = log.events.slice(0, index + 1);
        const expected = recountInventory(seen);
        const { asOf, groups } = await queries.inventory({}, { position });
        assert.deepEqual(groups, expected);
        assert.equal(asOf.position, position);
        const latest = seen
          .map(({ metadata }) => metadata.recordedAt)
          .toSorted()
          .at(-1);
        assert.equal(asOf.recordedAt, latest);
        const conservation = await queries.conservation({ position });
        assert.deepEqual(
          conservation.groups.map(({ minted: _, difference: __, ...group }) => group),
          expected,
        );
        assert.ok(conservation.groups.every(({ difference }) => difference === 0));
        assert.deepEqual(conservation.money, recountMoney(seen));
      }
    }),
};

const everyTime: BenchCase = {
  name: 'the inventory of a past time is that before the first event recorded later',
  run: (bench) =>
    forRandomHistories(bench, async ({ queries, log }) => {
      const times = new Set(log.events.map(({ metadata }) => metadata.recordedAt as Instant));
      for (const recordedAt of [...times, '2000-01-01T00:00:00.000Z' as Instant]) {
        const later = log.events.findIndex(({ metadata }) => metadata.recordedAt > recordedAt);
        const seen = later === -1 ? log.events : log.events.slice(0, later);
        const { asOf, groups } = await queries.inventory({}, { recordedAt });
        assert.deepEqual(groups, recountInventory(seen));
        assert.equal(asOf.position, seen.at(-1)?.position);
        const conservation = await queries.conservation({ recordedAt });
        assert.deepEqual(conservation.money, recountMoney(seen));
      }
    }),
};

const conserved: BenchCase = {
  name: 'no history makes a difference',
  run: (bench) =>
    forRandomHistories(bench, async ({ queries, log }) => {
      const { groups, money } = await queries.conservation();
      for (const group of groups) assert.deepEqual([group.difference, group.serials], [0, undefined]);
      assert.deepEqual(money, recountMoney(log.events));
    }),
};

const empty: BenchCase = {
  name: 'an empty log has an empty inventory',
  async run({ queries }) {
    assert.deepEqual(await queries.inventory({}), { asOf: {}, groups: [] });
    assert.deepEqual(await queries.conservation(), { asOf: {}, groups: [], money: [] });
    assert.deepEqual(await queries.findEvents({}, { limit: 10 }), []);
  },
};

const ahead: BenchCase = {
  name: 'a moment that the models have not reached is answered as now',
  async run(bench) {
    mint(new World(bench.log), 0);
    await bench.deliver();
    const now = await bench.queries.inventory({});
    const position = '9'.repeat(12) as NonNullable<typeof now.asOf.position>;
    assert.deepEqual(await bench.queries.inventory({}, { position }), now);
    assert.deepEqual(
      await bench.queries.inventory({}, { recordedAt: '2999-01-01T00:00:00.000Z' as Instant }),
      now,
    );
  },
};

const filters: BenchCase = {
  name: 'the inventory is filtered by channel, denomination and batch',
  async run(bench) {
    playSample(new World(bench.log));
    await bench.deliverInBatches(100);
    const { groups } = await bench.queries.inventory({});
    for (const channel of STOCK_CHANNELS)
      assert.deepEqual(
        (await bench.queries.inventory({ channel })).groups,
        groups.filter((group) => group.channel === channel),
      );
    for (const batchId of BATCHES)
      assert.deepEqual(
        (await bench.queries.inventory({ batchId })).groups,
        groups.filter((group) => group.batchId === batchId),
      );
    const rupiah = groups.filter(({ denomination }) => denomination.currency === RUPIAH.currency);
    assert.ok(rupiah.length > 0);
    for (const filter of [{ currency: 'IDR' }, { amount: '10000' }, { amount: '10000.00', currency: 'IDR' }])
      assert.deepEqual((await bench.queries.inventory(filter)).groups, rupiah);
  },
};

async function mintFive(bench: Bench): Promise<World> {
  const world = new World(bench.log);
  for (const number of [0, 1, 2, 3, 4]) mint(world, number);
  for (const number of [0, 1, 2]) allocate(world, number, NORTH);
  await bench.deliver();
  return world;
}

const flipped: BenchCase = {
  name: 'a row whose state was changed by hand is found and listed',
  async run(bench) {
    await mintFive(bench);
    const serial = present(SERIALS[1]);
    await bench.underTest.tamper({ kind: 'flip-state', serial, to: 'affixed' satisfies StampStage });
    const { groups } = await bench.queries.conservation();
    const north = present(groups.find(({ channel }) => channel === NORTH));
    assert.deepEqual(north.serials, [serial]);
    assert.ok(groups.every((group) => group === north || group.serials === undefined));
  },
};

const deleted: BenchCase = {
  name: 'a row that was deleted by hand is missed and listed',
  async run(bench) {
    await mintFive(bench);
    const serial = serialOf(4);
    await bench.underTest.tamper({ kind: 'delete-stamp', serial });
    const { groups } = await bench.queries.conservation();
    const direct = present(groups.find(({ channel }) => channel !== NORTH));
    assert.deepEqual([direct.minted, direct.inStock, direct.difference, direct.serials], [2, 1, 1, [serial]]);
  },
};

const healed: BenchCase = {
  name: 'a deleted row comes back with its next event and is not counted twice',
  async run(bench) {
    const world = await mintFive(bench);
    await bench.underTest.tamper({ kind: 'delete-stamp', serial: serialOf(4) });
    await bench.deliver(allocate(world, 4, NORTH));
    const { groups } = await bench.queries.conservation();
    assert.deepEqual(
      groups.map(({ minted, difference }) => [minted, difference]),
      [
        [1, 0],
        [4, 0],
      ],
    );
    await assertRowsAreFolds(bench.queries, bench.log.events);
  },
};

export const HISTORY_CASES: readonly BenchCase[] = [
  folds,
  everyPosition,
  everyTime,
  conserved,
  empty,
  ahead,
  filters,
  flipped,
  deleted,
  healed,
];
