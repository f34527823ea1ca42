import { setTimeout } from 'node:timers/promises';
import { type BusConsumer, type BusMessage, type Delivery, PortError, type Taken } from '@stamp-ledger/ports';
import type { Consumer, EachBatchPayload } from 'kafkajs';
import { readMessage } from './cloud-events.js';
import { kafkaError } from './errors.js';
import { type KafkaOptions, kafkaClient, RETRY, TOPICS } from './kafka-client.js';
import { KAFKA_LIMITS } from './limits.js';
import { placeOf } from './producer.js';

type Take = Parameters<BusConsumer['consume']>[0]['take'];

/** The receiving side, as one member of a consumer group. */
export async function openKafkaConsumer({
  clientId,
  group,
  ...options
}: KafkaOptions & { readonly clientId: string; readonly group: string }): Promise<BusConsumer> {
  const consumer = kafkaClient(options, clientId).consumer({
    groupId: group,
    sessionTimeout: KAFKA_LIMITS.sessionMilliseconds * 3,
    rebalanceTimeout: KAFKA_LIMITS.rebalanceMilliseconds,
    heartbeatInterval: KAFKA_LIMITS.heartbeatMilliseconds,
    maxWaitTimeInMs: KAFKA_LIMITS.fetchWaitMilliseconds,
    maxBytesPerPartition: KAFKA_LIMITS.fetchBytesPerPartition,
    maxBytes: KAFKA_LIMITS.fetchBytes,
    allowAutoTopicCreation: false,
    retry: RETRY,
  });
  return new GroupMember(consumer);
}

class GroupMember implements BusConsumer {
  #committedAt = 0;

  constructor(private readonly consumer: Consumer) {}

  async consume({ take, signal, onAlive }: Parameters<BusConsumer['consume']>[0]): Promise<void> {
    const { consumer } = this;
    const { CRASH, FETCH, HEARTBEAT } = consumer.events;
    const failed = new AbortController();
    const fail = (error: unknown): void => failed.abort(kafkaError(error, 'consuming'));
    const removers = [
      consumer.on(FETCH, onAlive),
      consumer.on(HEARTBEAT, onAlive),
      // One that kafkajs starts again by itself goes on from the offsets of the sink.
      consumer.on(CRASH, ({ payload }) => {
        if (!payload.restart) fail(payload.error);
      }),
    ];
    const merger = new Merger(take, signal, (error) => failed.abort(error));
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: Object.values(TOPICS), fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: KAFKA_LIMITS.partitionsAtOnce,
        eachBatch: (payload) => this.#eachBatch(payload, merger),
      });
      await endOf(AbortSignal.any([signal, failed.signal]));
      if (failed.signal.aborted) throw failed.signal.reason;
    } catch (error) {
      throw kafkaError(error, 'consuming');
    } finally {
      for (const remove of removers) remove();
      await consumer.disconnect().catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    await this.consumer.disconnect().catch(() => undefined);
  }

  /** Tells Kafka now and then how far the group has come: a hint, for metrics and a start without any offsets of our own. */
  async #commit({ commitOffsetsIfNecessary, uncommittedOffsets }: EachBatchPayload): Promise<void> {
    const now = performance.now();
    if (now - this.#committedAt < KAFKA_LIMITS.commitMilliseconds) return;
    this.#committedAt = now;
    await commitOffsetsIfNecessary(uncommittedOffsets()).catch(() => undefined);
  }

  /** Offers a batch part by part. Kafka's own offset is moved behind each part only when it was taken. */
  async #eachBatch(payload: EachBatchPayload, merger: Merger): Promise<void> {
    const { batch, resolveOffset, heartbeat, isRunning, isStale } = payload;
    const { topic, partition, messages } = batch;
    const place = placeOf(topic, partition);
    for (let start = 0; start < messages.length; start += KAFKA_LIMITS.takenMessages) {
      if (!isRunning() || isStale()) return;
      const part = messages.slice(start, start + KAFKA_LIMITS.takenMessages);
      const [first] = part;
      const last = part.at(-1);
      if (first === undefined || last === undefined) return;
      const taken = await merger.offer(
        {
          partition: place,
          first: BigInt(first.offset),
          next: BigInt(last.offset) + 1n,
          messages: part.flatMap((message): BusMessage[] => busMessage(message)),
        },
        { heartbeat, isUsable: () => isRunning() && !isStale() },
      );
      if (taken === 'dropped') return;
      const back = taken.kind === 'rewind' ? taken.to.get(place) : undefined;
      if (back !== undefined) {
        this.consumer.seek({ topic, partition, offset: String(back) });
        return;
      }
      // Nothing of this part was kept when another partition has to go back: it comes again.
      if (taken.kind === 'rewind') {
        this.consumer.seek({ topic, partition, offset: first.offset });
        return;
      }
      resolveOffset(last.offset);
      await heartbeat();
      await this.#commit(payload);
    }
  }
}

