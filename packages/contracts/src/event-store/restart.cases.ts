import assert from 'node:assert/strict';
import type { StreamName } from '@stamp-ledger/codec';
import type { EventStore } from '@stamp-ledger/ports';
import { held, rejectsWith } from '../contract.js';
import {
  appendOf,
  appendTo,
  type Bench,
  type BenchCase,
  event,
  followed,
  labelsOf,
  range,
  readAfter,
} from './harness.js';

async function fill(store: EventStore, stream: Bench['stream']): Promise<void> {
  for (const index of range(12))
    await appendTo(
      store,
      stream(`S${index % 3}`),
      index < 3 ? 'no-stream' : Math.floor(index / 3) - 1,
      event(index),
    );
}

const CRASH_APPENDERS = 16;
const CRASH_APPENDS = 12;
const CRASH_AFTER = 60;

export const RESTART_CASES: readonly BenchCase[] = [
  {
    name: 'a restart keeps everything, and the log goes on where it was',
    async run({ store, stream, start, underTest }) {
      await fill(store, stream);
      const before = await readAfter(store, start);
      const again = await underTest.reopen();
      assert.deepEqual(await readAfter(again, start), before);
      assert.equal(await again.head(), before.at(-1)?.position);
      assert.equal((await again.readStream({ stream: stream('S1'), limit: 99 })).head, 3);
      await appendTo(again, stream('S1'), 3, event('after'));
      const after = await readAfter(await underTest.reopen(), start);
      assert.deepEqual(after.slice(0, -1), before);
      assert.deepEqual(labelsOf(after.slice(-1)), ['after']);
      assert.ok((after.at(-1)?.position ?? '') > (before.at(-1)?.position ?? ''));
    },
  },
  {
    name: 'following resumes after any position of an earlier run, and goes on live',
    async run({ store, stream, start, underTest }) {
      await fill(store, stream);
      const before = await readAfter(store, start);
      const again = await underTest.reopen();
      const followers = [0, 5, 11].map((index) =>
        held(followed(again, { after: before[index]?.position, count: 12 - index })),
      );
      await appendTo(again, stream('LIVE'), 'no-stream', event('live'));
      const all = await readAfter(again, start);
      assert.deepEqual(
        await Promise.all(followers),
        [0, 5, 11].map((index) => all.slice(index + 1)),
      );
    },
  },
  {
    name: 'everything acknowledged outlives a crash at its acknowledged place',
    async run({ store, stream, start, underTest }) {
      if (underTest.crash === undefined) return;
      const acknowledged = new Map<string, StreamName>();
      let crash: Promise<EventStore> | undefined;
      const { crash: takeImage } = underTest;
      const appendMany = async (appender: number): Promise<void> => {
        for (const index of range(CRASH_APPENDS)) {
          const name = stream(`S${appender}.${index}`);
          const { position } = await appendTo(store, name, 'no-stream', event(index), event(`${index}b`));
          if (crash !== undefined) continue;
          acknowledged.set(position, name);
          if (acknowledged.size === CRASH_AFTER) crash = held(takeImage());
        }
      };
      await Promise.all(range(CRASH_APPENDERS).map(appendMany));
      const crashed = await crash;
      assert.ok(crashed !== undefined);
      const events = await readAfter(crashed, start);
      const found = new Map(events.map(({ position, stream: name }) => [position as string, name]));
      for (const [position, name] of acknowledged) assert.equal(found.get(position), name);
      const perStream = new Map<string, number[]>();
      for (const { stream: name, revision } of events)
        perStream.set(name, [...(perStream.get(name) ?? []), revision]);
      for (const revisions of perStream.values())
        assert.deepEqual(revisions, [0, 1], 'events of one append are there together or not at all');
    },
  },
  {
    name: 'what is acknowledged last is there when the process dies at once',
    async run({ store, stream, underTest }) {
      if (underTest.crash === undefined) return;
      const { position } = await appendTo(store, stream('A'), 'no-stream', event(1));
      const crashed = await underTest.crash();
      assert.equal(await crashed.head(), position);
      assert.deepEqual(labelsOf((await crashed.readStream({ stream: stream('A'), limit: 9 })).events), ['1']);
    },
  },
  {
    name: 'closing writes what was handed over; afterwards every call is refused as unavailable',
    async run({ store, stream, start, underTest }) {
      const pending = held(appendTo(store, stream('A'), 'no-stream', event(1)));
      const { signal } = new AbortController();
      const changed = held(
        rejectsWith('unavailable', store.streamChanged({ stream: stream('B'), after: 'no-stream', signal })),
      );
      const following = held(rejectsWith('unavailable', followed(store, { after: start, count: 99 })));
      await pending;
      const closing = held(appendTo(store, stream('A'), 0, event(2)));
      await store.close();
      await closing;
      await Promise.all([changed, following]);
      await rejectsWith('unavailable', store.append([appendOf(stream('A'), 1, event(3))]));
      await rejectsWith('unavailable', store.readAll({ limit: 1 }));
      await rejectsWith('unavailable', store.readStream({ stream: stream('A'), limit: 1 }));
      await rejectsWith('unavailable', Promise.resolve(store.head()));
      await store.close();
      assert.deepEqual(labelsOf(await readAfter(await underTest.reopen(), start)), ['1', '2']);
    },
  },
];
