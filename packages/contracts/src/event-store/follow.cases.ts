import assert from 'node:assert/strict';
import type { RecordedEvent } from '@stamp-ledger/codec';
import type { EventStore } from '@stamp-ledger/ports';
import { held } from '../contract.js';
import {
  appendOf,
  appendTo,
  type Bench,
  type BenchCase,
  event,
  followed,
  labelsOf,
  pageAfter,
  range,
  readAfter,
} from './harness.js';

const LIVE = 300;

/** Appends one event each to many streams, a few at a time. */
async function appendLive(store: EventStore, stream: Bench['stream'], count: number): Promise<void> {
  for (let index = 0; index < count; index += 3)
    await Promise.all(
      range(Math.min(3, count - index)).map((offset) =>
        appendTo(store, stream(`L${index + offset}`), 'no-stream', event(index + offset)),
      ),
    );
}

const aborted = (): AbortSignal => AbortSignal.abort();

export const FOLLOW_CASES: readonly BenchCase[] = [
  {
    name: 'following begins after any position',
    async run({ store, stream, start }) {
      await appendLive(store, stream, 30);
      const all = await readAfter(store, start);
      assert.deepEqual(await followed(store, { after: start, count: 30 }), all);
      for (const index of [0, 7, 13, 28])
        assert.deepEqual(
          await followed(store, { after: all[index]?.position, count: 29 - index }),
          all.slice(index + 1),
        );
    },
  },
  {
    name: 'following delivers live events once each, in order',
    async run({ store, stream, start }) {
      const followers = [1, 7, 1_000].map((limit) =>
        held(followed(store, { after: start, count: LIVE, limit })),
      );
      await appendLive(store, stream, LIVE);
      const all = await readAfter(store, start);
      for (const events of await Promise.all(followers)) assert.deepEqual(events, all);
    },
  },
  {
    name: 'a follower at the end wakes for every single commit',
    async run({ store, stream, start }) {
      const stop = new AbortController();
      const seen: RecordedEvent[] = [];
      let next = 0;
      const appendNext = () => appendTo(store, stream(`N${next}`), 'no-stream', event(next++));
      await appendNext();
      for await (const page of store.follow({ ...pageAfter(start, 10), signal: stop.signal })) {
        seen.push(...page);
        if (seen.length === 50) stop.abort();
        // Sometimes before the follower waits again, sometimes while it does.
        else if (seen.length % 2 === 0) await appendNext();
        else setImmediate(() => held(appendNext()));
      }
      assert.deepEqual(labelsOf(seen), range(50).map(String));
    },
  },
  {
    name: 'following ends when it is aborted, and only then',
    async run({ store, stream, start }) {
      for await (const _ of store.follow({ ...pageAfter(start, 5), signal: aborted() }))
        assert.fail('not aborted');
      const stop = new AbortController();
      const pages: number[] = [];
      const follow = async () => {
        for await (const page of store.follow({ ...pageAfter(start, 5), signal: stop.signal }))
          pages.push(page.length);
      };
      const following = held(follow());
      await appendTo(store, stream('A'), 'no-stream', event(1));
      await followed(store, { after: start, count: 1 });
      stop.abort();
      await following;
      assert.deepEqual(pages, [1]);
    },
  },
  {
    name: 'streamChanged resolves at once for what is already there',
    async run({ store, stream }) {
      const a = stream('A');
      await appendTo(store, a, 'no-stream', event(1), event(2));
      const { signal } = new AbortController();
      await store.streamChanged({ stream: a, after: 'no-stream', signal });
      await store.streamChanged({ stream: a, after: 0, signal });
    },
  },
  {
    name: 'streamChanged waits for its own stream and revision',
    async run({ store, stream }) {
      const a = stream('A');
      const first = appendOf(a, 'no-stream', event(1));
      await store.append([first]);
      const { signal } = new AbortController();
      let changed = false;
      const waiting = held(
        store.streamChanged({ stream: a, after: 0, signal }).then(() => {
          changed = true;
        }),
      );
      await appendTo(store, stream('B'), 'no-stream', event(2));
      await store.append([first]);
      await store.append([appendOf(a, 5, event(3))]);
      await store.head();
      assert.equal(changed, false);
      await appendTo(store, a, 0, event(4));
      await waiting;
    },
  },
  {
    name: 'streamChanged resolves when it is aborted',
    async run({ store, stream }) {
      const stop = new AbortController();
      const waiting = store.streamChanged({ stream: stream('A'), after: 'no-stream', signal: stop.signal });
      stop.abort();
      await waiting;
      await store.streamChanged({ stream: stream('A'), after: 'no-stream', signal: aborted() });
    },
  },
  {
    name: 'streamChanged loses no wake-up',
    async run({ store, stream }) {
      const a = stream('A');
      const { signal } = new AbortController();
      for (const revision of range(200)) {
        const after = revision === 0 ? 'no-stream' : revision - 1;
        const append = () => appendTo(store, a, after, event(revision));
        const wait = () => store.streamChanged({ stream: a, after, signal });
        if (revision % 3 === 0) await Promise.all([append(), wait()]);
        else if (revision % 3 === 1) await Promise.all([wait(), append()]);
        else await Promise.all([append(), new Promise(setImmediate).then(wait), wait()]);
      }
    },
  },
];
