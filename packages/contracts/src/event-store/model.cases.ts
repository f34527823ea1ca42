import assert from 'node:assert/strict';
import type { EncodedEvent, StreamName } from '@stamp-ledger/codec';
import type { AppendResult, EventStore, ExpectedRevision, StreamAppend } from '@stamp-ledger/ports';
import fc from 'fast-check';
import { asRepeat, type Bench, type BenchCase, conflict, event, readAfter } from './harness.js';

const RUNS = 20;
const COMMANDS = 40;
const STREAMS = 4;

/** All that a log is. */
interface Entry {
  readonly stream: StreamName;
  readonly revision: number;
  readonly event: EncodedEvent;
  /** Position of the last event of its append. */
  place: string;
}
interface Model {
  readonly log: Entry[];
  readonly accepted: { readonly append: StreamAppend; readonly answer: AppendResult }[];
}
interface Real {
  store: EventStore;
  readonly bench: Bench;
  /** Number of the run and of events made in it: every event has an id of its own. */
  readonly run: number;
  events: number;
}
type Command = fc.AsyncCommand<Model, Real>;

const ofStream = ({ log }: Model, stream: StreamName) => log.filter((each) => each.stream === stream);
const headOf = (model: Model, stream: StreamName): ExpectedRevision => {
  const { length } = ofStream(model, stream);
  return length === 0 ? 'no-stream' : length - 1;
};
const streamOf = ({ bench, run }: Real, index: number): StreamName => bench.stream(`R${run}S${index}`);
const newEvents = (real: Real, count: number): [EncodedEvent, ...EncodedEvent[]] => {
  const make = (): EncodedEvent => event(`${real.run}.${real.events++}`);
  return [make(), ...Array.from({ length: count - 1 }, make)];
};

const always = { check: () => true };

/** Appends to several streams in one call, each at its head or beside it. */
const append = (parts: readonly { stream: number; count: number; off: number }[]): Command => ({
  ...always,
  toString: () => `append(${JSON.stringify(parts)})`,
  async run(model, real) {
    const appends: StreamAppend[] = [];
    const expectations: ((result: AppendResult | undefined) => void)[] = [];
    for (const part of parts) {
      const stream = streamOf(real, part.stream);
      const head = headOf(model, stream);
      const wanted = (head === 'no-stream' ? -1 : head) + part.off;
      const each = {
        stream,
        expected: wanted < 0 ? ('no-stream' as const) : wanted,
        events: newEvents(real, part.count),
      };
      appends.push(each);
      if (each.expected !== head) {
        expectations.push((result) => assert.deepEqual(result, conflict(head)));
        continue;
      }
      const first = ofStream(model, stream).length;
      const entries = each.events.map(
        (one, index): Entry => ({ stream, revision: first + index, event: one, place: '' }),
      );
      model.log.push(...entries);
      expectations.push((result) => {
        assert.equal(result?.kind === 'appended' && result.revision, first + part.count - 1);
        if (result?.kind !== 'appended') return;
        model.accepted.push({ append: each, answer: result });
        for (const entry of entries) entry.place = result.position;
      });
    }
    const results = await real.store.append(appends);
    assert.equal(results.length, appends.length);
    for (const [index, expectation] of expectations.entries()) expectation(results[index]);
    // The streams of one call are independent: the store may have taken them in any order.
    model.log.sort((a, b) => (a.place < b.place ? -1 : a.place > b.place ? 1 : 0));
  },
});

const appendAgain = (choice: number): Command => ({
  check: ({ accepted }) => accepted.length > 0,
  toString: () => `appendAgain(${choice})`,
  async run({ accepted }, { store }) {
    const earlier = accepted[choice % accepted.length];
    if (earlier !== undefined)
      assert.deepEqual(await store.append([earlier.append]), asRepeat([earlier.answer]));
  },
});

const readStream = (index: number, from: number, limit: number): Command => ({
  ...always,
  toString: () => `readStream(${index}, ${from}, ${limit})`,
  async run(model, real) {
    const stream = streamOf(real, index);
    const page = await real.store.readStream({ stream, from, limit });
    assert.equal(page.head, headOf(model, stream));
    assert.deepEqual(
      page.events.map(({ revision, id, data }) => [revision, id, data]),
      ofStream(model, stream)
        .slice(from, from + limit)
        .map(({ revision, event: { id, data } }) => [revision, id, data]),
    );
  },
});

const readAll = (limit: number): Command => ({
  ...always,
  toString: () => `readAll(${limit})`,
  async run({ log, accepted }, { store, bench, run }) {
    const mine = bench.stream(`R${run}S`);
    const events = (await readAfter(store, bench.start, limit)).filter(({ stream }) =>
      stream.startsWith(mine),
    );
    assert.deepEqual(
      events.map(({ stream, revision, id }) => [stream, revision, id]),
      log.map(({ stream, revision, event: { id } }) => [stream, revision, id]),
    );
    const positions = new Map(
      events.map(({ stream, revision, position }) => [`${stream}@${revision}`, position]),
    );
    for (const {
      append: { stream },
      answer,
    } of accepted)
      if (answer.kind === 'appended')
        assert.equal(positions.get(`${stream}@${answer.revision}`), answer.position);
  },
});

const reopen = (): Command => ({
  ...always,
  toString: () => 'reopen()',
  async run(_, real) {
    real.store = await real.bench.underTest.reopen();
  },
});

const stream = fc.nat(STREAMS - 1);
const part = fc.record({
  stream,
  count: fc.integer({ min: 1, max: 4 }),
  off: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: -3, max: 3 }) },
  ),
});
const COMMANDS_OF_A_RUN = [
  fc.array(part, { minLength: 1, maxLength: 5 }).map(append),
  fc.array(part, { minLength: 1, maxLength: 1 }).map(append),
  fc.nat().map(appendAgain),
  fc
    .tuple(stream, fc.nat(8), fc.integer({ min: 1, max: 6 }))
    .map(([index, from, limit]) => readStream(index, from, limit)),
  fc.integer({ min: 1, max: 40 }).map(readAll),
  fc.constant(reopen()),
];

export const MODEL_CASES: readonly BenchCase[] = [
  {
    name: 'behaves as a map of streams under any sequence of commands',
    async run(bench) {
      let { store } = bench;
      let run = 0;
      const oneRun = async (commands: Iterable<Command>): Promise<void> => {
        const model: Model = { log: [], accepted: [] };
        const real: Real = { store, bench, run: run++, events: 0 };
        try {
          await fc.asyncModelRun(() => ({ model, real }), commands);
          await readAll(1_000).run(model, real);
        } finally {
          store = real.store;
        }
      };
      await fc.assert(fc.asyncProperty(fc.commands(COMMANDS_OF_A_RUN, { maxCommands: COMMANDS }), oneRun), {
        numRuns: RUNS,
      });
    },
  },
];
