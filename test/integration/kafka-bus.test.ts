import { canonicalJson, type Position, type RecordedEvent, type StreamName } from '@stamp-ledger/codec';
import type { EventId, Instant } from '@stamp-ledger/domain';
import { createTopics, openKafkaConsumer, openKafkaPublisher } from '@stamp-ledger/kafka';
import type { Delivery, Partition, PublisherTurn, Routed } from '@stamp-ledger/ports';
import { PortError } from '@stamp-ledger/ports';
import t, { type Test } from 'tap';
import { eventually } from '../support/eventually.js';
import { type Kafka, startKafka } from '../support/kafka-server.js';

const STREAMS = 20;
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

const publish = (turn: PublisherTurn, from: number, to: number): Promise<void> =>
  turn.publish({
    messages: range(from, to).map(routed),
    position: positionOf(to - 1),
    recordedAt: '2024-09-06T13:00:00.000Z' as Instant,
  });

/** A reader that keeps what it was given, and its offsets, as a projection does. */
class Reader {
  readonly offsets = new Map<Partition, bigint>();
  readonly events = new Map<string, RecordedEvent>();
  readonly order = new Map<string, number[]>();
  settled: string | undefined;
  #marks: { readonly position: string; readonly offsets: ReadonlyMap<Partition, bigint> }[] = [];

  take(deliveries: readonly Delivery[]): Map<Partition, bigint> {
    const back = new Map<Partition, bigint>();
    for (const { partition, first } of deliveries)
      if (first > (this.offsets.get(partition) ?? 0n)) back.set(partition, this.offsets.get(partition) ?? 0n);
    if (back.size > 0) return back;
    for (const { partition, next, messages } of deliveries) {
      for (const message of messages) {
        if (message.offset < (this.offsets.get(partition) ?? 0n)) continue;
        if (message.kind === 'mark') this.#marks.push(message.mark);
        else this.#event(message.event);
      }
      if (next > (this.offsets.get(partition) ?? 0n)) this.offsets.set(partition, next);
    }
    this.#settle();
    return back;
  }

  #event(event: RecordedEvent): void {
    this.events.set(event.id, event);
    const revisions = this.order.get(event.stream) ?? [];
    if (event.revision > (revisions.at(-1) ?? -1)) revisions.push(event.revision);
    this.order.set(event.stream, revisions);
  }

  #settle(): void {
    for (const { position, offsets } of this.#marks)
      if ([...offsets].every(([partition, offset]) => (this.offsets.get(partition) ?? 0n) >= offset))
        if (this.settled === undefined || position > this.settled) this.settled = position;
  }
}

/** Reads into `reader` until stopped. */
async function startReader(kafka: Kafka, group: string, reader: Reader): Promise<() => Promise<void>> {
  const consumer = await openKafkaConsumer({ brokers: kafka.brokers, clientId: group, group });
  const stop = new AbortController();
  const running = consumer.consume({
    signal: stop.signal,
    onAlive: () => undefined,
    take: async (deliveries) => {
      const to = reader.take(deliveries);
      return to.size === 0 ? { kind: 'taken' } : { kind: 'rewind', to };
    },
  });
  running.catch(() => undefined);
  return async () => {
    stop.abort();
    await running;
    await consumer.close();
  };
}

function assertComplete(t: Test, reader: Reader, count: number): void {
  t.equal(reader.events.size, count, 'every event came');
  for (const index of range(0, count)) {
    const event = eventAt(index);
    if (JSON.stringify(reader.events.get(event.id)) !== JSON.stringify(event))
      t.strictSame(reader.events.get(event.id), event);
  }
  for (const [stream, revisions] of reader.order)
    if (revisions.some((revision, index) => revision !== index)) t.fail(`${stream} came as ${revisions}`);
}

t.test('the bus on a real Kafka', async (t) => {
  const kafka = await startKafka();
  t.teardown(() => kafka.stop());
  const { brokers } = kafka;
  t.strictSame(await createTopics({ brokers }), ['ledger.stamps', 'ledger.orders', 'ledger.control']);
  t.strictSame(await createTopics({ brokers }), [], 'again changes nothing');

  const never = new AbortController().signal;
  const first = await openKafkaPublisher({ brokers, clientId: 'first' });
  const second = await openKafkaPublisher({ brokers, clientId: 'second' });
  t.teardown(() => Promise.all([first.close(), second.close()]));
  const leading = await first.lead(never);
  if (leading === undefined) throw new Error('the first publisher does not lead');
  t.equal(leading.mark, undefined, 'an empty bus has no mark');
  let standing = true;
  const taking = second.lead(never).then((turn) => {
    standing = false;
    return turn;
  });
  await publish(leading, 0, 1_500);
  await publish(leading, 1_500, 2_000);

  const reader = new Reader();
  let stopReader = await startReader(kafka, 'readers', reader);
  await eventually(async () => reader.settled === positionOf(1_999), { what: 'the first mark', ...PATIENCE });
  assertComplete(t, reader, 2_000);
  t.ok(standing, 'the second publisher stands by');

  await leading.resign();
  const next = await taking;
  if (next === undefined) throw new Error('the second publisher does not lead');
  t.equal(next.mark?.position, positionOf(1_999), 'it knows what was published');
  await t.rejects(publish(leading, 0, 1), { name: 'PortError', kind: 'unavailable' });
  await publish(next, 1_900, 2_500);
  await eventually(async () => reader.settled === positionOf(2_499), {
    what: 'the second mark',
    ...PATIENCE,
  });
  assertComplete(t, reader, 2_500);

  t.test('a reader that was away goes on where its own store says', async (t) => {
    await stopReader();
    await publish(next, 2_500, 3_000);
    stopReader = await startReader(kafka, 'others', reader);
    await eventually(async () => reader.settled === positionOf(2_999), {
      what: 'the third mark',
      ...PATIENCE,
    });
    assertComplete(t, reader, 3_000);
    const late = new Reader();
    const stopLate = await startReader(kafka, 'late', late);
    await eventually(async () => late.settled === positionOf(2_999), {
      what: 'the late reader',
      ...PATIENCE,
    });
    await stopLate();
    assertComplete(t, late, 3_000);
  });

  t.test('a broker that is killed loses nothing that was acknowledged', async (t) => {
    let from = 3_000;
    let turn = next;
    await kafka.kill();
    const restarted = kafka.start();
    while (from < 4_000) {
      try {
        await publish(turn, from, from + 100);
        from += 100;
      } catch (error) {
        if (!(error instanceof PortError)) throw error;
        await restarted;
        turn = (await second.lead(never)) ?? turn;
        from = Number(turn.mark?.position) + 1;
      }
    }
    await eventually(async () => reader.settled === positionOf(3_999), {
      what: 'the last mark',
      ...PATIENCE,
    });
    assertComplete(t, reader, 4_000);
    await stopReader();
  });

  t.test('what can never be taken ends the consumer', async (t) => {
    const consumer = await openKafkaConsumer({ brokers, clientId: 'poison', group: 'poison' });
    await t.rejects(
      consumer.consume({
        signal: never,
        onAlive: () => undefined,
        take: () => Promise.reject(new PortError('corrupt', 'poison')),
      }),
      { name: 'PortError', kind: 'corrupt' },
    );
  });
});
