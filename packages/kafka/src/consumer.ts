import { setTimeout } from 'node:timers/promises';
import type { BusConsumer, BusMessage, Partition } from '@stamp-ledger/ports';
import type { Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs';
import { readMessage } from './cloud-events.js';
import { Epochs } from './epochs.js';
import { isAway, kafkaError } from './errors.js';
import { ending, type KafkaOptions, kafkaClient, MEMBER_RETRY, TOPICS } from './kafka-client.js';
import { KAFKA_LIMITS } from './limits.js';
import { Merger } from './merger.js';
import { Places } from './places.js';
import { placeOf } from './producer.js';

type Request = Parameters<BusConsumer['consume']>[0];

/** The receiving side, as one member of a consumer group. */
export async function openKafkaConsumer({
  clientId,
  group,
  ...options
}: KafkaOptions & { readonly clientId: string; readonly group: string }): Promise<BusConsumer> {
  return new Reader(options, clientId, group);
}

class Reader implements BusConsumer {
  readonly #consumer: Consumer;
  readonly #closed = new AbortController();
  readonly #epochs = new Epochs();
  readonly #places: Places;
  #isOver = false;
  #committedAt = 0;
  /** The leaving, which is waited for once: a second wait would not help. */
  #left: Promise<void> | undefined;

  constructor(options: KafkaOptions, clientId: string, groupId: string) {
    const kafka = kafkaClient(options, clientId);
    this.#places = new Places(kafka, groupId);
    this.#consumer = kafka.consumer({
      groupId,
      sessionTimeout: KAFKA_LIMITS.readerSessionMilliseconds,
      rebalanceTimeout: KAFKA_LIMITS.readerRebalanceMilliseconds,
      heartbeatInterval: KAFKA_LIMITS.heartbeatMilliseconds,
      maxWaitTimeInMs: KAFKA_LIMITS.fetchWaitMilliseconds,
      maxBytesPerPartition: KAFKA_LIMITS.fetchBytesPerPartition,
      maxBytes: KAFKA_LIMITS.fetchBytes,
      metadataMaxAge: KAFKA_LIMITS.metadataMilliseconds,
      allowAutoTopicCreation: false,
      // One that was closed while it crashed must not come back.
      retry: { ...MEMBER_RETRY, restartOnFailure: async () => !this.#isOver },
    });
  }

  async consume({ take, signal, onAlive }: Request): Promise<void> {
    const failed = new AbortController();
    const fail = (error: unknown): void => failed.abort(kafkaError(error, 'consuming'));
    const over = AbortSignal.any([signal, this.#closed.signal, failed.signal]);
    const merger = new Merger(this.#seeking(take, onAlive), over, fail);
    const remove = this.#watch(fail, onAlive);
    const started = this.#start(merger, over).catch(fail);
    const looking = this.#lookAround(merger, over);
    try {
      await abortOf(over);
      failed.signal.throwIfAborted();
    } finally {
      this.#isOver = true;
      remove();
      await merger.finished();
      await ending(looking);
      // kafkajs cannot leave a group that it is still joining.
      this.#left = ending(started.then(() => this.#consumer.disconnect()));
      await this.#left;
    }
  }

  async #start(merger: Merger, over: AbortSignal): Promise<void> {
    const consumer = this.#consumer;
    await whenThere(() => consumer.connect(), over);
    await whenThere(() => consumer.subscribe({ topics: Object.values(TOPICS), fromBeginning: true }), over);
    if (over.aborted) return;
    // A failure to join is a crash for kafkajs, after which it starts again by itself.
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: KAFKA_LIMITS.partitionsAtOnce,
      eachBatch: (payload) => this.#eachBatch(payload, merger),
    });
  }

  async close(): Promise<void> {
    this.#isOver = true;
    this.#closed.abort();
    await Promise.all([this.#left ?? ending(this.#consumer.disconnect()), this.#places.close()]);
  }

  /** Hears from kafkajs that Kafka answers, or that it gave up: for good, or too often in a while. */
  #watch(fail: (error: unknown) => void, onAlive: () => void): () => void {
    const consumer = this.#consumer;
    const { CRASH, FETCH, GROUP_JOIN, HEARTBEAT } = consumer.events;
    let crashes: number[] = [];
    const removers = [
      consumer.on(FETCH, onAlive),
      consumer.on(HEARTBEAT, onAlive),
      consumer.on(GROUP_JOIN, ({ payload }) => this.#places.given(payload.memberAssignment)),
      consumer.on(CRASH, ({ payload }) => {
        const now = performance.now();
        crashes = [...crashes.filter((at) => now - at < KAFKA_LIMITS.restartsMilliseconds), now];
        if (!payload.restart || crashes.length > KAFKA_LIMITS.restarts) fail(payload.error);
      }),
    ];
    return () => {
      for (const remove of removers) remove();
    };
  }

  /** Goes back as `take` says before anything else is offered: what is in hand of those partitions is stale from then on. */
  #seeking(take: Request['take'], onAlive: () => void): Request['take'] {
    return async (deliveries) => {
      const taken = await take(deliveries);
      if (taken.kind === 'unfinished' || deliveries.some(({ first, next }) => next > first)) onAlive();
      if (taken.kind === 'rewind') for (const [place, offset] of taken.to) this.#seek(place, offset);
      return taken;
    };
  }

  #seek(place: Partition, offset: bigint): void {
    const slash = place.lastIndexOf('/');
    const [topic, partition] = [place.slice(0, slash), Number(place.slice(slash + 1))];
    try {
      this.#consumer.seek({ topic, partition, offset: String(offset) });
      this.#places.sentTo(place, offset);
    } catch {
      // It has no place in the group now. When it has one again, what is in hand was dropped and comes anew.
    }
  }

  /**
   * Offers nothing from where it is, for each partition that is quiet: whoever keeps offsets of its own may have lost the
   * last ones, and would not be told by messages.
   */
  async #lookAround(merger: Merger, over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      // Kafka that does not answer is asked again; what cannot be taken is offered again.
      const quiet = await this.#places.quiet().catch(() => []);
      const hold = (partition: Partition, next: bigint) => ({
        heartbeat: async () => undefined,
        isUsable: () => this.#places.isAt(partition, next),
      });
      await Promise.allSettled(
        quiet.map(([partition, next]) =>
          merger.offer({ partition, first: next, next, messages: [] }, hold(partition, next)),
        ),
      );
      await setTimeout(KAFKA_LIMITS.lookMilliseconds, undefined, { signal: over }).catch(() => undefined);
    }
  }

  /** Offers a batch part by part. Kafka's own offset is moved behind each part only when it was taken. */
  async #eachBatch(payload: EachBatchPayload, merger: Merger): Promise<void> {
    const { batch, resolveOffset, heartbeat, isRunning, isStale } = payload;
    const partition = placeOf(batch.topic, batch.partition);
    const isUsable = (): boolean => isRunning() && !isStale();
    for (let start = 0; start < batch.messages.length; start += KAFKA_LIMITS.takenMessages) {
      const part = batch.messages.slice(start, start + KAFKA_LIMITS.takenMessages);
      const [first] = part;
      const last = part.at(-1);
      if (first === undefined || last === undefined || !isUsable()) return;
      const messages = part.flatMap((message) => this.#read(batch.topic, message));
      const answer = await merger.offer(
        { partition, first: BigInt(first.offset), next: BigInt(last.offset) + 1n, messages },
        { heartbeat, isUsable },
      );
      // Nothing was kept, though perhaps for another partition's sake: it comes again, from there or from where it was.
      if (answer.kind !== 'taken') return;
      resolveOffset(last.offset);
      this.#places.movedTo(partition, BigInt(last.offset) + 1n);
      await heartbeat();
      await this.#commit(payload);
    }
  }

  #read(topic: string, { offset: text, value }: KafkaMessage): readonly BusMessage[] {
    const offset = BigInt(text);
    const message = readMessage(value);
    const isCurrent = topic !== TOPICS.control || this.#epochs.isCurrent(offset, message);
    switch (message.kind) {
      case 'event':
        return [{ kind: 'event', offset, event: message.event }];
      case 'mark':
        return isCurrent ? [{ kind: 'mark', offset, mark: message.mark, lineage: message.lineage }] : [];
      case 'claim':
      case 'unknown':
        return [];
    }
  }

  /** Tells Kafka now and then how far the group has come: a hint, for metrics and a start without any offsets of our own. */
  async #commit({ commitOffsetsIfNecessary, uncommittedOffsets }: EachBatchPayload): Promise<void> {
    const now = performance.now();
    if (now - this.#committedAt < KAFKA_LIMITS.commitMilliseconds) return;
    this.#committedAt = now;
    await commitOffsetsIfNecessary(uncommittedOffsets()).catch(() => undefined);
  }
}

/** Kafka may be away still, or again: whoever consumes waits for it, and is not made anew for that. */
async function whenThere(step: () => Promise<void>, over: AbortSignal): Promise<void> {
  let pause: number = KAFKA_LIMITS.takeRetryMilliseconds;
  while (!over.aborted) {
    try {
      return await step();
    } catch (error) {
      if (!isAway(error)) throw error;
    }
    await setTimeout(pause, undefined, { signal: over }).catch(() => undefined);
    pause = Math.min(pause * 2, KAFKA_LIMITS.takeRetryMillisecondsMax);
  }
}

function abortOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
