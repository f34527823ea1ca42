import assert from 'node:assert/strict';
import { type ProjectionRun, type RunStatus, runProjections } from '@stamp-ledger/app';
import { type RecordedEvent, serde, stampStream } from '@stamp-ledger/codec';
import type { Channel } from '@stamp-ledger/domain';
import { PortError } from '@stamp-ledger/ports';
import { dump } from './dump.js';
import { type Bench, type BenchCase, NAMES, PROJECTIONS, present } from './harness.js';
import { positionAt } from './memory-log.js';
import { playSample } from './random-history.js';
import { allocate, CHANNELS, mint, serialOf, World } from './world.js';

const NORTH = CHANNELS[0] as Channel;

/** Runs the projections until they wait for more or all stand still; answers with their last status. */
async function runToEnd(bench: Bench, changes: Partial<ProjectionRun> = {}): Promise<readonly RunStatus[]> {
  const stopping = new AbortController();
  let last: readonly RunStatus[] = [];
  await runProjections({
    ...bench.source,
    read: bench.log.readAll,
    store: bench.store,
    projections: PROJECTIONS,
    signal: stopping.signal,
    onStatus: (statuses) => {
      last = statuses;
    },
    waitForMore: async () => stopping.abort(),
    sleep: async () => {},
    ...changes,
  });
  return last;
}

const stateOf = (statuses: readonly RunStatus[], name: string): RunStatus =>
  present(statuses.find(({ projection }) => projection === name));

const follows: BenchCase = {
  name: 'a run takes up where each projection stands',
  async run(bench) {
    playSample(new World(bench.log), { length: 1_200 });
    await bench.deliver(bench.log.events.slice(0, 30));
    await bench.deliver(bench.log.events.slice(30, 70), { to: ['verification'] });
    const statuses = await runToEnd(bench);
    const beside = await bench.underTest.beside();
    await bench.deliver(bench.log.events, { models: beside });
    assert.deepEqual(await dump(bench.queries), await dump(beside.queries));
    for (const { halted, position, events } of statuses)
      assert.deepEqual(
        { halted, position, events },
        { halted: undefined, position: bench.log.events.at(-1)?.position, events: bench.log.events.length },
      );
  },
};

const tellsLookUpsFirst: BenchCase = {
  name: 'a page is told to look-ups before the other models have taken it',
  async run(bench) {
    mint(new World(bench.log), 3);
    const told: RunStatus[][] = [];
    await runToEnd(bench, { onStatus: (statuses) => told.push([...statuses]) });
    const end = bench.log.events.at(-1)?.position;
    const first = present(told.find((statuses) => stateOf(statuses, 'verification').position === end));
    assert.deepEqual(
      NAMES.filter((name) => stateOf(first, name).position === end),
      ['verification'],
    );
  },
};

/** A stamp that is allocated though nobody minted it: the audit index takes it, the other models cannot. */
function impossible(bench: Bench): RecordedEvent {
  const world = new World(bench.log);
  mint(world, 5);
  const [moved] = allocate(world, 5, NORTH);
  const { id, metadata, data } = present(moved);
  const serial = serialOf(6);
  const index = bench.log.recorded.length;
  return {
    ...serde.encode({
      id,
      stream: stampStream(serial),
      event: {
        type: 'StampAllocated',
        data: { ...(data as { channel: string; allocationId: string }), serial },
      },
      metadata,
    }),
    stream: stampStream(serial),
    revision: 0,
    position: positionAt(index),
  };
}

const haltsAlone: BenchCase = {
  name: 'an event that does not fit halts its projections, keeps what came before, and skips nothing',
  async run(bench) {
    const bad = bench.log.appendRecorded(impossible(bench));
    mint(new World(bench.log), 7);
    const last = present(bench.log.events.at(-1));
    const statuses = await runToEnd(bench);
    const before = present(bench.log.events.at(-3));
    for (const name of ['verification', 'inventory']) {
      const { halted, position } = stateOf(statuses, name);
      assert.equal(position, before.position);
      assert.ok(halted?.includes(bad.position));
      assert.ok(!halted?.includes(serialOf(6)), 'a status shows no value of an event');
    }
    const index = stateOf(statuses, 'audit-index');
    assert.deepEqual([index.halted, index.position], [undefined, last.position]);
    assert.equal((await bench.queries.stamp(serialOf(5)))?.state, 'allocated');
    assert.equal(await bench.queries.stamp(serialOf(7)), undefined);
    const again = await runToEnd(bench);
    assert.equal(stateOf(again, 'inventory').position, before.position);
    assert.notEqual(stateOf(again, 'inventory').halted, undefined);
  },
};

const haltsAll: BenchCase = {
  name: 'an event that cannot be decoded halts all projections before it',
  async run(bench) {
    const world = new World(bench.log);
    mint(world, 0);
    const good = present(bench.log.events.at(-1));
    bench.log.recorded.push({
      ...present(bench.log.recorded[0]),
      type: 'StampForgotten',
      revision: 1,
      position: positionAt(1),
    });
    for (const { halted, position } of await runToEnd(bench)) {
      assert.equal(position, good.position);
      assert.ok(halted?.includes(positionAt(1)));
    }
  },
};

const triesAgain: BenchCase = {
  name: 'an unavailable sink or log is tried again',
  async run(bench) {
    playSample(new World(bench.log), { length: 300 });
    let failures = 0;
    const failing = <Arguments extends unknown[], Result>(call: (...args: Arguments) => Promise<Result>) => {
      let calls = 0;
      return (...args: Arguments): Promise<Result> => {
        calls++;
        if (calls % 2 === 0) return call(...args);
        failures++;
        return Promise.reject(new PortError('unavailable', 'try again'));
      };
    };
    const store: typeof bench.store = {
      progress: failing(() => bench.store.progress()),
      transact: failing((name, work) => bench.store.transact(name, work)) as typeof bench.store.transact,
      close: () => bench.store.close(),
    };
    const statuses = await runToEnd(bench, { store, read: failing(bench.log.readAll) });
    assert.ok(failures > 0);
    assert.deepEqual(
      statuses.map(({ halted }) => halted),
      NAMES.map(() => undefined),
    );
    const beside = await bench.underTest.beside();
    await bench.deliver(bench.log.events, { models: beside });
    assert.deepEqual(await dump(bench.queries), await dump(beside.queries));
  },
};

export const RUN_CASES: readonly BenchCase[] = [follows, tellsLookUpsFirst, haltsAlone, haltsAll, triesAgain];
