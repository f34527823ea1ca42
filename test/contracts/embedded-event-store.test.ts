import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type EncodedEvent, entryText, type Position, type StreamName } from '@stamp-ledger/codec';
import { eventStoreContract } from '@stamp-ledger/contracts';
import { openEmbeddedEventStore, openEmbeddedLogReader } from '@stamp-ledger/embedded';
import { LIMITS, PortError, type StreamAppend } from '@stamp-ledger/ports';
import Database from 'better-sqlite3';
import t from 'tap';
import { embeddedEventStore, temporaryDirectory } from './embedded-stores.js';

/** Far more than it takes, for a loaded machine. */
t.setTimeout(120_000);

for (const { name, run } of eventStoreContract({ name: 'embedded', open: embeddedEventStore }))
  t.test(name, () => run());

const event = (label: string): EncodedEvent => ({
  id: `00000000-0000-8000-8000-${label.padStart(12, '0')}` as EncodedEvent['id'],
  type: 'StampMinted',
  data: `{"label":"${label}"}`,
  metadata: '{}',
});
const first = (stream: string, label = '0'): StreamAppend => ({
  stream: stream as StreamName,
  expected: 'no-stream',
  events: [event(label)],
});

t.test('positions are 16 digits, gapless in commit order, from 1', async (t) => {
  const { store, destroy } = await embeddedEventStore();
  t.teardown(destroy);
  await Promise.all(Array.from({ length: 50 }, (_, index) => store.append([first(`stamp-${index}`)])));
  const positions = (await store.readAll({ limit: 99 })).map(({ position }) => position as string);
  t.strictSame(
    positions,
    Array.from({ length: 50 }, (_, index) => String(index + 1).padStart(16, '0')),
  );
});

t.test(
  'many calls that became durable together are not all told in one turn of the event loop',
  async (t) => {
    const { store, destroy } = await embeddedEventStore();
    t.teardown(destroy);
    let inTurn = 0;
    let mostInTurn = 0;
    const told: number[] = [];
    const calls = Array.from({ length: 100 }, async (_, index) => {
      await store.append([first(`stamp-${index}`)]);
      if (inTurn++ === 0)
        setImmediate(() => {
          inTurn = 0;
        });
      mostInTurn = Math.max(mostInTurn, inTurn);
      told.push(index);
    });
    await Promise.all(calls);
    t.strictSame(told, [...told.keys()], 'in their order');
    t.ok(mostInTurn <= 32, `at most two pieces of sixteen, and not ${mostInTurn}`);
  },
);

t.test('what is durable when the log is closed is told', async (t) => {
  const { store, destroy } = await embeddedEventStore();
  t.teardown(destroy);
  let told = 0;
  for (let index = 0; index < 1_000; index++)
    void store.append([first(`stamp-${index}`)]).then(() => {
      told += 1;
    });
  await store.close();
  t.equal(told, 1_000);
});

t.test('one call takes as many streams as the limit allows', async (t) => {
  const { store, destroy } = await embeddedEventStore();
  t.teardown(destroy);
  const appends = Array.from({ length: LIMITS.appendEvents }, (_, index) => first(`stamp-${index}`));
  const results = await store.append(appends);
  t.ok(results.every((result) => result.kind === 'appended' && result.written));
  const again = await store.append(appends);
  t.ok(again.every((result) => result.kind === 'appended' && !result.written));
  t.equal(await store.head(), String(LIMITS.appendEvents).padStart(16, '0'));
});

t.test('a repeat of an old append does not hide what came after it', async (t) => {
  const { store, destroy } = await embeddedEventStore();
  t.teardown(destroy);
  const stream = 'stamp-A' as StreamName;
  await store.append([first(stream), { stream, expected: 0, events: [event('1')] }]);
  for (let from = 0; from < LIMITS.knownStreamHeads; from += LIMITS.appendEvents)
    await store.append(
      Array.from({ length: LIMITS.appendEvents }, (_, index) => first(`stamp-${from + index}`)),
    );
  await store.append([first(stream)]);
  t.equal((await store.readStream({ stream, from: 1, limit: 5 })).events.length, 1);
});

