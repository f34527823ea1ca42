import { randomUUID } from 'node:crypto';
import {
  type BusLineage,
  type BusMark,
  type LineageId,
  type Partition,
  PortError,
  type PublisherTurn,
} from '@stamp-ledger/ports';
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { readMessage } from './cloud-events.js';
import { endsOf, isWithin } from './ends.js';
import { Epochs } from './epochs.js';
import { kafkaError } from './errors.js';
import { ending, MEMBER_RETRY, TOPICS } from './kafka-client.js';
import { KAFKA_LIMITS } from './limits.js';
import { Turn } from './turn.js';

const GROUP = 'ledger-relay';

interface Marked {
  readonly mark: BusMark;
  readonly lineage: BusLineage;
}

interface Search {
  readonly ends: ReadonlyMap<Partition, bigint>;
  found: Marked | undefined;
}

/** One membership in the group of the relays: standing by, then at most one turn. Whatever fails ends it for good. */
export class Membership {
  readonly #consumer: Consumer;
  readonly #ended = new AbortController();
  readonly #epochs = new Epochs();
  #turn: Turn | undefined;
  #isAssigned = false;
  #silence: NodeJS.Timeout | undefined;
  #isTold = false;
  #wake: () => void = () => {};
  /** Offset behind the last record of the control topic that was read. */
  #read = 0n;
  /** The last mark of others, and its lineage. */
  #last: Marked | undefined;
  /** Once the last one was found to promise more than there is: the ends of the partitions, and the last mark within them. */
  #search: Search | undefined;
  #epoch: bigint | undefined;
  #committedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly kafka: Kafka,
    private readonly told: {
      readonly onError: ((error: PortError) => void) | undefined;
      /** Called each time that the group has taken this member in while another leads. */
      readonly onStandBy: (() => void) | undefined;
      /** Called each time that the group or a fetch is answered. */
      readonly onAlive: (() => void) | undefined;
    },
  ) {
    this.#consumer = kafka.consumer({
      groupId: GROUP,
      sessionTimeout: KAFKA_LIMITS.relaySessionMilliseconds,
      rebalanceTimeout: KAFKA_LIMITS.relayRebalanceMilliseconds,
      heartbeatInterval: KAFKA_LIMITS.heartbeatMilliseconds,
      maxWaitTimeInMs: KAFKA_LIMITS.fetchWaitMilliseconds,
      maxBytesPerPartition: KAFKA_LIMITS.fetchBytesPerPartition,
      maxBytes: KAFKA_LIMITS.fetchBytes,
      metadataMaxAge: KAFKA_LIMITS.metadataMilliseconds,
      allowAutoTopicCreation: false,
      // Whoever fails begins again from the outside, as a new member.
      retry: { ...MEMBER_RETRY, restartOnFailure: async () => false },
    });
  }

  /** Waits to be the one that leads, and takes the lead. */
  async lead(): Promise<PublisherTurn> {
    try {
      await this.#join();
      await this.#until(() => this.#isAssigned);
      const turn = new Turn(this.kafka, this.#ended.signal, (error) => this.#fail(error));
      this.#turn = turn;
      const epoch = await turn.claim();
      this.#epoch = epoch;
      await this.#soon(this.#until(() => this.#read > epoch));
      const { mark, lineage } = await this.#foundOn(epoch);
      await turn.begin({ mark, lineage });
      this.#refuseIfEnded();
      return {
        mark,
        ended: this.#ended.signal,
        publish: (page) => turn.publish(page),
        resign: () => this.leave(),
      };
    } catch (error) {
      // Again, when it was left while it was joining: only now does kafkajs have something to leave.
      await this.leave();
      throw error;
    }
  }

  /**
   * What the turn goes on from: the last mark whose offsets the partitions still have. For that the control topic is read
   * from its beginning when the very last one promises more than there is.
   */
  async #foundOn(
    epoch: bigint,
  ): Promise<{ readonly mark: BusMark | undefined; readonly lineage: BusLineage }> {
    const last = this.#last;
    const kept = last && (await this.#lastWithinEnds(last, epoch));
    const before = last === undefined ? [] : [last.lineage.id, ...last.lineage.ancestors];
    return {
      mark: kept?.mark,
      lineage: {
        id: randomUUID() as string as LineageId,
        ancestors: before.slice(0, KAFKA_LIMITS.ancestors),
        start: kept?.mark.offsets ?? new Map(),
        ...(kept && { from: { position: kept.mark.position, recordedAt: kept.mark.recordedAt } }),
      },
    };
  }

  async #lastWithinEnds(last: Marked, epoch: bigint): Promise<Marked | undefined> {
    const ends = await endsOf(this.kafka);
    if (isWithin(last.mark.offsets, ends)) return last;
    const search: Search = { ends, found: undefined };
    this.#search = search;
    this.#read = 0n;
    this.#consumer.seek({ topic: TOPICS.control, partition: 0, offset: '0' });
    await this.#soon(this.#until(() => this.#read > epoch));
    return search.found;
  }

  /** Ends the turn, if it has one, and lets another have it. */
  async leave(): Promise<void> {
    this.#isTold = true;
    this.#end('the lead was given up');
    await Promise.all([ending(this.#consumer.disconnect()), this.#turn?.close()]);
  }

  /** Kafka answered: for so long it is not taken for gone. */
  #alive(): void {
    this.told.onAlive?.();
    clearTimeout(this.#silence);
    if (this.#ended.signal.aborted) return;
    const gone = (): void => this.#fail(new PortError('unavailable', 'Kafka has been silent for too long'));
    this.#silence = setTimeout(gone, KAFKA_LIMITS.silenceMilliseconds).unref();
  }

  async #join(): Promise<void> {
    const consumer = this.#consumer;
    const { GROUP_JOIN, HEARTBEAT, FETCH, CRASH, STOP } = consumer.events;
    consumer.on(HEARTBEAT, () => this.#alive());
    consumer.on(FETCH, () => this.#alive());
    consumer.on(GROUP_JOIN, ({ payload }) => this.#assign(payload.memberAssignment[TOPICS.control]));
    consumer.on(CRASH, ({ payload }) =>
      this.#fail(kafkaError(payload.error, 'the membership of the relays')),
    );
    consumer.on(STOP, () => this.#end('the membership of the relays ended'));
    await consumer.connect();
    this.#refuseIfEnded();
    await consumer.subscribe({ topics: [TOPICS.control], fromBeginning: true });
    this.#refuseIfEnded();
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: (payload) => this.#observe(payload),
    });
    this.#refuseIfEnded();
  }

  #assign(partitions: readonly number[] | undefined): void {
    this.#alive();
    const was = this.#isAssigned;
    this.#isAssigned = partitions !== undefined && partitions.length > 0;
    if (was && !this.#isAssigned)
      this.#fail(new PortError('unavailable', 'another relay was given the lead'));
    else if (!this.#isAssigned) this.told.onStandBy?.();
    this.#wake();
  }

  /** Reads what relays say; the group's own offset follows the last mark, so that the next leader has a short tail to read. */
  async #observe({ batch, resolveOffset, heartbeat, isRunning, isStale }: EachBatchPayload): Promise<void> {
    for (const { offset, value } of batch.messages) {
      if (!isRunning() || isStale()) return;
      const at = BigInt(offset);
      const message = readMessage(value);
      const isCurrent = this.#epochs.isCurrent(at, message);
      if (message.kind === 'claim' && this.#epoch !== undefined && at > this.#epoch)
        this.#fail(new PortError('unavailable', 'another relay took the lead'));
      const isMark = message.kind === 'mark' && isCurrent;
      // From the claim on, this relay knows better than what it reads.
      if (isMark && (this.#epoch === undefined || at < this.#epoch)) this.#note(message);
      this.#read = at + 1n;
      resolveOffset(offset);
      if (isMark) await this.#commit(at);
    }
    this.#wake();
    await heartbeat();
  }

  #note(marked: Marked): void {
    if (this.#search === undefined) {
      this.#last = marked;
      return;
    }
    const { ends, found } = this.#search;
    // What a lineage found lost may have come to be there again since, but not as it was.
    if (found?.lineage.id !== marked.lineage.id && !isWithin(found?.mark.offsets, marked.lineage.start))
      this.#search.found = undefined;
    if (isWithin(marked.mark.offsets, ends)) this.#search.found = marked;
  }

  async #commit(offset: bigint): Promise<void> {
    const now = performance.now();
    if (this.#epoch === undefined || now - this.#committedAt < KAFKA_LIMITS.commitMilliseconds) return;
    this.#committedAt = now;
    await this.#consumer
      .commitOffsets([{ topic: TOPICS.control, partition: 0, offset: String(offset) }])
      .catch(() => undefined);
  }

  /** Ends the turn for a reason that is told, once, unless it was given up. */
  #fail(error: PortError): void {
    if (!this.#isTold) this.told.onError?.(error);
    this.#isTold = true;
    this.#end(error.message);
  }

  #end(why: string): void {
    clearTimeout(this.#silence);
    // The reason of the first is kept.
    this.#ended.abort(new PortError('unavailable', why));
    this.#wake();
  }

  #refuseIfEnded(): void {
    this.#ended.signal.throwIfAborted();
  }

  /** Standing by may last for ever; reading up to the own claim may not, while it keeps all others from the lead. */
  async #soon(work: Promise<void>): Promise<void> {
    const late = setTimeout(
      () => this.#fail(new PortError('timeout', 'the last mark could not be read in time')),
      KAFKA_LIMITS.claimMilliseconds,
    );
    try {
      await work;
    } finally {
      clearTimeout(late);
    }
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      this.#refuseIfEnded();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#refuseIfEnded();
  }
}
