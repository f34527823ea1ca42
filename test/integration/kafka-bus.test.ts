import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { canonicalJson, type Position, type RecordedEvent, type StreamName } from '@stamp-ledger/codec';
import type { EventId, Instant } from '@stamp-ledger/domain';
import {
  claimText,
  createTopics,
  markText,
  openKafkaConsumer,
  openKafkaPublisher,
} from '@stamp-ledger/kafka';
import {
  type BusPublisher,
  type Delivery,
  type LineageId,
  type Partition,
  PortError,
  type PublisherTurn,
  type Routed,
  type Taken,
} from '@stamp-ledger/ports';
import { Kafka as KafkaClient, logLevel } from 'kafkajs';
import t, { type Test } from 'tap';
import { eventually } from '../support/eventually.js';
import { type Kafka, startKafka } from '../support/kafka-server.js';
import { noteEnds } from '../support/note-ends.js';

const STREAMS = 20;
const AT = '2024-09-06T13:00:00.000Z' as Instant;
const PATIENCE = { milliseconds: 60_000 };

const positionOf = (index: number): Position => String(index).padStart(16, '0') as Position;

/** Event `index` of a log in which `STREAMS` streams take turns. */
function eventAt(index: number): RecordedEvent {
  return {
    id: `00000000-0000-8000-8000-${String(index).padStart(12, '0')}` as EventId,
    type: 'StampMinted',
    data: canonicalJson({ serial: `S${index % STREAMS}`, text: `é"\\ ${index}`, n: index }),
    metadata: canonicalJson({ occurredAt: '2024-09-06T13:00:00.000Z', schemaVersion: 1 }),
    stream: `stamp-S${index % STREAMS}` as StreamName,
    revision: Math.floor(index / STREAMS),
    position: positionOf(index),
  };
}

const routed = (index: number): Routed => ({
  topic: index % 5 === 0 ? 'orders' : 'stamps',
  key: `S${index % STREAMS}`,
  event: eventAt(index),
});

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

const pageOf = (from: number, to: number): Parameters<PublisherTurn['publish']>[0] => ({
  messages: range(from, to).map(routed),
  position: positionOf(to - 1),
  recordedAt: AT,
});

const never = new AbortController().signal;
const publish = (turn: PublisherTurn, from: number, to: number): Promise<void> =>
  turn.publish(pageOf(from, to));

/** Publishes as the relay does: after a failure in a new turn, from the last mark on. Answers the turn it has then. */
async function publishAnyhow(
  publisher: BusPublisher,
  {
    turn: first,
    from: start,
    to,
  }: { readonly turn: PublisherTurn; readonly from: number; readonly to: number },
): Promise<PublisherTurn> {
  for (let turn = first, from = start; ; ) {
    try {
      for (; from < to; from += 100) await publish(turn, from, Math.min(from + 100, to));
      return turn;
    } catch (error) {
      if (!(error instanceof PortError) || error.kind !== 'unavailable') throw error;
    }
    turn = await lead(publisher);
    from = Number(turn.mark?.position ?? -1) + 1;
  }
}

/** Leads, as the relay does: what Kafka cannot do yet (a group it has just made has no coordinator), it is asked again. */
function lead(publisher: BusPublisher): Promise<PublisherTurn> {
  return eventually(
    async () => {
      try {
        const turn = await publisher.lead({ signal: never });
        if (turn === undefined) throw new Error('the publisher does not lead');
        return turn;
      } catch (error) {
        if (error instanceof PortError && error.kind === 'unavailable') return undefined;
        throw error;
      }
    },
    { what: 'the lead', ...PATIENCE },
  );
}

/** A reader that keeps what it was given, and its offsets, as a projection does. Several consumers may share one. */
class Reader {
  readonly offsets = new Map<Partition, bigint>();
  readonly events = new Map<string, RecordedEvent>();
  readonly revisions = new Map<string, number>();
  /** Everything up to this index came, by the marks. */
  settled = -1;
  rewinds = 0;
  readonly faults: string[] = [];
  #marks: { readonly position: string; readonly offsets: ReadonlyMap<Partition, bigint> }[] = [];

