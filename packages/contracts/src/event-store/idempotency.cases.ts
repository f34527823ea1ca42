import assert from 'node:assert/strict';
import { held, rejectsWith } from '../contract.js';
import {
  appendOf,
  appendTo,
  asRepeat,
  type BenchCase,
  conflict,
  event,
  labelsOf,
  readAfter,
} from './harness.js';

/** The rules for an append whose stream is already past the expected revision. */
export const IDEMPOTENCY_CASES: readonly BenchCase[] = [
  {
    name: 'the same ids after the same revision are written once and answered as the first time',
    async run({ store, stream, start }) {
      const a = stream('A');
      const first = appendOf(a, 'no-stream', event(1), event(2));
      const second = appendOf(a, 1, event(3));
      const answers = [...(await store.append([first])), ...(await store.append([second]))];
      assert.deepEqual(await store.append([first, second]), asRepeat(answers));
      assert.deepEqual(
        [...(await store.append([second])), ...(await store.append([first]))],
        asRepeat(answers.toReversed()),
      );
      assert.deepEqual(labelsOf(await readAfter(store, start)), ['1', '2', '3']);
    },
  },
  {
    name: 'a repeat is recognised however far the stream has gone on',
    async run({ store, stream, start }) {
      const a = stream('A');
      const first = appendOf(a, 'no-stream', event(0));
      const answers = await store.append([first]);
      for (let revision = 0; revision < 20; revision++)
        await appendTo(store, a, revision, event(`later${revision}`));
      assert.deepEqual(await store.append([first]), asRepeat(answers));
      assert.equal((await readAfter(store, start)).length, 21);
    },
  },
  {
    name: 'repeats that arrive together are written once',
    async run({ store, stream, start }) {
      const append = appendOf(stream('A'), 'no-stream', event(1), event(2));
      const answers = await Promise.all(Array.from({ length: 20 }, () => store.append([append])));
      for (const answer of answers) assert.deepEqual(asRepeat(answer), asRepeat(answers[0] ?? []));
      const writers = answers.flat().filter((answer) => answer.kind === 'appended' && answer.written);
      assert.ok(writers.length <= 1, 'only one can have written them');
      assert.equal(answers[0]?.[0]?.kind, 'appended');
      assert.deepEqual(labelsOf(await readAfter(store, start)), ['1', '2']);
    },
  },
  {
    name: 'another first id is a conflict',
    async run({ store, stream, start }) {
      const a = stream('A');
      await appendTo(store, a, 'no-stream', event(1), event(2));
      const others = [
        appendOf(a, 'no-stream', event(9), event(2)),
        appendOf(a, 'no-stream', event(2)),
        appendOf(a, 0, event(1)),
      ];
      assert.deepEqual(await store.append(others), [conflict(1), conflict(1), conflict(1)]);
      assert.deepEqual(labelsOf(await readAfter(store, start)), ['1', '2']);
    },
  },
  {
    name: 'some of the ids only is corrupt, and nothing is written',
    async run({ store, stream, start }) {
      const a = stream('A');
      await appendTo(store, a, 'no-stream', event(1), event(2));
      await rejectsWith('corrupt', store.append([appendOf(a, 'no-stream', event(1), event(9))]));
      await rejectsWith('corrupt', store.append([appendOf(a, 'no-stream', event(1), event(2), event(3))]));
      await rejectsWith('corrupt', store.append([appendOf(a, 0, event(2), event(3))]));
      assert.deepEqual(labelsOf(await readAfter(store, start)), ['1', '2']);
    },
  },
  {
    name: 'a corrupt call stops none of the calls beside it',
    async run({ store, stream, start }) {
      const [a, b, c] = [stream('A'), stream('B'), stream('C')];
      await appendTo(store, a, 'no-stream', event('a'));
      const before = held(store.append([appendOf(b, 'no-stream', event('b'))]));
      const corrupt = held(store.append([appendOf(a, 'no-stream', event('a'), event('x'))]));
      const after = held(store.append([appendOf(c, 'no-stream', event('c'))]));
      await rejectsWith('corrupt', corrupt);
      assert.deepEqual([(await before)[0]?.kind, (await after)[0]?.kind], ['appended', 'appended']);
      assert.deepEqual(labelsOf(await readAfter(store, start)).sort(), ['a', 'b', 'c']);
    },
  },
  {
    name: 'at the current head ids are not looked at: the same id is written again',
    async run({ store, stream, start }) {
      const a = stream('A');
      await appendTo(store, a, 'no-stream', event(1));
      assert.equal((await appendTo(store, a, 0, event(1))).revision, 1);
      assert.equal((await appendTo(store, a, 1, event(1), event(1))).revision, 3);
      assert.deepEqual(labelsOf(await readAfter(store, start)), ['1', '1', '1', '1']);
    },
  },
  {
    name: 'ids belong to their stream',
    async run({ store, stream, start }) {
      await appendTo(store, stream('A'), 'no-stream', event(1));
      assert.equal((await appendTo(store, stream('B'), 'no-stream', event(1))).revision, 0);
      assert.equal((await readAfter(store, start)).length, 2);
    },
  },
  {
    name: 'a repeat with other content keeps the first content',
    async run({ store, stream }) {
      const a = stream('A');
      const first = await appendTo(store, a, 'no-stream', event(1, { label: 'first' }));
      const again = await appendTo(store, a, 'no-stream', event(1, { label: 'other' }));
      assert.deepEqual([again], asRepeat([first]));
      assert.deepEqual(labelsOf((await store.readStream({ stream: a, limit: 5 })).events), ['first']);
    },
  },
  {
    name: 'a repeat after a restart is answered as the first time',
    async run({ store, stream, start, underTest }) {
      const appends = [
        appendOf(stream('A'), 'no-stream', event(1), event(2)),
        appendOf(stream('B'), 'no-stream', event(3)),
      ];
      const answers = await store.append(appends);
      const again = await underTest.reopen();
      assert.deepEqual(await again.append(appends), asRepeat(answers));
      assert.deepEqual(labelsOf(await readAfter(again, start)).sort(), ['1', '2', '3']);
    },
  },
];
