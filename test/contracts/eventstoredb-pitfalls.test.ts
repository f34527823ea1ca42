import { rm } from 'node:fs/promises';
import {
  canonicalJson,
  deriveEventId,
  type EncodedEvent,
  type RecordedEvent,
  type StreamName,
} from '@stamp-ledger/codec';
import { rejectsWith } from '@stamp-ledger/contracts';
import type { CommandId } from '@stamp-ledger/domain';
import {
  connectionStringFor,
  EVENT_STORE_DB_LIMITS,
  formatPosition,
  openEventStoreDb,
  parsePosition,
} from '@stamp-ledger/eventstoredb';
import { type EventStore, PortError, type StreamAppend } from '@stamp-ledger/ports';
import t, { type Test as TapTest } from 'tap';
import { makeCertificate } from '../support/certificate.js';
import {
  type DoubleUser,
  type EventStoreDouble,
  startEventStoreDouble,
} from '../support/eventstoredb/double.js';
import { eventually } from '../support/eventually.js';
import { temporaryDirectory } from './embedded-stores.js';

t.setTimeout(120_000);

const TIMES = {
  callMilliseconds: 400,
  idleMilliseconds: 250,
  retryMilliseconds: 10,
  retryMillisecondsMax: 100,
};

const event = (label: string | number, data: unknown = { label: String(label) }): EncodedEvent => ({
  id: deriveEventId('pitfalls' as CommandId, String(label), 0),
  type: 'StampMinted',
  data: canonicalJson(data),
  metadata: canonicalJson({ actor: 'test', schemaVersion: 1 }),
});
const name = (stream: string): StreamName => stream as StreamName;
const first = (stream: string, ...events: readonly EncodedEvent[]): StreamAppend => {
  const [head = event(stream), ...more] = events;
  return { stream: name(stream), expected: 'no-stream', events: [head, ...more] };
};

interface Scene {
  readonly double: EventStoreDouble;
  readonly store: EventStore;
}

async function scene(
  t: TapTest,
  url: (double: EventStoreDouble) => string = ({ url }) => url,
): Promise<Scene> {
  const directory = await temporaryDirectory();
  const double = await startEventStoreDouble({ directory });
  const store = await openEventStoreDb({ url: url(double), timeouts: TIMES });
  t.teardown(async () => {
    await store.close();
    await double.stop();
    await rm(directory, { recursive: true });
  });
  return { double, store };
}

/** Follows in the background and collects, going on after a passing failure as every consumer must. */
function follow(t: TapTest, store: EventStore): readonly RecordedEvent[] {
  const stop = new AbortController();
  const events: RecordedEvent[] = [];
  const once = async (): Promise<void> => {
    const after = events.at(-1)?.position;
    const request = { limit: 50, signal: stop.signal, ...(after === undefined ? {} : { after }) };
    for await (const page of store.follow(request)) events.push(...page);
  };
  const done = (async () => {
    while (!stop.signal.aborted)
      await once().catch((error: unknown) => {
        if (!(error instanceof PortError) || error.kind === 'corrupt') throw error;
      });
  })();
  t.teardown(async () => {
    stop.abort();
    await done;
  });
  return events;
}

const until = (what: string, is: () => boolean): Promise<boolean> =>
  eventually(async () => is(), { what, milliseconds: 10_000 });
const streams = (events: readonly RecordedEvent[]): string[] => events.map(({ stream }) => stream);
const range = (length: number): number[] => Array.from({ length }, (_, index) => index);

t.test('1.2: a checkpoint that runs ahead of its events loses none of them', async (t) => {
  const { double, store } = await scene(t);
  double.misbehave({ checkpointEvery: 1 });
  const stop = new AbortController();
  const seen: RecordedEvent[] = [];
  const all = range(60).map((index) => `stamp-C${String(index).padStart(2, '0')}`);
  const followed = (async () => {
    for await (const page of store.follow({ limit: 1, signal: stop.signal })) {
      seen.push(...page);
      // The rest of the burst, and its checkpoints, were read ahead; that subscription ends while they wait.
      if (seen.length % 7 === 3) double.endSubscriptions(seen.length % 2 === 0 ? 'cleanly' : 'with-error');
      if (seen.length === all.length) stop.abort();
    }
  })();
  await until('subscribed', () => double.subscriptions === 1);
  for (const stream of all)
    double.write(stream, { type: 'StampMinted', data: Buffer.from('{}'), metadata: Buffer.from('{}') });
  await followed;
  t.strictSame(streams(seen), all);
});

