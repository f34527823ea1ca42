import { runRelay } from '@stamp-ledger/app';
import { canonicalJson, deriveEventId, type Position, type StreamName, serde } from '@stamp-ledger/codec';
import type { CommandId } from '@stamp-ledger/domain';
import { openEventStoreDb } from '@stamp-ledger/eventstoredb';
import type { BusPublisher, PortError, PublisherTurn } from '@stamp-ledger/ports';
import { sleep } from '@stamp-ledger/wiring';
import { RelayHealth } from '@stamp-ledger/wiring/distributed';
import t, { type Test } from 'tap';
import { type EventStoreDouble, startEventStoreDouble } from '../support/eventstoredb/double.js';
import { eventually } from '../support/eventually.js';
import { temporaryDirectory } from '../support/server.js';

const LONG = 20_000;
const STUCK = 70_000;

function health(): { relay: RelayHealth; pass(milliseconds: number): void; isReady(): boolean } {
  let time = 1_000;
  const relay = new RelayHealth(() => time);
  return {
    relay,
    pass: (milliseconds) => {
      time += milliseconds;
    },
    isReady: () => relay.failing().length === 0,
  };
}

t.test('a relay is not ready before Kafka took it in, nor when it has been silent', async (t) => {
  const { relay, pass, isReady } = health();
  t.notOk(isReady());
  relay.busAnswered();
  relay.is({ kind: 'standing-by' });
  t.ok(isReady(), 'one that stands by and is answered is ready');
  pass(LONG);
  t.notOk(isReady());
  relay.busAnswered();
  t.ok(isReady());
});

t.test('what fails again and again is trouble until something was read or published', async (t) => {
  const { relay, pass, isReady } = health();
  relay.busAnswered();
  relay.is({ kind: 'leading' });
  relay.failed();
  for (let attempt = 0; attempt < 4; attempt++) {
    pass(5_000);
    relay.busAnswered();
    relay.is({ kind: 'joining' });
    relay.is({ kind: 'leading' });
    relay.failed();
  }
  t.notOk(isReady(), 'to be given the lead again is not to have published');
  relay.progressed();
  t.ok(isReady());
});

t.test('a relay that does not get to lead or stand by is not ready', async (t) => {
  const { relay, pass, isReady } = health();
  relay.busAnswered();
  relay.is({ kind: 'joining' });
  pass(LONG);
  relay.busAnswered();
  t.notOk(isReady());
});

t.test(
  'a leader that stands still behind the log is stuck; one at its end, or in trouble, is not',
  async (t) => {
    const { relay, pass } = health();
    const [one, two] = ['1' as Position, '2' as Position];
    relay.is({ kind: 'leading', position: one });
    t.notOk(relay.isStuck(two));
    pass(STUCK);
    t.ok(relay.isStuck(two));
    relay.is({ kind: 'leading', position: two });
    t.notOk(relay.isStuck(two));
    pass(STUCK);
    t.notOk(relay.isStuck(two));
    relay.is({ kind: 'leading', position: one });
    relay.failed();
    t.notOk(relay.isStuck(two));
    pass(STUCK);
    t.notOk(relay.isStuck(two), 'an engine that is away is not mended by a new process');
  },
);

async function logWithAnEvent(t: Test) {
  const { directory, remove } = temporaryDirectory();
  const double = await startEventStoreDouble({ directory });
  const store = await openEventStoreDb({ url: double.url });
  t.teardown(async () => {
    await store.close();
    await double.stop();
    remove();
  });
  const event = {
    id: deriveEventId('relay' as CommandId, 'a', 0),
    type: 'StampMinted',
    data: canonicalJson({ a: 1 }),
    metadata: canonicalJson({ schemaVersion: 1 }),
  };
  await store.append([{ stream: 'stamp-A' as StreamName, expected: 'no-stream', events: [event] }]);
  return { double, store };
}

/** The lead of a bus that does with a page whatever `publish` does. */
const leading = (publish: PublisherTurn['publish'], onResign: () => void): BusPublisher => ({
  lead: async () => ({
    mark: undefined,
    ended: new AbortController().signal,
    publish,
    resign: async () => onResign(),
  }),
  close: async () => undefined,
});

const silent = (double: EventStoreDouble): void => double.misbehave({ silentReads: 100 });

for (const [what, prepare] of [
  ['Kafka does not answer', () => undefined],
  ['EventStoreDB does not answer', silent],
] as const)
  t.test(`a relay that is stopped while ${what} gives the lead up at once`, { timeout: 5_000 }, async (t) => {
    const { double, store } = await logWithAnEvent(t);
    prepare(double);
    const { read } = double.calls;
    const stopping = new AbortController();
    let isResigned = false;
    let isPublishing = false;
    const hanging = (): Promise<void> => {
      isPublishing = true;
      return new Promise(() => undefined);
    };
    const running = runRelay({
      store,
      serde,
      publisher: leading(hanging, () => {
        isResigned = true;
      }),
      signal: stopping.signal,
      sleep,
      onStatus: () => undefined,
      onAlive: () => undefined,
      onProgress: () => undefined,
      onPortError: () => undefined,
    });
    await eventually(async () => isPublishing || (prepare === silent && double.calls.read > read), {
      what: 'it waits for the engine',
      milliseconds: 4_000,
    });
    stopping.abort();
    await running;
    t.ok(isResigned);
  });

t.test('a relay that leads says that it read the log although there is nothing new', async (t) => {
  const { double, store } = await logWithAnEvent(t);
  double.misbehave({ unavailableReads: 100 });
  const stopping = new AbortController();
  const seen: string[] = [];
  const running = runRelay({
    store,
    serde,
    publisher: leading(
      async () => undefined,
      () => undefined,
    ),
    signal: stopping.signal,
    sleep,
    onStatus: ({ kind }) => seen.push(kind),
    onAlive: () => undefined,
    onProgress: () => seen.push('progress'),
    onPortError: ({ kind }: PortError) => seen.push(kind),
  });
  await eventually(async () => seen.includes('unavailable'), { what: 'it fails', milliseconds: 10_000 });
  t.notOk(seen.includes('progress'), 'leading alone is no progress');
  double.misbehave({});
  await eventually(async () => seen.includes('progress'), { what: 'it reads', milliseconds: 10_000 });
  stopping.abort();
  await running;
});
