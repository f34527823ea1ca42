import {
  type BusMark,
  type BusPublisher,
  type Partition,
  PortError,
  type PublisherTurn,
} from '@stamp-ledger/ports';
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { claimText, markText, readMessage } from './cloud-events.js';
import { kafkaError } from './errors.js';
import { type KafkaOptions, kafkaClient, RETRY, TOPICS } from './kafka-client.js';
import { KAFKA_LIMITS } from './limits.js';
import { LedgerProducer } from './producer.js';

const GROUP = 'ledger-relay';

/**
 * The publishing side. Publishers are members of one consumer group over the one partition of the control topic: whoever
 * is given it leads. It announces itself with a claim, whose offset is its epoch, and reads the topic up to there: then it
 * knows the last mark. A later claim ends its turn.
 */
export async function openKafkaPublisher({
  clientId,
  ...options
}: KafkaOptions & { readonly clientId: string }): Promise<BusPublisher> {
  return new Publisher(kafkaClient(options, clientId));
}

class Publisher implements BusPublisher {
  #member: Member | undefined;
  #closed = false;

  constructor(private readonly kafka: Kafka) {}

  async lead(signal: AbortSignal): Promise<PublisherTurn | undefined> {
    if (this.#closed) throw new PortError('unavailable', 'the publisher is closed');
    await this.#leave();
    const member = new Member(this.kafka);
    this.#member = member;
    try {
      await member.join();
      if (!(await member.assigned(signal))) return undefined;
      return await member.claim();
    } catch (error) {
      await this.#leave();
      throw kafkaError(error, 'taking the lead');
    } finally {
      if (signal.aborted) await this.#leave();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#leave();
  }

  async #leave(): Promise<void> {
    const member = this.#member;
    this.#member = undefined;
    await member?.leave();
  }
}

/** One membership in the group, with a producer of its own while it leads. */
class Member {
  readonly #consumer: Consumer;
  readonly #ended = new AbortController();
  #producer: LedgerProducer | undefined;
  #isAssigned = false;
  #wake: () => void = () => {};
  /** Offset behind the last record of the control topic that was read. */
  #read = 0n;
  #epoch: bigint | undefined;
  #latestClaim = -1n;
  #mark: BusMark | undefined;
  #offsets = new Map<Partition, bigint>();
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly kafka: Kafka) {
    this.#consumer = kafka.consumer({
      groupId: GROUP,
      sessionTimeout: KAFKA_LIMITS.sessionMilliseconds,
      rebalanceTimeout: KAFKA_LIMITS.rebalanceMilliseconds,
      heartbeatInterval: KAFKA_LIMITS.heartbeatMilliseconds,
      maxWaitTimeInMs: KAFKA_LIMITS.fetchWaitMilliseconds,
      allowAutoTopicCreation: false,
      // Whoever fails begins again from the outside, as a new member.
      retry: { ...RETRY, restartOnFailure: async () => false },
    });
  }

  async join(): Promise<void> {
    const { GROUP_JOIN, CRASH, STOP, REBALANCING } = this.#consumer.events;
    this.#consumer.on(GROUP_JOIN, ({ payload }) => {
      const was = this.#isAssigned;
      this.#isAssigned = (payload.memberAssignment[TOPICS.control] ?? []).length > 0;
      if (was && !this.#isAssigned) this.#end();
      this.#wake();
    });
    // The partition may be another's before this one is told.
    this.#consumer.on(REBALANCING, () => this.#wake());
    this.#consumer.on(CRASH, () => this.#end());
    this.#consumer.on(STOP, () => this.#end());
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topics: [TOPICS.control], fromBeginning: true });
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: (payload) => this.#observe(payload),
    });
  }

  /** True when this member is to lead; false when `signal` aborts first. */
  async assigned(signal: AbortSignal): Promise<boolean> {
    const ends = AbortSignal.any([signal, this.#ended.signal]);
    await this.#until(() => this.#isAssigned || ends.aborted, ends);
    if (this.#ended.signal.aborted && !signal.aborted)
      throw new PortError('unavailable', 'the membership of the relays was lost');
    return this.#isAssigned && !signal.aborted;
  }

  async claim(): Promise<PublisherTurn> {
    this.#producer = new LedgerProducer(this.kafka);
    await this.#producer.connect();
    const epoch = await this.#producer.sendControl(claimText());
    this.#epoch = epoch;
    const { signal } = this.#ended;
    await this.#until(() => this.#read > epoch || signal.aborted, signal);
    if (signal.aborted) throw new PortError('unavailable', 'the lead was lost at once');
    this.#offsets = new Map(this.#mark?.offsets);
    return {
      mark: this.#mark,
      ended: signal,
      publish: (page) => this.#publish(page),
      resign: () => this.leave(),
    };
  }

  async leave(): Promise<void> {
    this.#end();
    await this.#consumer.disconnect().catch(() => undefined);
    const producer = this.#producer;
    this.#producer = undefined;
    await producer?.disconnect().catch(() => undefined);
  }

  async #publish({ messages, position, recordedAt }: Parameters<PublisherTurn['publish']>[0]): Promise<void> {
    const producer = this.#producer;
    if (producer === undefined || this.#ended.signal.aborted)
      throw new PortError('unavailable', 'this publisher does not lead any more');
    try {
      await producer.sendEvents(messages, this.#offsets);
      this.#mark = { position, recordedAt, offsets: new Map(this.#offsets) };
      await this.#sendMark();
    } catch (error) {
      // The producer counts on from what it believes was sent: only a new one, in a new turn, is safe.
      this.#end();
      throw kafkaError(error, 'publishing');
    }
  }

  async #sendMark(): Promise<void> {
    if (this.#mark === undefined || this.#epoch === undefined) return;
    await this.#producer?.sendControl(markText(this.#mark, this.#epoch));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => void this.#sendMark().catch(() => this.#end()),
      KAFKA_LIMITS.markMilliseconds,
    ).unref();
  }

  /** Reads what relays say; the group's own offset follows the last mark, so that the next leader has a short tail to read. */
  async #observe({ batch, resolveOffset, heartbeat, isRunning, isStale }: EachBatchPayload): Promise<void> {
    for (const { offset, value } of batch.messages) {
      if (!isRunning() || isStale()) return;
      const at = BigInt(offset);
      const message = readMessage(value);
      if (message.kind === 'claim') {
        this.#latestClaim = at;
        if (this.#epoch !== undefined && at > this.#epoch) this.#end();
      }
      if (message.kind === 'mark' && message.epoch >= this.#latestClaim) {
        if (this.#epoch === undefined || at < this.#epoch) this.#mark = message.mark;
        await this.#commit(at);
      }
      this.#read = at + 1n;
      resolveOffset(offset);
    }
    await heartbeat();
    this.#wake();
  }

  #committedAt = 0;

  async #commit(offset: bigint): Promise<void> {
    const now = performance.now();
    if (this.#epoch === undefined || now - this.#committedAt < KAFKA_LIMITS.commitMilliseconds) return;
    this.#committedAt = now;
    await this.#consumer
      .commitOffsets([{ topic: TOPICS.control, partition: 0, offset: String(offset) }])
      .catch(() => undefined);
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#ended.abort('the turn is over');
    this.#wake();
  }

  async #until(isSo: () => boolean, signal: AbortSignal): Promise<void> {
    while (!isSo())
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
  }
}