function busMessage({
  offset,
  value,
}: {
  readonly offset: string;
  readonly value: Buffer | null;
}): BusMessage[] {
  const message = readMessage(value);
  switch (message.kind) {
    case 'event':
      return [{ kind: 'event', offset: BigInt(offset), event: message.event }];
    case 'mark':
      return [{ kind: 'mark', offset: BigInt(offset), mark: message.mark }];
    case 'claim':
    case 'unknown':
      return [];
  }
}

interface Offer {
  readonly delivery: Delivery;
  readonly heartbeat: () => Promise<void>;
  readonly isUsable: () => boolean;
  readonly answer: (taken: Taken | 'dropped') => void;
}

/**
 * Puts together what the partitions offer while the take before is under way, so that one transaction serves many of
 * them: no timer, the busier the larger.
 */
class Merger {
  #waiting: Offer[] = [];
  #running = false;

  constructor(
    private readonly take: Take,
    private readonly signal: AbortSignal,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  offer(delivery: Delivery, how: Pick<Offer, 'heartbeat' | 'isUsable'>): Promise<Taken | 'dropped'> {
    return new Promise((resolve) => {
      this.#waiting.push({ delivery, ...how, answer: resolve });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    // Batches of one fetch come in one turn of the event loop: let them all arrive.
    await setTimeout(0);
    while (this.#waiting.length > 0) {
      const offers = this.#next();
      const taken = await this.#taken(offers);
      for (const { answer } of offers) answer(taken);
      await setTimeout(0);
    }
    this.#running = false;
  }

  #next(): Offer[] {
    const offers: Offer[] = [];
    let messages = 0;
    while (this.#waiting[0] !== undefined && (offers.length === 0 || messages < KAFKA_LIMITS.takenMessages)) {
      const offer = this.#waiting.shift();
      if (offer === undefined) break;
      if (!offer.isUsable()) {
        offer.answer('dropped');
        continue;
      }
      messages += offer.delivery.messages.length;
      offers.push(offer);
    }
    return offers;
  }

  /** Offers again what could not be taken for a passing reason; keeps the membership alive meanwhile. */
  async #taken(offers: readonly Offer[]): Promise<Taken | 'dropped'> {
    if (offers.length === 0) return 'dropped';
    for (let pause: number = KAFKA_LIMITS.takeRetryMilliseconds; ; ) {
      if (this.signal.aborted || !offers.every(({ isUsable }) => isUsable())) return 'dropped';
      try {
        return await this.take(offers.map(({ delivery }) => delivery));
      } catch (error) {
        if (!(error instanceof PortError) || error.kind === 'corrupt') {
          this.onFailure(error);
          return 'dropped';
        }
      }
      await setTimeout(pause, undefined, { signal: this.signal }).catch(() => undefined);
      pause = Math.min(pause * 2, KAFKA_LIMITS.takeRetryMillisecondsMax);
      await Promise.all(offers.map(({ heartbeat }) => heartbeat())).catch(() => undefined);
    }
  }
}

function endOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
