import assert from 'node:assert/strict';
import { LIMITS } from '@stamp-ledger/ports';
import { held, rejectsAsMistake } from '../contract.js';
import {
  accepted,
  appendOf,
  appendTo,
  asRepeat,
  assertOrdered,
  type BenchCase,
  conflict,
  event,
  labelsOf,
  range,
  readAfter,
  revisionsOf,
} from './harness.js';

export const APPEND_CASES: readonly BenchCase[] = [
  {
    name: 'a stream starts at revision 0 and goes on by one',
    async run({ store, stream }) {
      const a = stream('A');
      assert.equal((await appendTo(store, a, 'no-stream', event(1))).revision, 0);
      assert.equal((await appendTo(store, a, 0, event(2), event(3))).revision, 2);
      const page = await store.readStream({ stream: a, limit: 10 });
      assert.deepEqual(revisionsOf(page.events), [0, 1, 2]);
      assert.deepEqual(labelsOf(page.events), ['1', '2', '3']);
      assert.equal(page.head, 2);
    },
  },
  {
    name: 'an append answers with the revision and position of its last event',
    async run({ store, stream }) {
      const a = stream('A');
      const result = await appendTo(store, a, 'no-stream', event(1), event(2), event(3));
      const { events } = await store.readStream({ stream: a, limit: 10 });
      assert.deepEqual([result.revision, result.position], [2, events[2]?.position]);
    },
  },
  {
    name: 'a wrong expected revision is a conflict that carries the actual one',
    async run({ store, stream }) {
      const [a, absent] = [stream('A'), stream('ABSENT')];
      await appendTo(store, a, 'no-stream', event(1), event(2));
      assert.deepEqual(
        await store.append([
          appendOf(absent, 0, event(3)),
          appendOf(absent, 7, event(3)),
          appendOf(a, 'no-stream', event(3)),
          appendOf(a, 0, event(3)),
          appendOf(a, 2, event(3)),
          appendOf(a, 99, event(3)),
        ]),
        [conflict('no-stream'), conflict('no-stream'), conflict(1), conflict(1), conflict(1), conflict(1)],
      );
    },
  },
  {
    name: 'a refused append of several events writes none of them',
    async run({ store, stream, start }) {
      const a = stream('A');
      await appendTo(store, a, 'no-stream', event(1));
      await store.append([appendOf(a, 5, event(2), event(3)), appendOf(a, 'no-stream', event(4), event(5))]);
      assert.deepEqual((await store.readStream({ stream: a, limit: 10 })).head, 0);
      assert.deepEqual(labelsOf(await readAfter(store, start)), ['1']);
    },
  },
  {
    name: 'the streams of one call are independent and answered in order',
    async run({ store, stream, start }) {
      const [a, b, c] = [stream('A'), stream('B'), stream('C')];
      await appendTo(store, b, 'no-stream', event('b0'));
      const results = await store.append([
        appendOf(a, 'no-stream', event('a0'), event('a1')),
        appendOf(b, 'no-stream', event('b1'), event('b2')),
        appendOf(c, 'no-stream', event('c0')),
      ]);
      assert.deepEqual([accepted(results[0]).revision, accepted(results[2]).revision], [1, 0]);
      assert.deepEqual(results[1], conflict(0));
      assert.deepEqual(labelsOf(await readAfter(store, start)).sort(), ['a0', 'a1', 'b0', 'c0']);
    },
  },
  {
    name: 'a later append of one call sees the earlier ones to its stream',
    async run({ store, stream }) {
      const a = stream('A');
      const results = await store.append([
        appendOf(a, 'no-stream', event(1), event(2)),
        appendOf(a, 1, event(3)),
        appendOf(a, 1, event(4)),
        appendOf(a, 'no-stream', event(1), event(2)),
        appendOf(a, 0, event(2), event(3)),
      ]);
      const [first, second, third, repeated, across] = results;
      assert.deepEqual([accepted(first).revision, accepted(second).revision], [1, 2]);
      assert.deepEqual(third, conflict(2));
      assert.deepEqual([accepted(repeated), accepted(across)], asRepeat([accepted(first), accepted(second)]));
      assert.deepEqual(labelsOf((await store.readStream({ stream: a, limit: 9 })).events), ['1', '2', '3']);
    },
  },
  {
    name: 'one call may write many streams',
    async run({ store, stream, start }) {
      const streams = range(500).map((index) => stream(`S${index}`));
      const results = await store.append(
        streams.map((each, index) => appendOf(each, 'no-stream', event(index))),
      );
      const events = await readAfter(store, start, 97);
      assertOrdered(events);
      assert.equal(events.length, streams.length);
      for (const [index, each] of streams.entries()) {
        const [written] = (await store.readStream({ stream: each, limit: 2 })).events;
        assert.deepEqual(
          [accepted(results[index]).position, accepted(results[index]).revision],
          [written?.position, 0],
        );
      }
    },
  },
  {
    name: 'a call with no events or too many is a mistake of the caller and harms nobody else',
    async run({ store, stream, start }) {
      const a = stream('A');
      const [first = event(0), ...more] = range(LIMITS.appendEvents + 1).map((index) => event(index));
      const good = held(appendTo(store, stream('B'), 'no-stream', event('good')));
      await rejectsAsMistake(store.append([]));
      await rejectsAsMistake(store.append([{ stream: a, expected: 'no-stream', events: [] as never }]));
      await rejectsAsMistake(store.append([appendOf(a, 'no-stream', first, ...more)]));
      await rejectsAsMistake(store.append([appendOf(a, -1, event(1))]));
      await good;
      assert.deepEqual(labelsOf(await readAfter(store, start)), ['good']);
    },
  },
];
