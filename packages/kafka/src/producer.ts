import { type BusTopic, type Partition, PortError, type Routed } from '@stamp-ledger/ports';
import { type Kafka, type Message, Partitioners, type PartitionMetadata, type Producer } from 'kafkajs';
import { CONTENT_TYPE, eventText } from './cloud-events.js';
import { ending, RETRY, TOPICS } from './kafka-client.js';
import { KAFKA_LIMITS } from './limits.js';

const HEADERS = { 'content-type': CONTENT_TYPE };
const ACKS_ALL = -1;

/**
 * Sends one request at a time: with two under way and a lost answer, kafkajs' idempotent producer would lose a message.
 * After a failure it is of no use any more, and another has to be made.
 */
export class LedgerProducer {
  readonly #producer: Producer;
  readonly #partitions = new Map<string, PartitionMetadata[]>();
  #control = -1n;
  /** Java's choice (murmur2 of the key). Asked here, so that it is known how many messages went where. */
  readonly #choose = Partitioners.DefaultPartitioner();

  constructor(private readonly kafka: Kafka) {
    this.#producer = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: Partitioners.DefaultPartitioner,
      metadataMaxAge: KAFKA_LIMITS.metadataMilliseconds,
      allowAutoTopicCreation: false,
      retry: RETRY,
    });
  }

  async connect(): Promise<void> {
    const admin = this.kafka.admin();
    try {
      await admin.connect();
      const { topics } = await admin.fetchTopicMetadata({ topics: Object.values(TOPICS) });
      for (const { name, partitions } of topics) this.#partitions.set(name, partitions);
    } finally {
      await ending(admin.disconnect());
    }
    await this.#producer.connect();
  }

  disconnect(): Promise<void> {
    return ending(this.#producer.disconnect());
  }

  /** Sends a record of the relay's own; answers its offset. */
  async sendControl(value: string): Promise<bigint> {
    const [sent] = await this.#producer.send({
      topic: TOPICS.control,
      acks: ACKS_ALL,
      messages: [{ key: 'relay', value, headers: HEADERS, partition: 0 }],
    });
    const offset = offsetOf(sent?.baseOffset);
    refuseBefore(this.#control + 1n, offset);
    this.#control = offset;
    return offset;
  }

  /** Offsets behind events, and behind the last record of the relay's own as well. */
  withControl(offsets: ReadonlyMap<Partition, bigint>): ReadonlyMap<Partition, bigint> {
    const control = placeOf(TOPICS.control, 0);
    return new Map(offsets).set(control, greater(offsets.get(control), this.#control + 1n));
  }

  /** Sends events in order; moves `offsets` behind what was sent. */
  async sendEvents(events: readonly Routed[], offsets: Map<Partition, bigint>): Promise<void> {
    for (const chunk of this.#chunksOf(events)) await this.#send(chunk, offsets);
  }

  async #send(chunk: readonly Placed[], offsets: Map<Partition, bigint>): Promise<void> {
    const byTopic = new Map<string, Message[]>();
    const counts = new Map<Partition, number>();
    for (const { topic, partition, message } of chunk) {
      const messages = byTopic.get(topic) ?? [];
      messages.push(message);
      byTopic.set(topic, messages);
      const place = placeOf(topic, partition);
      counts.set(place, (counts.get(place) ?? 0) + 1);
    }
    const topicMessages = [...byTopic].map(([topic, messages]) => ({ topic, messages }));
    const sent = await this.#producer.sendBatch({ acks: ACKS_ALL, topicMessages });
    const reached = new Map<Partition, bigint>();
    for (const { topicName, partition, baseOffset } of sent) {
      const place = placeOf(topicName, partition);
      const base = offsetOf(baseOffset);
      refuseBefore(offsets.get(place) ?? 0n, base);
      const next = base + BigInt(counts.get(place) ?? 0);
      // Sent again over a new connection, a partition is answered twice: what counts is behind both.
      reached.set(place, greater(reached.get(place), next));
    }
    // kafkajs asks no broker twice in one call: a partition that moved to one that had answered was not sent at all.
    for (const place of counts.keys())
      if (!reached.has(place)) throw new PortError('unavailable', 'Kafka did not take all partitions');
    for (const [place, next] of reached) offsets.set(place, next);
  }

  *#chunksOf(events: readonly Routed[]): Generator<readonly Placed[]> {
    let chunk: Placed[] = [];
    let bytes = 0;
    for (const { topic, key, event } of events) {
      const value = Buffer.from(eventText(event));
      if (chunk.length > 0 && bytes + value.length > KAFKA_LIMITS.sendBytes) {
        yield chunk;
        chunk = [];
        bytes = 0;
      }
      chunk.push(this.#placed(topic, key, value));
      bytes += value.length;
    }
    if (chunk.length > 0) yield chunk;
  }

  #placed(of: BusTopic, key: string, value: Buffer): Placed {
    const topic = TOPICS[of];
    const partitionMetadata = this.#partitions.get(topic) ?? [];
    const message: Message = { key, value, headers: HEADERS };
    const partition = this.#choose({ topic, partitionMetadata, message });
    return { topic, partition, message: { ...message, partition } };
  }
}

interface Placed {
  readonly topic: string;
  readonly partition: number;
  readonly message: Message;
}

export const placeOf = (topic: string, partition: number): Partition => `${topic}/${partition}` as Partition;

const greater = (a: bigint | undefined, b: bigint): bigint => (a === undefined || a < b ? b : a);

/** A place that was taken already: what was there is lost. The next turn begins with what is left. */
function refuseBefore(end: bigint, offset: bigint): void {
  if (offset < end) throw new PortError('unavailable', 'Kafka has lost messages that it had taken');
}

/** Without the offset nobody could say how far the bus has come: then it is sent again. */
function offsetOf(baseOffset: string | undefined): bigint {
  const offset = BigInt(baseOffset ?? -1);
  if (offset < 0n) throw new PortError('unavailable', 'Kafka did not say where it put the messages');
  return offset;
}