t.test(
  '1.3 and 1.4: positions are text of both parts; checkpoints move a follower past foreign events',
  async (t) => {
    t.equal(formatPosition({ commit: 12n, prepare: 9n }), '0000000000000012-0000000000000009');
    t.strictSame(parsePosition('0000000000000012-0000000000000009' as never), { commit: 12n, prepare: 9n });
    t.equal(formatPosition({ commit: 2n ** 64n - 1n, prepare: 0n }), undefined);
    for (const wrong of ['', '12-9', '0000000000000012', '0000000000000012-000000000000000x'])
      t.throws(() => parsePosition(wrong as never), { message: /not a position/ });
    const { double, store } = await scene(t);
    const events = follow(t, store);
    await until('subscribed', () => double.subscriptions === 1);
    double.write('stampbook-1', ...range(3_000).map(() => ({})));
    double.write('stamp-LINK', {
      type: '$>',
      data: Buffer.from('0@stampbook-1'),
      contentType: 'application/octet-stream',
    });
    double.write('log-keys2', {});
    double.write('log-files', {});
    double.write('$$stamp-META', { type: '$metadata' });
    await store.append([first('stamp-A')]);
    await until('the own event', () => events.length === 1);
    t.strictSame(streams(events), ['stamp-A']);
    t.strictSame(streams(await store.readAll({ limit: 10 })), ['stamp-A']);
  },
);

t.test('1.4: the end is searched past foreign events, and once only', async (t) => {
  const { double, store } = await scene(t);
  await store.append([first('stamp-A')]);
  double.write('$stats-1', ...range(3_000).map(() => ({})));
  const [last] = await store.readAll({ limit: 9 });
  t.equal(await store.head(), last?.position);
  const { read } = double.calls;
  t.equal(await store.head(), last?.position);
  t.equal(double.calls.read, read + 1);
});

t.test('1.5: a silent server ends an append as a timeout, by the plain call', async (t) => {
  const { double, store } = await scene(t);
  double.misbehave({ silentAppends: 1 });
  await rejectsWith('timeout', store.append([first('stamp-A')]));
  t.match(await store.append([first('stamp-A')]), [{ kind: 'appended', revision: 0 }]);
  t.match(double.calls, { batchAppend: 0, features: 0 });
  double.misbehave({ silentReads: 1 });
  await rejectsWith('timeout', store.readAll({ limit: 1 }));
  t.equal((await store.readAll({ limit: 1 })).length, 1);
});

t.test('1.6: the failure of one store touches no append of another', async (t) => {
  const [one, other] = [await scene(t), await scene(t)];
  other.double.misbehave({ slowMilliseconds: 100 });
  one.double.misbehave({ silentAppends: 20 });
  const slow = Promise.all(range(20).map((index) => other.store.append([first(`stamp-${index}`)])));
  const failing = Promise.allSettled(range(20).map((index) => one.store.append([first(`stamp-${index}`)])));
  await one.double.restart();
  t.equal((await slow).flat().filter(({ kind }) => kind === 'appended').length, 20);
  await failing;
});

t.test(
  '1.7: what could not come back as it was is a mistake of the caller, and data stay JSON',
  async (t) => {
    const { store } = await scene(t);
    for (const wrong of [
      { ...event('1'), data: '{"a": 1}' },
      { ...event('1'), data: '{"b":1,"a":2}' },
      { ...event('1'), data: '{"a":1.5}' },
      { ...event('1'), data: '{"a":9007199254740993}' },
      { ...event('1'), data: '"text"' },
      { ...event('1'), metadata: '' },
      { ...event('1'), id: 'no-uuid' as never },
      { ...event('1'), type: '$system' },
    ]) {
      const error = await store.append([first('stamp-A', wrong)]).then(
        () => undefined,
        (rejected: unknown) => rejected,
      );
      t.ok(error instanceof Error && error.name !== 'PortError', String(error));
    }
    const whole = event('1', {
      z: [Number.MAX_SAFE_INTEGER, -1, 0],
      a: { '\u{10ffff}': '\u2028', A: null },
      é: 'e\u0301',
    });
    await store.append([first('stamp-A', whole)]);
    t.match(await store.readStream({ stream: name('stamp-A'), limit: 1 }), {
      events: [{ data: whole.data, metadata: whole.metadata }],
    });
  },
);

t.test('1.7: an event in a stream of the ledger that it did not write is corrupt', async (t) => {
  const { double, store } = await scene(t);
  double.write('stamp-F', { type: 'X', data: Buffer.from('{"a":1.5}'), metadata: Buffer.from('{}') });
  await rejectsWith('corrupt', store.readAll({ limit: 9 }));
  await rejectsWith('corrupt', store.readStream({ stream: name('stamp-F'), limit: 9 }));
});

