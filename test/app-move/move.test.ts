import { rm } from 'node:fs/promises';
import { openEventStoreDb } from '@stamp-ledger/eventstoredb';
import { PortError } from '@stamp-ledger/ports';
import t from 'tap';
import { temporaryDirectory } from '../contracts/embedded-stores.js';
import { startEventStoreDouble } from '../support/eventstoredb/double.js';
import { contentsOf, emptyStore, exported, faultOf, fill, imported, sealed, seeded } from './moving.js';

const EVENTS = 1_400;
const SEEDS = [1, 2, 3, 4];

const source = await emptyStore();
t.teardown(() => source.destroy());
await fill(source.store, EVENTS, 11);
const lines = await exported(source.store);
const contents = await contentsOf(source.store);

t.test('an export holds every event, and importing it makes the same log', async (t) => {
  t.equal(lines.length, EVENTS + 2);
  const target = await emptyStore();
  const seen: number[] = [];
  const outcome = await imported(target.store, lines, { onProgress: (events) => seen.push(events) });
  t.strictSame(outcome, { kind: 'complete', found: 0, appended: EVENTS });
  t.strictSame(await contentsOf(target.store), contents);
  t.strictSame(await exported(target.store), lines);
  t.equal(seen.at(-1), EVENTS);
  t.strictSame(
    seen,
    [...seen].sort((one, other) => one - other),
  );

  t.strictSame(
    await imported(target.store, lines),
    { kind: 'complete', found: EVENTS, appended: 0 },
    'once complete, nothing changes',
  );
  t.strictSame(await exported(target.store), lines);
  await target.destroy();
});

t.test('an empty log moves too', async (t) => {
  const [empty, target] = [await emptyStore(), await emptyStore()];
  const nothing = await exported(empty.store);
  t.strictSame(nothing, sealed([]));
  t.strictSame(await imported(target.store, nothing), { kind: 'complete', found: 0, appended: 0 });
  await empty.destroy();
  await target.destroy();
});

t.test('an import that ends anywhere goes on from there', async (t) => {
  for (const seed of SEEDS) {
    const random = seeded(seed);
    const target = await emptyStore();
    let runs = 0;
    for (let complete = false; !complete; runs++) {
      const stop = new AbortController();
      const most = 1 + Math.floor(random() * EVENTS);
      const outcome = await imported(target.store, lines, {
        inOrderAppends: random() < 0.7,
        signal: stop.signal,
        onProgress: (events) => events >= most && stop.abort(),
      });
      complete = outcome.kind === 'complete';
      const held = await contentsOf(target.store);
      t.ok(held.length >= outcome.found + outcome.appended);
      t.strictSame(held, contents.slice(0, held.length), `seed ${seed}`);
    }
    t.strictSame(await contentsOf(target.store), contents, `seed ${seed}, ${runs} runs`);
    await target.destroy();
  }
});

t.test('an append whose outcome is unknown is made again by the next run', async (t) => {
  for (const isWritten of [true, false]) {
    const target = await emptyStore();
    const { store } = target;
    let calls = 0;
    const failing = {
      readAll: store.readAll.bind(store),
      readStream: store.readStream.bind(store),
      append: async (appends: Parameters<typeof store.append>[0]) => {
        calls += 1;
        if (calls < 100) return store.append(appends);
        if (isWritten) await store.append(appends);
        throw new PortError('timeout', 'no answer');
      },
    };
    await t.rejects(imported(failing, lines, { inOrderAppends: false }), PortError);
    t.match(await imported(store, lines, { inOrderAppends: false }), { kind: 'complete' });
    t.strictSame(await contentsOf(store), contents);
    await target.destroy();
  }
});

t.test('a target that holds anything else is refused and left alone', async (t) => {
  const target = await emptyStore();
  await fill(target.store, 300, 12);
  const before = await contentsOf(target.store);
  const [kind] = await faultOf(imported(target.store, lines));
  t.equal(kind, 'target-differs');
  t.strictSame(await contentsOf(target.store), before);
  await target.destroy();

  const entries = lines.slice(1, -1);
  t.strictSame(
    await faultOf(imported(source.store, sealed(entries.slice(0, 700)))),
    ['target-differs', 702],
    'a target that holds more than the export',
  );
  const changed = entries.with(1_234, entries[1_234]!.replace('"recordedAt":"2024', '"recordedAt":"2025'));
  t.strictSame(await faultOf(imported(source.store, sealed(changed))), ['target-differs', 1_236]);
  t.strictSame(await contentsOf(source.store), contents);
});

t.test('the log goes to EventStoreDB and back', async (t) => {
  const directory = await temporaryDirectory();
  const double = await startEventStoreDouble({ directory });
  double.misbehave({ systemEventEvery: 3 });
  const there = await openEventStoreDb({ url: double.url });
  const few = sealed(lines.slice(1, 401));
  const stop = new AbortController();
  const first = await imported(there, few, {
    inOrderAppends: false,
    signal: stop.signal,
    onProgress: (events) => events >= 150 && stop.abort(),
  });
  t.equal(first.kind, 'interrupted');
  const second = await imported(there, few, { inOrderAppends: false });
  t.strictSame(second, { kind: 'complete', found: first.appended, appended: 400 - first.appended });
  t.strictSame(await contentsOf(there), contents.slice(0, 400));
  const back = await emptyStore();
  await imported(back.store, await exported(there));
  t.strictSame(await exported(back.store), few);
  await back.destroy();
  await there.close();
  await double.stop();
  await rm(directory, { recursive: true });
});
