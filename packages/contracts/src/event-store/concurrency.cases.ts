import assert from 'node:assert/strict';
import type { RecordedEvent } from '@stamp-ledger/codec';
import { held } from '../contract.js';
import {
  accepted,
  appendOf,
  assertOrdered,
  type BenchCase,
  event,
  labelsOf,
  pageAfter,
  range,
  readAfter,
  revisionsOf,
} from './harness.js';

export const CONCURRENCY_CASES: readonly BenchCase[] = [
  {
    name: 'of appenders racing on one stream exactly one wins each revision',
    async run({ store, stream }) {
      const a = stream('A');
      const won: string[] = [];
      for (const revision of range(20)) {
        const expected = revision === 0 ? 'no-stream' : revision - 1;
        const racers = range(12).map((racer) => `${revision}.${racer}`);
        const results = await Promise.all(
          racers.map((label) => store.append([appendOf(a, expected, event(label))])),
        );
        const winners = racers.filter((_, index) => results[index]?.[0]?.kind === 'appended');
        assert.equal(winners.length, 1);
        won.push(...winners);
      }
      const { events } = await store.readStream({ stream: a, limit: 99 });
      assert.deepEqual(labelsOf(events), won);
      assert.deepEqual(revisionsOf(events), range(20));
    },
  },
  {
    name: 'appenders that try again after a conflict all get through',
    async run({ store, stream }) {
      const a = stream('A');
      await Promise.all(
        range(15).map(async (appender) => {
          for (;;) {
            const { head } = await store.readStream({ stream: a, limit: 1 });
            const [result] = await store.append([appendOf(a, head, event(appender), event(`${appender}b`))]);
            if (result?.kind === 'appended') return;
          }
        }),
      );
      const { events } = await store.readStream({ stream: a, limit: 99 });
      assert.deepEqual(revisionsOf(events), range(30));
      const labels = labelsOf(events);
      for (const index of range(15)) assert.equal(labels[2 * index + 1], `${labels[2 * index]}b`);
    },
  },
  {
    name: 'what was read once never changes, and nothing appears before it',
    async run({ store, stream, start }) {
      let appending = true;
      const appended = held(
        Promise.all(
          range(8).map(async (appender) => {
            for (const revision of range(40))
              accepted(
                (
                  await store.append([
                    appendOf(
                      stream(`S${appender}`),
                      revision === 0 ? 'no-stream' : revision - 1,
                      event(`${appender}.${revision}`),
                    ),
                  ])
                )[0],
              );
          }),
        ).finally(() => {
          appending = false;
        }),
      );
      const seen: RecordedEvent[] = [];
      while (appending) seen.push(...(await store.readAll(pageAfter(seen.at(-1)?.position ?? start, 50))));
      await appended;
      seen.push(...(await readAfter(store, seen.at(-1)?.position ?? start)));
      assertOrdered(seen);
      assert.equal(seen.length, 320);
      assert.deepEqual(await readAfter(store, start), seen);
    },
  },
];