t.test('1.8: a failed discovery is not remembered', async (t) => {
  const { double, store } = await scene(t, ({ discoverUrl }) => discoverUrl);
  double.misbehave({ noMembers: true });
  await rejectsWith('unavailable', store.append([first('stamp-A')]));
  await rejectsWith('unavailable', Promise.resolve(store.head()));
  double.misbehave({});
  t.match(await store.append([first('stamp-A')]), [{ kind: 'appended' }]);
});

t.test('1.9: a conflict carries what the stream looked like', async (t) => {
  const { store } = await scene(t);
  await store.append([first('stamp-A', ...range(42).map((index) => event(index)))]);
  const wrong = { stream: name('stamp-A'), expected: 7, events: [event('other')] } as const;
  t.strictSame(await store.append([wrong, { ...wrong, stream: name('stamp-B') }]), [
    { kind: 'version-conflict', actual: 41 },
    { kind: 'version-conflict', actual: 'no-stream' },
  ]);
});

t.test('1.10: a lost answer is found again, and repeats are answered as the first time', async (t) => {
  const { double, store } = await scene(t);
  double.misbehave({ lostAnswers: 2 });
  const append = first('stamp-A', event(1), event(2));
  const answer = await store.append([append]);
  t.match(answer, [{ kind: 'appended', revision: 1 }]);
  t.equal(double.calls.append, 3);
  t.equal((await store.readAll({ limit: 9 })).length, 2);
  double.misbehave({ unansweredAppends: 1 });
  await rejectsWith('timeout', store.append([first('stamp-B')]));
  t.match(await store.append([first('stamp-B')]), [{ kind: 'appended', revision: 0 }]);
  // A server may not tell the position of what was there already.
  double.misbehave({ noPositions: true });
  t.strictSame(await store.append([append]), answer);
});

t.test(
  '1.10: a part of the events is corrupt, whether the server says so or calls it a conflict',
  async (t) => {
    const { double, store } = await scene(t);
    await store.append([first('stamp-A', event(1), event(2))]);
    for (const corruptedIdempotency of [false, true]) {
      double.misbehave({ corruptedIdempotency });
      await rejectsWith('corrupt', store.append([first('stamp-A', event(1), event(3))]));
    }
  },
);

for (const how of ['cleanly', 'with-error'] as const)
  t.test(`1.11: a subscription that ends ${how} is followed by another`, async (t) => {
    const { double, store } = await scene(t);
    const events = follow(t, store);
    for (const index of range(4)) {
      await until('subscribed', () => double.subscriptions === 1);
      double.endSubscriptions(how);
      await store.append([first(`stamp-${index}`)]);
    }
    await until('all events', () => events.length === 4);
    t.strictSame(
      streams(events),
      range(4).map((index) => `stamp-${index}`),
    );
  });

t.test('1.11: a silent subscription is noticed by the end of the log, and is closed', async (t) => {
  const { double, store } = await scene(t);
  double.misbehave({ silentSubscriptions: true });
  const events = follow(t, store);
  await until('subscribed', () => double.subscriptions === 1);
  await store.append([first('stamp-A')]);
  await until('the event', () => events.length === 1);
  await until('another subscription', () => double.calls.subscribe > 1 && double.subscriptions === 1);
  // Quiet is no reason to subscribe anew.
  const { subscribe, read } = double.calls;
  await until('looks at the end', () => double.calls.read >= read + 3);
  t.equal(double.calls.subscribe, subscribe);
});

t.test('1.11: leaving a follower closes its subscription at the server', async (t) => {
  const { double, store } = await scene(t);
  await store.append([first('stamp-A')]);
  for await (const _ of store.follow({ limit: 1, signal: new AbortController().signal })) break;
  const stop = new AbortController();
  const waiting = (async () => {
    for await (const _ of store.follow({ limit: 1, signal: stop.signal }));
  })();
  await until('subscribed', () => double.subscriptions === 1);
  stop.abort();
  await waiting;
  await until('closed', () => double.subscriptions === 0);
});

t.test('1.11: waiting for a stream outlives the server', async (t) => {
  const { double, store } = await scene(t);
  const { signal } = new AbortController();
  const changed = store.streamChanged({ stream: name('stamp-A'), after: 'no-stream', signal });
  await until('subscribed', () => double.subscriptions === 1);
  await double.restart();
  await eventually(() => store.append([first('stamp-A')]).catch(() => undefined), {
    what: 'append',
    milliseconds: 5_000,
  });
  await changed;
  const { subscribe } = double.calls;
  const others = range(40).map((index) =>
    store.streamChanged({ stream: name(`stamp-${index}`), after: 'no-stream', signal }),
  );
  await store.append(range(40).map((index) => first(`stamp-${index}`)));
  await Promise.all(others);
  t.ok(
    double.calls.subscribe - subscribe <= 2,
    'one subscription for all who wait, and another if that ended',
  );
  await until('at most one at rest', () => double.subscriptions <= 1);
});

