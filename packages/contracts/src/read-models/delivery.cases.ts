import assert from 'node:assert/strict';
import { ProjectionFault } from '@stamp-ledger/app';
import type { LedgerEvent } from '@stamp-ledger/codec';
import type { Channel } from '@stamp-ledger/domain';
import { assertRowsAreFolds, dump, dumpStreams } from './dump.js';
import { type Bench, type BenchCase, NAMES, present } from './harness.js';
import { playSample } from './random-history.js';
import { allocate, CHANNELS, mint, SERIALS, serialOf, World } from './world.js';

const BATCH = 17;
const NORTH = CHANNELS[0] as Channel;
const STREAM_MODELS = ['verification', 'inventory'] as const;

async function expectedDump(bench: Bench): Promise<unknown> {
  return dump((await projectedBeside(bench)).queries);
}

/** Another set of models, given everything once and in order. */
async function projectedBeside(bench: Bench) {
  const models = await bench.underTest.beside();
  await bench.deliverInBatches(BATCH, models);
  return models;
}

/** The same events, each stream in its own order, the streams in another: as partitions of a topic would bring them. */
function byStream(events: readonly LedgerEvent[]): LedgerEvent[] {
  return events.toSorted((a, b) =>
    a.stream === b.stream ? a.revision - b.revision : a.stream < b.stream ? 1 : -1,
  );
}

const redelivery: BenchCase = {
  name: 'the same events five times over change nothing',
  async run(bench) {
    playSample(new World(bench.log));
    for (let start = 0; start < bench.log.events.length; start += BATCH) {
      const batch = bench.log.events.slice(start, start + BATCH);
      await bench.deliver(batch);
      const before = bench.log.events.slice(Math.max(0, start - BATCH * 2), start + BATCH);
      for (let times = 0; times < 4; times++) await bench.deliver(times % 2 === 0 ? before : batch);
    }
    assert.deepEqual(await dump(bench.queries), await expectedDump(bench));
    await assertRowsAreFolds(bench.queries, bench.log.events);
  },
};

const repeatedWithin: BenchCase = {
  name: 'an event that a batch holds twice counts once',
  async run(bench) {
    playSample(new World(bench.log), { length: 600 });
    await bench.deliver(bench.log.events.flatMap((event) => [event, event]));
    assert.deepEqual(await dump(bench.queries), await expectedDump(bench));
  },
};

const otherOrder: BenchCase = {
  name: 'streams may come in any order among themselves',
  async run(bench) {
    playSample(new World(bench.log), { length: 1_200 });
    const shuffled = byStream(bench.log.events);
    for (let start = 0; start < shuffled.length; start += BATCH)
      await bench.deliver(shuffled.slice(start, start + BATCH));
    const once = await projectedBeside(bench);
    assert.deepEqual(await dump(bench.queries), await dump(once.queries));
    for (const { position } of bench.log.events)
      assert.deepEqual(
        (await bench.queries.conservation({ position })).groups,
        (await once.queries.conservation({ position })).groups,
      );
    for (const { metadata } of bench.log.events) {
      const moment = { recordedAt: metadata.recordedAt as never };
      assert.deepEqual(
        (await bench.queries.inventory({}, moment)).groups,
        (await once.queries.inventory({}, moment)).groups,
      );
    }
  },
};

const repaired: BenchCase = {
  name: 'a gap is filled from the store',
  async run(bench) {
    playSample(new World(bench.log), { length: 1_200 });
    const streams = new Set(bench.log.events.map(({ stream }) => stream));
    const last = new Map(
      [...streams].map((stream) => [stream, bench.log.events.findLast((e) => e.stream === stream)]),
    );
    const delivered = bench.log.events.filter(
      (event, index) => index % 3 === 0 || last.get(event.stream) === event,
    );
    assert.ok(delivered.length < bench.log.events.length);
    for (let start = 0; start < delivered.length; start += BATCH)
      await bench.deliver(delivered.slice(start, start + BATCH), { to: STREAM_MODELS });
    const once = await projectedBeside(bench);
    assert.deepEqual(await dumpStreams(bench.queries), await dumpStreams(once.queries));
    for (const { position } of bench.log.events)
      assert.deepEqual(
        (await bench.queries.conservation({ position })).groups,
        (await once.queries.conservation({ position })).groups,
      );
  },
};

const refused: BenchCase = {
  name: 'a gap that the store cannot fill is refused and changes nothing',
  async run(bench) {
    const world = new World(bench.log);
    mint(world, 0);
    await bench.deliver();
    const before = await dump(bench.queries);
    const [moved] = allocate(world, 0, NORTH);
    const unknown = { ...present(moved), revision: 5 } as LedgerEvent;
    for (const name of STREAM_MODELS) {
      await assert.rejects(
        bench.deliver([unknown], { to: [name] }),
        (error) => error instanceof ProjectionFault && error.position === unknown.position,
      );
    }
    assert.deepEqual(await dump(bench.queries), before);
  },
};

