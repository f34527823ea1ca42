import { setTimeout as sleep } from 'node:timers/promises';
import { type BusLineage, type BusMark, PortError, type PublisherTurn } from '@stamp-ledger/ports';
import type { Kafka } from 'kafkajs';
import { claimText, markText } from './cloud-events.js';
import { endsOf, isWithin } from './ends.js';
import { kafkaError } from './errors.js';
import { KAFKA_LIMITS } from './limits.js';
import { LedgerProducer } from './producer.js';

type Page = Parameters<PublisherTurn['publish']>[0];

/** What a relay sends while it leads, by a producer of its own, one request after another. */
export class Turn {
  readonly #producer: LedgerProducer;
  #epoch = -1n;
  #mark: BusMark | undefined;
  #lineage: BusLineage | undefined;
  /** Milliseconds before the mark is said again. */
  #pause: number = KAFKA_LIMITS.markMilliseconds;
  #timer: NodeJS.Timeout | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly kafka: Kafka,
    private readonly ended: AbortSignal,
    private readonly onFailure: (error: PortError) => void,
  ) {
    this.#producer = new LedgerProducer(kafka);
  }

  /** Says that this relay leads from now on; answers the epoch that begins with it. */
  async claim(): Promise<bigint> {
    await this.#producer.connect();
    this.#epoch = await this.#producer.sendControl(claimText());
    return this.#epoch;
  }

  /** Goes on after the last mark, and says it again: retention must never remove the only one. */
  async begin({
    mark,
    lineage,
  }: {
    readonly mark: BusMark | undefined;
    readonly lineage: BusLineage;
  }): Promise<void> {
    this.#mark = mark;
    this.#lineage = lineage;
    this.#pause = KAFKA_LIMITS.markMilliseconds;
    await this.#alone(() => this.#sendMark());
    void this.#watchForLoss();
  }

  publish({ messages, position, recordedAt }: Page): Promise<void> {
    return this.#alone(async () => {
      const offsets = new Map(this.#mark?.offsets);
      await this.#producer.sendEvents(messages, offsets);
      this.#mark = { position, recordedAt, offsets };
      this.#pause = KAFKA_LIMITS.markMilliseconds;
      await this.#sendMark();
    });
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#producer.disconnect();
  }

  async #sendMark(): Promise<void> {
    if (this.#mark === undefined || this.#lineage === undefined) return;
    // Whoever goes back to a mark need not read all those before it.
    const mark = { ...this.#mark, offsets: this.#producer.withControl(this.#mark.offsets) };
    await this.#producer.sendControl(markText(mark, { epoch: this.#epoch, lineage: this.#lineage }));
    clearTimeout(this.#timer);
    if (this.ended.aborted) return;
    // A failure ends the turn and is told there.
    const again = (): void => void this.#alone(() => this.#sendMark()).catch(() => undefined);
    this.#timer = setTimeout(again, this.#pause).unref();
    this.#pause = Math.min(this.#pause * 2, KAFKA_LIMITS.markMillisecondsMax);
  }

  /**
   * A loss shows when the next message takes a place that was taken before. For a partition to which none comes it is
   * looked for: readers would wait for what is lost until one did.
   */
  async #watchForLoss(): Promise<void> {
    const wait = { signal: this.ended, ref: false };
    for (;;) {
      await sleep(KAFKA_LIMITS.lossMilliseconds, undefined, wait).catch(() => undefined);
      if (this.ended.aborted) return;
      const promised = this.#producer.withControl(this.#mark?.offsets ?? new Map());
      // Kafka that does not answer is noticed elsewhere.
      const ends = await endsOf(this.kafka).catch(() => undefined);
      if (ends !== undefined && !isWithin(promised, ends))
        this.onFailure(new PortError('unavailable', 'Kafka has lost messages that it had taken'));
    }
  }

  /** Does work after what is under way. The producer counts on from what it believes was sent: a failure ends the turn. */
  #alone(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(async () => {
      if (this.ended.aborted) throw new PortError('unavailable', 'this publisher does not lead any more');
      try {
        await work();
      } catch (error) {
        const failure = kafkaError(error, 'publishing');
        this.onFailure(failure);
        throw failure;
      }
    });
    this.#last = done.catch(() => undefined);
    return done;
  }
}