t.test('1.10: an append that is written after nobody waits for it any more is there once', async (t) => {
  const { double, store } = await scene(t);
  const append = first('stamp-A', event(1), event(2));
  double.misbehave({ commitsLate: 1, lateMilliseconds: 700 });
  await rejectsWith('timeout', store.append([append]));
  t.strictSame(await store.readStream({ stream: name('stamp-A'), limit: 9 }), {
    events: [],
    head: 'no-stream',
  });
  const { append: calls } = double.calls;
  const answer = await store.append([append]);
  t.match(answer, [{ kind: 'appended', revision: 1 }], 'the same again is written at once');
  t.equal(double.calls.append, calls + 1);
  await until('the late commit', () => double.lateCommits === 1);
  t.equal((await store.readAll({ limit: 9 })).length, 2, 'and the late one adds nothing');
  t.strictSame(await store.append([append]), answer);
});

t.test('1.10: what was decided anew and what is written late exclude each other', async (t) => {
  const { double, store } = await scene(t);
  double.misbehave({ commitsLate: 1, lateMilliseconds: 700 });
  await rejectsWith('timeout', store.append([first('stamp-A', event('late'))]));
  t.match(await store.append([first('stamp-A', event('anew'))]), [{ kind: 'appended', revision: 0 }]);
  await until('the late commit', () => double.lateCommits === 1);
  const { events } = await store.readStream({ stream: name('stamp-A'), limit: 9 });
  t.strictSame(
    events.map(({ id }) => id),
    [event('anew').id],
  );
  double.misbehave({ commitsLate: 1, lateMilliseconds: 700 });
  await rejectsWith('timeout', store.append([first('stamp-B', event('late B'))]));
  await until('the other late commit', () => double.lateCommits === 2);
  t.match(await store.append([first('stamp-B', event('anew B'))]), [{ kind: 'version-conflict', actual: 0 }]);
});

/** What each service does with the log is all that its user may do. */
const USERS: readonly DoubleUser[] = [
  { name: 'ledger-writer', password: 'p:w %', rights: ['read', 'write', 'read-all'] },
  { name: 'ledger-reader', password: 'r', rights: ['read', 'read-all'] },
  { name: 'half', password: 'h', rights: ['read', 'write'] },
];

t.test(
  '1.13 and 1.15: over TLS every call says who calls, and needs no more rights than are documented',
  async (t) => {
    const directory = await temporaryDirectory();
    const { key, certificate, path } = makeCertificate(directory);
    const double = await startEventStoreDouble({ directory, security: { key, certificate, users: USERS } });
    const stores: EventStore[] = [];
    t.teardown(async () => {
      for (const store of stores) await store.close();
      await double.stop();
      await rm(directory, { recursive: true });
    });
    const as = async (user: string, password: string, url = `${double.url}?tlsCAFile=${path}`) => {
      const store = await openEventStoreDb({ url, user, password, timeouts: TIMES });
      stores.push(store);
      return store;
    };
    const writer = await as('ledger-writer', 'p:w %');
    const reader = await as('ledger-reader', 'r');
    t.match(await writer.append([first('stamp-A')]), [{ kind: 'appended', revision: 0 }]);
    t.match(await writer.append([first('stamp-A')]), [{ kind: 'appended', revision: 0 }], 'and again');
    t.ok(await writer.head());
    const { signal } = new AbortController();
    const changed = writer.streamChanged({ stream: name('stamp-B'), after: 'no-stream', signal });
    const followed = follow(t, reader);
    await until('subscribed', () => double.subscriptions === 2);
    await writer.append([first('stamp-B')]);
    await changed;
    await until('both events', () => followed.length === 2);
    t.equal((await reader.readStream({ stream: name('stamp-B'), limit: 9 })).events.length, 1);
    await rejectsWith('unavailable', reader.append([first('stamp-C')]));
    const half = await as('half', 'h');
    await rejectsWith('unavailable', Promise.resolve(half.head()));
    t.equal((await half.readStream({ stream: name('stamp-B'), limit: 9 })).events.length, 1);
    const stranger = await as('ledger-writer', 'wrong');
    const refused = await stranger.append([first('stamp-D')]).catch((error: unknown) => error);
    t.match(refused, { name: 'PortError', kind: 'unavailable' });
    t.notMatch(`${(refused as Error).stack} ${JSON.stringify(refused)}`, /wrong/);
    const untrusting = await as('ledger-writer', 'p:w %', double.url);
    await rejectsWith('unavailable', Promise.resolve(untrusting.head()));
    t.equal((await reader.readAll({ limit: 9 })).length, 2, 'nothing of the refused was written');
    t.equal(double.calls.batchAppend, 0);
  },
);