class Interrupted extends Error {}

const failedTransaction: BenchCase = {
  name: 'a failed transaction leaves rows and position as they were',
  async run(bench) {
    const world = new World(bench.log);
    playSample(world, { length: 400 });
    await bench.deliver();
    const rows = await dump(bench.queries);
    const progress = await bench.store.progress();
    const seen = bench.log.events.length;
    playSample(world, { length: 400, seed: 8 });
    const store: typeof bench.store = {
      progress: () => bench.store.progress(),
      close: () => bench.store.close(),
      transact: (name, work) =>
        bench.store.transact(name, async (transaction) => {
          await work(transaction);
          throw new Interrupted('after everything was saved, before it was committed');
        }),
    };
    const models = { store, queries: bench.queries };
    for (const name of NAMES)
      await assert.rejects(bench.deliver(bench.log.events.slice(seen), { to: [name], models }), Interrupted);
    assert.deepEqual(await dump(bench.queries), rows);
    assert.deepEqual(await bench.store.progress(), progress);
    await bench.deliver(bench.log.events.slice(seen));
    assert.deepEqual(await dump(bench.queries), await expectedDump(bench));
  },
};

const position: BenchCase = {
  name: 'the position is stored with the rows and outlives a restart',
  async run(bench) {
    const world = new World(bench.log);
    assert.equal((await bench.store.progress()).size, 0);
    for (const number of [0, 1, 2]) {
      world.pass(5);
      await bench.deliver(mint(world, number));
      await bench.reopen();
      const last = present(bench.log.events.at(-1));
      const progress = await bench.store.progress();
      for (const name of NAMES) {
        const { position, recordedAt, events } = present(progress.get(name));
        assert.deepEqual(
          { position, recordedAt, events },
          { position: last.position, recordedAt: last.metadata.recordedAt, events: number + 1 },
        );
      }
      assert.equal((await bench.queries.stamp(serialOf(number)))?.state, 'minted');
    }
  },
};

const isolation: BenchCase = {
  name: 'a reader sees a transaction whole or not at all',
  async run(bench) {
    const world = new World(bench.log);
    await bench.deliver(mint(world, 0));
    const events = [...mint(world, 1), ...mint(world, 2)];
    const before = await dump(bench.queries);
    const looking: typeof bench.store = {
      progress: () => bench.store.progress(),
      close: () => bench.store.close(),
      transact: (name, work) =>
        bench.store.transact(name, async (transaction) => {
          const result = await work(transaction);
          if (name === 'verification') assert.deepEqual(await dump(bench.queries), before);
          return result;
        }),
    };
    await bench.deliver(events, { models: { store: looking } });
    for (const serial of SERIALS.slice(0, 3))
      assert.equal((await bench.queries.stamp(serial))?.state, 'minted');
  },
};

const rebuilt: BenchCase = {
  name: 'models built anew beside the live ones equal them',
  async run(bench) {
    playSample(new World(bench.log));
    await bench.deliverInBatches(1);
    const beside = await bench.underTest.beside();
    await bench.deliverInBatches(251, beside);
    assert.deepEqual(await dump(beside.queries), await dump(bench.queries));
    assert.deepEqual(await beside.store.progress(), await bench.store.progress());
  },
};

const built: BenchCase = {
  name: 'models built in one go equal live ones, then and when they go on',
  async run(bench) {
    playSample(new World(bench.log));
    const { events } = bench.log;
    const half = Math.floor(events.length / 2);
    await bench.deliver(events.slice(0, half));
    const models = await bench.underTest.built?.(async (store, to) => {
      for (let start = 0; start < half; start += BATCH)
        await bench.deliver(events.slice(start, Math.min(start + BATCH, half)), { to, models: { store } });
    });
    if (models === undefined) return;
    assert.deepEqual(await dump(models.queries), await dump(bench.queries));
    await bench.deliver(events.slice(half), { models });
    await bench.deliver(events.slice(half));
    assert.deepEqual(await dump(models.queries), await dump(bench.queries));
    assert.deepEqual(await models.store.progress(), await bench.store.progress());
  },
};

const restarts: BenchCase = {
  name: 'restarts between batches change nothing',
  async run(bench) {
    playSample(new World(bench.log), { length: 800 });
    for (let start = 0; start < bench.log.events.length; start += BATCH) {
      await bench.deliver(bench.log.events.slice(start, start + BATCH));
      await bench.reopen();
    }
    assert.deepEqual(await dump(bench.queries), await expectedDump(bench));
  },
};

export const DELIVERY_CASES: readonly BenchCase[] = [
  redelivery,
  repeatedWithin,
  otherOrder,
  repaired,
  refused,
  failedTransaction,
  position,
  isolation,
  rebuilt,
  built,
  restarts,
];