t.test('the file refuses changing and deleting an event', async (t) => {
  const directory = await temporaryDirectory();
  const store = await openEmbeddedEventStore({ directory });
  t.teardown(() => rm(directory, { recursive: true }));
  await store.append([first('stamp-A')]);
  const db = new Database(join(directory, 'log.sqlite'));
  db.pragma('recursive_triggers = ON');
  t.throws(() => db.exec("UPDATE event SET data = '{}'"), { message: /never updated/ });
  t.throws(() => db.exec('UPDATE event SET position = 7'), { message: /never updated/ });
  t.throws(() => db.exec('DELETE FROM event'), { message: /never deleted/ });
  t.throws(() => db.exec("INSERT OR REPLACE INTO event VALUES (1, 's', 0, 'i', 't', '{}', '{}')"), {
    message: /never deleted/,
  });
  db.close();
  t.equal((await store.readAll({ limit: 9 }))[0]?.data, '{"label":"0"}');
  await store.close();
});

t.test('a file of a newer version is refused', async (t) => {
  const directory = await temporaryDirectory();
  t.teardown(() => rm(directory, { recursive: true }));
  await (await openEmbeddedEventStore({ directory })).close();
  const db = new Database(join(directory, 'log.sqlite'));
  db.pragma('user_version = 2');
  db.close();
  await t.rejects(openEmbeddedEventStore({ directory }), { message: /version 2/ });
  t.throws(() => openEmbeddedLogReader({ directory }), { message: /version 2/ });
});

t.test('a damaged file is refused or answered with corrupt', async (t) => {
  const directory = await temporaryDirectory();
  t.teardown(() => rm(directory, { recursive: true }));
  const store = await openEmbeddedEventStore({ directory });
  for (let index = 0; index < 3; index++)
    await store.append([first(`stamp-${index}`), first(`order-${index}`)]);
  await store.close();
  const db = new Database(join(directory, 'log.sqlite'));
  db.exec('DROP TRIGGER event_is_never_deleted; DELETE FROM event WHERE position = 3');
  db.close();
  const reader = openEmbeddedLogReader({ directory });
  t.throws(() => reader.readAll({ limit: 9 }), { name: 'PortError', kind: 'corrupt' });
  t.equal(reader.readAll({ limit: 2 }).length, 2);
  t.throws(() => reader.readEntries({ limit: 9 }), { name: 'PortError', kind: 'corrupt' });
  t.equal(reader.readEntries({ limit: 2 }).entries.length, 2);
  reader.close();
});

t.test('a second writer in this process is refused until the first closes', async (t) => {
  const directory = await temporaryDirectory();
  t.teardown(() => rm(directory, { recursive: true }));
  const store = await openEmbeddedEventStore({ directory });
  await t.rejects(openEmbeddedEventStore({ directory: join(directory, '.') }), {
    name: 'PortError',
    message: /already open for writing in this process/,
  });
  await store.append([first('stamp-A')]);
  await store.close();
  const again = await openEmbeddedEventStore({ directory });
  t.equal((await again.readAll({ limit: 9 })).length, 1);
  await again.close();
});

t.test('more waiting events than the bound are refused at once, and the rest is written', async (t) => {
  const { store, destroy } = await embeddedEventStore();
  t.teardown(destroy);
  const size = 5_000;
  const call = (index: number): StreamAppend => ({
    ...first(`stamp-${index}`),
    events: Array.from({ length: size }, (_, each) => event(String(each))) as [EncodedEvent],
  });
  const fitting = LIMITS.pendingAppendEvents / size;
  const outcomes = await Promise.allSettled(
    Array.from({ length: fitting + 2 }, (_, index) => store.append([call(index)])),
  );
  const refused = outcomes.filter(({ status }) => status === 'rejected');
  t.equal(refused.length, 2);
  for (const each of refused)
    t.match(each, { reason: { name: 'PortError', kind: 'unavailable', message: /too many events/ } });
  t.equal(await store.head(), String(LIMITS.pendingAppendEvents).padStart(16, '0'));
  t.match(await store.append([call(fitting)]), [{ kind: 'appended' }]);
});