t.test('1.14: an append for another node goes to that one', async (t) => {
  const { double, store } = await scene(t);
  const leader = await scene(t);
  double.misbehave({ notLeader: 1, leaderPort: leader.double.port });
  t.match(await store.append([first('stamp-A')]), [{ kind: 'appended' }]);
  t.equal(leader.double.calls.append, 1);
});

t.test(
  'a server that is gone is unavailable, and comes back under load without a loss or a stray rejection',
  async (t) => {
    const { double, store } = await scene(t);
    const events = follow(t, store);
    let next = 0;
    const appended: string[] = [];
    const append = async (): Promise<void> => {
      while (next < 3_000) {
        const stream = `stamp-${next++}`;
        await eventually(
          () =>
            store.append([first(stream)]).then(
              ([result]) => result?.kind === 'appended',
              (error) => {
                if (error.name !== 'PortError' || error.kind === 'corrupt') throw error;
                return false;
              },
            ),
          { what: stream, milliseconds: 10_000 },
        );
        appended.push(stream);
      }
    };
    const work = Promise.all(range(100).map(append));
    for (const count of [500, 1_500, 2_500]) {
      await until(`${count} appends`, () => appended.length > count);
      await double.restart();
    }
    await work;
    await until('all followed', () => events.length >= 3_000);
    t.equal(events.length, 3_000);
    t.equal(new Set(streams(events)).size, 3_000);
    await double.stop();
    await rejectsWith('unavailable', Promise.resolve(store.head()));
    await rejectsWith('unavailable', store.append([first('stamp-Z')]));
  },
);

t.test('a call that fails has no more than its window under way, and ends when that has', async (t) => {
  const { double, store } = await scene(t);
  double.misbehave({ silentAppends: 1 });
  await rejectsWith('timeout', store.append(range(1_000).map((index) => first(`stamp-${index}`))));
  const { append } = double.calls;
  t.ok(append <= 1_000);
  const results = await store.append(range(1_000).map((index) => first(`stamp-${index}`)));
  t.ok(results.every(({ kind }) => kind === 'appended'));
  t.equal((await store.readAll({ limit: 2_000 })).length, 1_000);
  t.ok(EVENT_STORE_DB_LIMITS.appendsInFlightOfCall < EVENT_STORE_DB_LIMITS.appendsInFlight);
});

t.test('1.13: the connection string is built strictly, and no error tells the password', async (t) => {
  const login = { user: 'o p:s', password: 'p@ss:w/rd%?#' };
  t.equal(connectionStringFor({ url: 'esdb://h:2113?tls=false' }), 'esdb://h:2113?tls=false');
  t.equal(
    connectionStringFor({ url: 'kurrentdb+discover://h.example', ...login }),
    'esdb+discover://o%20p%3As:p%40ss%3Aw%2Frd%25%3F%23@h.example',
  );
  t.equal(
    connectionStringFor({ url: 'kurrentdb://a:1,b:2/?nodePreference=leader&tls=true', ...login }),
    'esdb://o%20p%3As:p%40ss%3Aw%2Frd%25%3F%23@a:1,b:2?nodePreference=leader&tls=true',
  );
  for (const wrong of [
    { url: '', ...login },
    { url: 'http://h', ...login },
    { url: 'esdb://user:secret@h', ...login },
    { url: 'esdb://h:x', ...login },
    { url: 'esdb://h,', ...login },
    { url: 'esdb://h?unknown=1', ...login },
    { url: 'esdb://h?tlsVerifyCert=false', ...login },
    { url: 'esdb://h?throwOnAppendFailure=false', ...login },
    { url: 'esdb://h?tls=maybe', ...login },
    { url: 'esdb://h?constructor=1', ...login },
    { url: 'esdb://h' },
    { url: 'esdb://h', user: 'u' },
    { url: 'esdb://h', password: 'p@ss' },
  ]) {
    const error = await openEventStoreDb(wrong).then(
      () => undefined,
      (rejected: unknown) => rejected,
    );
    t.ok(
      error instanceof Error && !/p@ss|secret|p%40/.test(`${error.stack} ${JSON.stringify(error)}`),
      wrong.url,
    );
  }
});