  take(deliveries: readonly Delivery[]): Taken {
    const back = new Map<Partition, bigint>();
    for (const { partition, first } of deliveries)
      if (first > this.#offset(partition)) back.set(partition, this.#offset(partition));
    if (back.size > 0) {
      this.rewinds++;
      return { kind: 'rewind', to: back };
    }
    for (const delivery of deliveries) this.#takeOne(delivery);
    this.#settle();
    return { kind: 'taken' };
  }

  #takeOne({ partition, first, next, messages }: Delivery): void {
    let last = first - 1n;
    for (const message of messages) {
      if (message.offset <= last || message.offset >= next)
        this.faults.push(`${partition}: ${message.offset} after ${last}`);
      last = message.offset;
      if (message.offset < this.#offset(partition)) continue;
      if (message.kind === 'mark') this.#marks.push(message.mark);
      else this.#event(message.event);
    }
    if (next > this.#offset(partition)) this.offsets.set(partition, next);
  }

  #offset(partition: Partition): bigint {
    return this.offsets.get(partition) ?? 0n;
  }

  #event(event: RecordedEvent): void {
    const last = this.revisions.get(event.stream) ?? -1;
    if (event.revision > last + 1) this.faults.push(`${event.stream}: ${event.revision} after ${last}`);
    if (event.revision > last) this.revisions.set(event.stream, event.revision);
    this.events.set(event.position, event);
  }

  /** Marks that are reached count; by then everything before them must have come. */
  #settle(): void {
    const isReached = ({ offsets }: { readonly offsets: ReadonlyMap<Partition, bigint> }): boolean =>
      [...offsets].every(([partition, offset]) => this.#offset(partition) >= offset);
    const reached = this.#marks.filter(isReached).map(({ position }) => Number(position));
    this.#marks = this.#marks.filter((mark) => !isReached(mark));
    const settled = Math.max(this.settled, ...reached);
    for (let index = this.settled + 1; index <= settled; index++)
      if (!this.events.has(positionOf(index))) this.faults.push(`settled at ${settled} without ${index}`);
    this.settled = settled;
  }
}

interface Reading {
  /** Deliveries it was given. */
  readonly taken: () => number;
  readonly alive: () => number;
  stop(): Promise<void>;
}

/** Reads into `reader` until stopped. */
async function startReading(kafka: Kafka, group: string, reader: Reader): Promise<Reading> {
  const consumer = await openKafkaConsumer({ brokers: kafka.brokers, clientId: group, group });
  const stopping = new AbortController();
  let taken = 0;
  let alive = 0;
  const running = consumer.consume({
    signal: stopping.signal,
    onAlive: () => {
      alive++;
    },
    take: async (deliveries) => {
      taken += deliveries.length;
      return reader.take(deliveries);
    },
  });
  running.catch(() => undefined);
  return {
    taken: () => taken,
    alive: () => alive,
    stop: async () => {
      stopping.abort();
      await running;
      await consumer.close();
    },
  };
}

const settles = (reader: Reader, count: number): Promise<unknown> =>
  eventually(async () => reader.settled === count - 1, { what: `the mark behind ${count}`, ...PATIENCE });

function assertComplete(t: Test, reader: Reader, count: number): void {
  t.equal(reader.events.size, count, 'every event came');
  t.strictSame(reader.faults, [], 'in order, and before its mark');
  for (const index of range(0, count)) {
    const event = eventAt(index);
    if (JSON.stringify(reader.events.get(event.position)) !== JSON.stringify(event))
      t.strictSame(reader.events.get(event.position), event);
  }
}

const clientOf = ({ brokers }: Kafka): KafkaClient =>
  new KafkaClient({ brokers: [...brokers], logLevel: logLevel.NOTHING });