t.test('onCommit tells the head after every commit until stopped', async (t) => {
  const directory = await temporaryDirectory();
  t.teardown(() => rm(directory, { recursive: true }));
  const store = await openEmbeddedEventStore({ directory });
  const heads: string[] = [];
  const stop = store.onCommit((head) => heads.push(head));
  await store.append([first('stamp-A')]);
  await store.append([first('stamp-B')]);
  await store.append([first('stamp-B')]);
  stop();
  await store.append([first('stamp-C')]);
  t.strictSame(heads, ['0000000000000001', '0000000000000002']);
  await store.close();
});

t.test('a reader beside the store sees what is durable, at once', async (t) => {
  const directory = await temporaryDirectory();
  t.teardown(() => rm(directory, { recursive: true }));
  const store = await openEmbeddedEventStore({ directory });
  const reader = openEmbeddedLogReader({ directory });
  t.equal(reader.head(), undefined);
  t.equal(reader.last(), undefined);
  for (let index = 0; index < 20; index++) {
    await store.append([first(`stamp-${index}`, String(index))]);
    t.equal(reader.head(), String(index + 1).padStart(16, '0'));
  }
  t.strictSame(reader.readAll({ limit: 99 }), await store.readAll({ limit: 99 }));
  t.strictSame(reader.last(), await store.last());
  const request = { stream: 'stamp-7' as StreamName, limit: 9 };
  t.strictSame(reader.readStream(request), await store.readStream(request));
  reader.close();
  t.throws(() => reader.head(), PortError);
  await store.close();
});

t.test('entries are what anyone prints of the events', async (t) => {
  const directory = await temporaryDirectory();
  t.teardown(() => rm(directory, { recursive: true }));
  const store = await openEmbeddedEventStore({ directory });
  const reader = openEmbeddedLogReader({ directory });
  t.strictSame(reader.readEntries({ limit: 9 }), { entries: [], last: undefined });
  for (const label of ['0', "it's", '\u00e9\ud83d\ude00', '\\"\\n', '%s'])
    await store.append([
      {
        ...first(`stamp-${label.length}${label}`),
        events: [{ ...event('0'), data: `{"label":"${label}"}` }],
      },
    ]);
  const events = reader.readAll({ limit: 9 });
  const pages: (Position | undefined)[] = [undefined, events[1]!.position, events.at(-1)!.position];
  for (const after of pages) {
    const wanted = events.filter(({ position }) => position > (after ?? '')).slice(0, 3);
    t.strictSame(reader.readEntries({ limit: 3, ...(after && { after }) }), {
      entries: wanted.map((each) => Buffer.from(entryText(each))),
      last: wanted.at(-1)?.position,
    });
  }
  reader.close();
  await store.close();
});

t.test('wrong arguments are mistakes of the caller', async (t) => {
  const { store, destroy } = await embeddedEventStore();
  t.teardown(destroy);
  const stream = 'stamp-A' as StreamName;
  for (const call of [
    () => store.readAll({ limit: 0 }),
    () => store.readAll({ limit: LIMITS.readEvents + 1 }),
    () => store.readAll({ after: '1' as never, limit: 1 }),
    () => store.readStream({ stream, from: -1, limit: 1 }),
    () => store.readStream({ stream, limit: Number.NaN }),
    () => store.append([{ ...first('stamp-A'), events: [{ ...event('1'), data: '"\ud800"' }] }]),
  ]) {
    const error = await call().then(
      () => undefined,
      (rejected: unknown) => rejected,
    );
    t.ok(error instanceof Error && !(error instanceof PortError), String(error));
  }
});
