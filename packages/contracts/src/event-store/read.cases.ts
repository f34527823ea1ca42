import assert from 'node:assert/strict';
import type { EncodedEvent } from '@stamp-ledger/codec';
import {
  appendTo,
  assertOrdered,
  type BenchCase,
  event,
  labelsOf,
  pageAfter,
  range,
  readAfter,
  revisionsOf,
} from './harness.js';

const every = (from: number, to: number): string =>
  String.fromCharCode(...range(to - from + 1).map((index) => from + index));

/** Texts that careless storage would change. */
const AWKWARD: readonly string[] = [
  '',
  every(0x00, 0x1f),
  every(0x20, 0x7f),
  every(0x80, 0xff),
  '\u2028\u2029\ufeff\ufffd\uffff',
  'Materai elektronik – Bea Meterai №10.000 印紙 خاتم',
  '👩🏽‍⚖️\u{10ffff}',
  'e\u0301 is not \u00e9',
  "'; DROP TABLE event; --",
  '\\u0000 \\n %00 &amp; {{y}}',
  'x'.repeat(60_000),
  'ÿ'.repeat(20_000),
  '印'.repeat(20_000),
];

export const READ_CASES: readonly BenchCase[] = [
  {
    name: 'an absent stream has no events and no head',
    async run({ store, stream }) {
      const absent = { events: [], head: 'no-stream' };
      assert.deepEqual(await store.readStream({ stream: stream('ABSENT'), limit: 10 }), absent);
      assert.deepEqual(await store.readStream({ stream: stream('ABSENT'), from: 3, limit: 10 }), absent);
    },
  },
  {
    name: 'an empty log has no head, no last event and no pages',
    async run({ store, start }) {
      if (start !== undefined) return;
      assert.equal(await store.last(), undefined);
      assert.deepEqual(await store.readAll({ limit: 10 }), []);
    },
  },
  {
    name: 'the bytes read are the bytes appended',
    async run({ store, stream, start, underTest }) {
      const a = stream('A');
      const written = AWKWARD.map((text, index) => ({
        ...event(index, { text, [`key ${text.slice(0, 100)}`]: [text.length, null, true, { '': '' }] }),
        metadata: event(index, { actor: text.slice(0, 1_000) }).data,
      }));
      for (const [index, each] of written.entries())
        await appendTo(store, a, index === 0 ? 'no-stream' : index - 1, each);
      const bytes = ({ id, type, data, metadata }: EncodedEvent): EncodedEvent => ({
        id,
        type,
        data,
        metadata,
      });
      const reopened = await underTest.reopen();
      for (const read of [
        await readAfter(reopened, start),
        (await reopened.readStream({ stream: a, limit: 99 })).events,
      ])
        assert.deepEqual(read.map(bytes), written.map(bytes));
    },
  },
  {
    name: 'a stream is read page by page, and every page tells its head',
    async run({ store, stream }) {
      const a = stream('A');
      await appendTo(store, stream('B'), 'no-stream', event('other'));
      const [first = event(0), ...more] = range(25).map((index) => event(index));
      await appendTo(store, a, 'no-stream', first, ...more);
      await appendTo(store, stream('C'), 'no-stream', event('another'));
      for (const [from, limit, expected] of [
        [0, 10, range(10)],
        [10, 10, range(10).map((index) => index + 10)],
        [20, 10, range(5).map((index) => index + 20)],
        [24, 1, [24]],
        [25, 10, []],
        [99, 10, []],
      ] as const) {
        const page = await store.readStream({ stream: a, from, limit });
        assert.deepEqual(revisionsOf(page.events), expected);
        assert.ok(page.events.every((each) => each.stream === a));
        assert.equal(page.head, 24);
      }
    },
  },
  {
    name: 'reading all is total, ordered and resumes after any position',
    async run({ store, stream, start }) {
      for (const index of range(40))
        await appendTo(
          store,
          stream(`S${index % 4}`),
          index < 4 ? 'no-stream' : Math.floor(index / 4) - 1,
          event(index),
        );
      const all = await readAfter(store, start, 7);
      assertOrdered(all);
      assert.deepEqual(labelsOf(all), range(40).map(String));
      for (const [index, { position }] of all.entries()) {
        assert.deepEqual(await readAfter(store, position, 11), all.slice(index + 1));
        assert.deepEqual(await store.readAll(pageAfter(position, 1)), all.slice(index + 1, index + 2));
      }
      for (const index of range(4)) {
        const name = stream(`S${index}`);
        const { events } = await store.readStream({ stream: name, limit: 99 });
        assert.deepEqual(
          events,
          all.filter((each) => each.stream === name),
        );
      }
    },
  },
  {
    name: 'head and last follow the log',
    async run({ store, stream }) {
      for (const index of range(3)) {
        const { position } = await appendTo(
          store,
          stream(`S${index}`),
          'no-stream',
          event(`a${index}`),
          event(index),
        );
        assert.equal(await store.head(), position);
        const last = await store.last();
        assert.deepEqual([last?.position, last?.revision, last?.stream], [position, 1, stream(`S${index}`)]);
        assert.deepEqual(await store.readAll({ after: position, limit: 5 }), []);
      }
    },
  },
];