async function withAdmin<Result>(
  kafka: Kafka,
  work: (admin: ReturnType<KafkaClient['admin']>) => Promise<Result>,
): Promise<Result> {
  const admin = clientOf(kafka).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** Puts a record of a relay's on the control topic that no relay here sent. */
async function sendControl(kafka: Kafka, value: string): Promise<void> {
  const producer = clientOf(kafka).producer({ allowAutoTopicCreation: false });
  await producer.connect();
  await producer.send({ topic: 'ledger.control', messages: [{ key: 'relay', value }] });
  await producer.disconnect();
}

async function createAndCheckTopics(t: Test, kafka: Kafka): Promise<void> {
  const { brokers } = kafka;
  await withAdmin(kafka, async (admin) => {
    await admin.createTopics({ topics: [{ topic: 'ledger.control', numPartitions: 2 }] });
    await t.rejects(createTopics({ brokers }), { name: 'PortError', kind: 'corrupt' });
    t.strictSame(await admin.listTopics(), ['ledger.control'], 'refused before anything was created');
    await admin.deleteTopics({ topics: ['ledger.control'] });
    await eventually(async () => (await admin.listTopics()).length === 0, {
      what: 'the deletion',
      ...PATIENCE,
    });
    t.strictSame(await createTopics({ brokers }), ['ledger.stamps', 'ledger.orders', 'ledger.control']);
    t.strictSame(await createTopics({ brokers }), [], 'again changes nothing');
    const { topics } = await admin.fetchTopicMetadata({
      topics: ['ledger.stamps', 'ledger.orders', 'ledger.control'],
    });
    t.strictSame(topics.map(({ name, partitions }) => [name, partitions.length]).sort(), [
      ['ledger.control', 1],
      ['ledger.orders', 6],
      ['ledger.stamps', 12],
    ]);
  });
}

t.test('the bus on a real Kafka', async (t) => {
  const kafka = await startKafka();
  t.teardown(() => kafka.stop());
  const { brokers } = kafka;
  await createAndCheckTopics(t, kafka);

  const reasons: PortError[] = [];
  const onError = (error: PortError): void => void reasons.push(error);
  const first = await openKafkaPublisher({ brokers, clientId: 'first', onError });
  const second = await openKafkaPublisher({ brokers, clientId: 'second', onError });
  t.teardown(() => Promise.all([first.close(), second.close()]));
  const reader = new Reader();
  let reading = await startReading(kafka, 'readers', reader);
  t.teardown(() => reading.stop());
  let turn: PublisherTurn;
  /** Events published so far. */
  let count = 0;
  const publishMore = async (events: number): Promise<void> => {
    await publish(turn, count, count + events);
    count += events;
  };

  await t.test('everything published arrives, in order, before its mark', async (t) => {
    turn = await lead(first);
    t.equal(turn.mark, undefined, 'an empty bus has no mark');
    await publishMore(1_500);
    await publishMore(500);
    await settles(reader, count);
    assertComplete(t, reader, count);
    t.equal(reader.rewinds, 0, 'no partition left anything out');
    t.ok(reading.alive() > 0, 'and Kafka was heard of');
  });

  await t.test('one publisher leads; another takes over and knows the mark', async (t) => {
    const impatient = new AbortController();
    const given = second.lead({ signal: impatient.signal });
    impatient.abort();
    t.equal(await given, undefined, 'waiting ends when asked to');

    let isStanding = true;
    const taking = lead(second).finally(() => {
      isStanding = false;
    });
    await publishMore(500);
    t.ok(isStanding, 'the second stands by');
    await turn.resign();
    await t.rejects(publish(turn, 0, 1), { name: 'PortError', kind: 'unavailable' });
    turn = await taking;
    t.equal(turn.mark?.position, positionOf(count - 1), 'it knows what was published');
    // A relay that died before its mark leaves messages that are sent again.
    await publish(turn, count - 100, count);
    await publishMore(500);
    await settles(reader, count);
    assertComplete(t, reader, count);
    t.strictSame(reasons, [], 'giving up is no failure');
  });

  await t.test('a later claim ends the turn, and marks of an older epoch count for nobody', async (t) => {
    await sendControl(kafka, claimText());
    await eventually(async () => turn.ended.aborted, { what: 'the end of the turn', ...PATIENCE });
    await t.rejects(publish(turn, count, count + 1), { name: 'PortError', kind: 'unavailable' });
    t.match(reasons, [{ kind: 'unavailable', message: 'another relay took the lead' }]);
    const far = { position: positionOf(1_000_000), recordedAt: AT, offsets: new Map() };
    const lineage = { id: 'stale' as LineageId, ancestors: [], start: new Map() };
    await sendControl(kafka, markText(far, { epoch: 0n, lineage }));
    turn = await lead(second);
    t.equal(turn.mark?.position, positionOf(count - 1), 'the stale mark is not believed');
    await publishMore(500);
    await settles(reader, count);
    const late = new Reader();
    const readingLate = await startReading(kafka, 'late', late);
    await settles(late, count);
    await readingLate.stop();
    for (const of of [reader, late]) assertComplete(t, of, count);
  });

  await t.test('a publisher that is killed is followed by another', async (t) => {
    await turn.resign();
    const worker = new Worker(KILLED, {
      eval: true,
      workerData: { kafka: import.meta.resolve('@stamp-ledger/kafka'), brokers },
    });
    await once(worker, 'message');
    const taking = lead(first);
    worker.postMessage(pageOf(count, count + 300));
    await once(worker, 'message');
    worker.postMessage(pageOf(count + 300, count + 600));
    await worker.terminate();
    const killedAt = performance.now();
    turn = await taking;
    t.ok(performance.now() - killedAt < 20_000, 'soon');
    const known = Number(turn.mark?.position) + 1;
    t.ok(known === count + 300 || known === count + 600, 'it knows a mark of the killed one');
    count = known;
    await publishMore(300);
    await settles(reader, count);
    assertComplete(t, reader, count);
  });

  await t.test('a reader goes on where its own store says, though nothing new comes', async (t) => {
    await reading.stop();
    await noteEnds(brokers, 'readers');
    const restored = new Reader();
    const readingRestored = await startReading(kafka, 'readers', restored);
    await settles(restored, count);
    t.ok(restored.rewinds > 0, 'it asked Kafka to go back');
    assertComplete(t, restored, count);

    // As after a crash that takes commits back, while the reader goes on.
    const ends = new Map(restored.offsets);
    for (const [partition, end] of ends) restored.offsets.set(partition, end > 5n ? end - 5n : 0n);
    await eventually(
      async () => [...ends].every(([partition, end]) => restored.offsets.get(partition) === end),
      {
        what: 'what was lost, once more',
        ...PATIENCE,
      },
    );
    t.strictSame(restored.faults, []);
    await readingRestored.stop();
    await publishMore(500);
    reading = await startReading(kafka, 'another', reader);
    await settles(reader, count);
    assertComplete(t, reader, count);
  });

  await t.test('two consumers of a group share the partitions and hand them over', async (t) => {
    const shared = new Reader();
    const one = await startReading(kafka, 'shared', shared);
    await settles(shared, count);
    const two = await startReading(kafka, 'shared', shared);
    await eventually(
      async () => {
        await publishMore(100);
        return two.taken() > 0;
      },
      { what: 'the share of the second', ...PATIENCE },
    );
    await one.stop();
    await publishMore(500);
    await settles(shared, count);
    assertComplete(t, shared, count);
    await two.stop();
  });

  await t.test('a consumer can be stopped while its group waits for one that was killed', async (t) => {
    const worker = new Worker(KILLED_READER, {
      eval: true,
      workerData: { kafka: import.meta.resolve('@stamp-ledger/kafka'), brokers },
    });
    await once(worker, 'message');
    await worker.terminate();
    const waiting = new Reader();
    const readingWaiting = await startReading(kafka, 'stuck', waiting);
    await withAdmin(kafka, (admin) =>
      eventually(async () => (await admin.describeGroups(['stuck'])).groups[0]?.members.length === 2, {
        what: 'the second member',
        ...PATIENCE,
      }),
    );
    const since = performance.now();
    await readingWaiting.stop();
    t.ok(performance.now() - since < 5_000, 'soon');
    t.equal(waiting.events.size, 0, 'it was still waiting');
  });

  await t.test('what cannot be taken now is offered again', async (t) => {
    const consumer = await openKafkaConsumer({ brokers, clientId: 'again', group: 'again' });
    const stopping = new AbortController();
    const offered: string[] = [];
    let refused: Partition | undefined;
    let alive = 0;
    let aliveBefore = 0;
    await consumer.consume({
      signal: stopping.signal,
      onAlive: () => {
        alive++;
      },
      take: async (deliveries) => {
        const offer = deliveries.map(({ partition, first, next }) => `${partition} ${first} ${next}`).join();
        // Those of other partitions may be under way beside it.
        refused ??= deliveries[0]?.partition;
        if (deliveries.every(({ partition }) => partition !== refused)) return { kind: 'taken' };
        offered.push(offer);
        if (offered.length < 3) throw new PortError('unavailable', 'the database is away');
        if (offered.length === 3) {
          aliveBefore = alive;
          return { kind: 'unfinished' };
        }
        t.ok(alive > aliveBefore, 'work that takes long shows that it goes on');
        stopping.abort();
        return { kind: 'taken' };
      },
    });
    t.equal(offered.length, 4);
    t.equal(new Set(offered).size, 1, 'the same each time');
  });

  for (const [name, end] of [
    ['restarts', async () => kafka.restart()],
    ['is killed', async () => kafka.kill().then(() => kafka.start())],
  ] as const)
    await t.test(`a broker that ${name} loses nothing that was acknowledged`, async (t) => {
      const ending = end();
      turn = await publishAnyhow(first, { turn, from: count, to: count + 1_000 });
      count += 1_000;
      await ending;
      await settles(reader, count);
      assertComplete(t, reader, count);
    });

  await t.test('what can never be taken ends the consumer', async (t) => {
    for (const [poison, kind] of [
      [new PortError('corrupt', 'poison'), 'corrupt'],
      [new TypeError('a mistake'), 'unavailable'],
    ] as const) {
      const consumer = await openKafkaConsumer({ brokers, clientId: 'poison', group: `poison-${kind}` });
      let takes = 0;
      await t.rejects(
        consumer.consume({
          signal: never,
          onAlive: () => undefined,
          take: async () => {
            takes++;
            throw poison;
          },
        }),
        { name: 'PortError', kind },
      );
      t.equal(takes, 1, 'it is asked once');
    }
  });

  for (const [what, left] of [
    ['what Kafka has no more is left out, and told', 3n],
    ['it is told as well when nothing is left of a partition', 0n],
  ] as const)
    await t.test(what, async (t) => {
      const partition = 'ledger.stamps/0' as Partition;
      const kept = reader.offsets.get(partition)! - left;
      await withAdmin(kafka, async (admin) => {
        // Asked for first: kafkajs deletes only where it has learned who leads.
        await admin.fetchTopicOffsets('ledger.stamps');
        await admin.deleteTopicRecords({
          topic: 'ledger.stamps',
          partitions: [{ partition: 0, offset: String(kept) }],
        });
      });
      const consumer = await openKafkaConsumer({ brokers, clientId: 'gone', group: `gone-${left}` });
      const stopping = new AbortController();
      const firsts: bigint[] = [];
      await consumer.consume({
        signal: stopping.signal,
        onAlive: () => undefined,
        take: async (deliveries) => {
          const ours = deliveries.find((delivery) => delivery.partition === partition);
          if (ours === undefined) return { kind: 'taken' };
          firsts.push(ours.first);
          if (firsts.length === 1) return { kind: 'rewind', to: new Map([[partition, 0n]]) };
          stopping.abort();
          return { kind: 'taken' };
        },
      });
      t.strictSame(firsts, [kept, kept]);
    });
});

t.test('a turn goes on from the last mark that the bus can keep, in a lineage of its own', async (t) => {
  const kafka = await startKafka();
  t.teardown(() => kafka.stop());
  const { brokers } = kafka;
  await createTopics({ brokers });
  const publisher = await openKafkaPublisher({ brokers, clientId: 'relay' });
  t.teardown(() => publisher.close());
  let turn = await lead(publisher);
  turn = await publishAnyhow(publisher, { turn, from: 0, to: 500 });
  await turn.resign();
  const goBack = await kafka.keepCopy();
  turn = await lead(publisher);
  t.equal(turn.mark?.position, positionOf(499));
  turn = await publishAnyhow(publisher, { turn, from: 500, to: 1_000 });
  await turn.resign();
  await goBack('ledger.stamps');
  turn = await lead(publisher);
  t.equal(turn.mark?.position, positionOf(499), 'those that promise more than there is do not count');
  turn = await publishAnyhow(publisher, { turn, from: 500, to: 1_000 });
  await turn.resign();
  await goBack();
  turn = await lead(publisher);
  t.equal(turn.mark?.position, positionOf(499), 'as a whole it has gone back to a moment of before');

  await withAdmin(kafka, (admin) =>
    admin.deleteTopics({ topics: ['ledger.control', 'ledger.orders', 'ledger.stamps'] }),
  );
  await eventually(async () => (await createTopics({ brokers })).length === 3, {
    what: 'topics made anew',
    ...PATIENCE,
  }).catch((error: unknown) => t.fail(String(error)));
  await t.rejects(
    (async () => {
      for (let from = 500; ; from += 100) await publish(turn, from, from + 100);
    })(),
    { name: 'PortError', kind: 'unavailable' },
    'a turn that finds its place taken ends',
  );
  turn = await lead(publisher);
  t.equal(turn.mark, undefined, 'of a bus that was made anew nothing counts');
});

t.test('a turn that has nothing to publish ends when Kafka has lost what it had taken', async (t) => {
  const kafka = await startKafka();
  t.teardown(() => kafka.stop());
  const { brokers } = kafka;
  await createTopics({ brokers });
  const publisher = await openKafkaPublisher({ brokers, clientId: 'relay' });
  t.teardown(() => publisher.close());
  const turn = await publishAnyhow(publisher, { turn: await lead(publisher), from: 0, to: 100 });
  await withAdmin(kafka, async (admin) => {
    const isThere = async (): Promise<boolean> => (await admin.listTopics()).includes('ledger.stamps');
    await admin.deleteTopics({ topics: ['ledger.stamps'] });
    await eventually(async () => !(await isThere()), { what: 'the deletion', ...PATIENCE });
    await eventually(async () => createTopics({ brokers }).then(isThere, () => false), {
      what: 'a topic made anew',
      ...PATIENCE,
    });
  });
  await eventually(async () => turn.ended.aborted, { what: 'the end of the turn', ...PATIENCE });
  const next = await lead(publisher);
  t.equal(next.mark, undefined, 'no mark counts that promises more than there is');
});

/** Leads, and publishes the pages it is sent, until it is killed. */
const KILLED = `
const { parentPort, workerData } = require('node:worker_threads');
import(workerData.kafka).then(async ({ openKafkaPublisher }) => {
  const publisher = await openKafkaPublisher({ brokers: workerData.brokers, clientId: 'killed' });
  const turn = await publisher.lead({ signal: new AbortController().signal });
  parentPort.on('message', (page) => turn.publish(page).then(() => parentPort.postMessage(page.position)));
  parentPort.postMessage('leading');
});`;

/** Is in the group `stuck` until it is killed. */
const KILLED_READER = `
const { parentPort, workerData } = require('node:worker_threads');
import(workerData.kafka).then(async ({ openKafkaConsumer }) => {
  const consumer = await openKafkaConsumer({ brokers: workerData.brokers, clientId: 'stuck', group: 'stuck' });
  await consumer.consume({
    signal: new AbortController().signal,
    onAlive: () => undefined,
    take: async () => {
      parentPort.postMessage('taken');
      return { kind: 'taken' };
    },
  });
});`;

t.test('three brokers, of which the one with the control topic is killed', async (t) => {
  const kafka = await startKafka({ nodes: 3 });
  t.teardown(() => kafka.stop());
  const { brokers } = kafka;
  await createTopics({ brokers, replicationFactor: 3 });
  const publisher = await openKafkaPublisher({ brokers, clientId: 'relay' });
  t.teardown(() => publisher.close());
  const reader = new Reader();
  const reading = await startReading(kafka, 'readers', reader);
  t.teardown(() => reading.stop());
  let turn = await lead(publisher);
  await publish(turn, 0, 500);
  const leader = await withAdmin(kafka, async (admin) => {
    const { topics } = await admin.fetchTopicMetadata({ topics: ['ledger.control'] });
    return topics[0]!.partitions[0]!.leader;
  });
  const down = kafka.kill(leader - 1);
  turn = await publishAnyhow(publisher, { turn, from: 500, to: 1_500 });
  await down;
  await settles(reader, 1_500);
  await kafka.start(leader - 1);
  await publishAnyhow(publisher, { turn, from: 1_500, to: 2_000 });
  await settles(reader, 2_000);
  assertComplete(t, reader, 2_000);
});
