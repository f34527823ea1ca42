import { setTimeout } from 'node:timers/promises';
import { type BusConsumer, type Delivery, type Partition, PortError, type Taken } from '@stamp-ledger/ports';
import { KAFKA_LIMITS } from './limits.js';

type Take = Parameters<BusConsumer['consume']>[0]['take'];

/** `dropped`: not taken; what of it still belongs to this member is fetched again. */
export type Answer = Exclude<Taken, { readonly kind: 'unfinished' }> | { readonly kind: 'dropped' };

/** A partition's way back to Kafka while its messages are in hand. */
export interface Hold {
  /** Rejects when the group wants this member to join again. */
  readonly heartbeat: () => Promise<void>;
  /** Whether messages in hand are still the ones to go on with. */
  readonly isUsable: () => boolean;
}

interface Offer extends Hold {
  readonly delivery: Delivery;
  readonly answer: (answer: Answer) => void;
  readonly refuse: (error: unknown) => void;
}

const DROPPED: Answer = { kind: 'dropped' };

/**
 * Puts together what the partitions offer while takes before are under way, so that one transaction serves many of them: no
 * timer, the busier the larger. Takes that are under way together are of different partitions: one that came back to this
 * member may offer while what it offered before is still being taken.
 */
export class Merger {
  readonly #waiting: Offer[] = [];
  readonly #runs = new Set<Promise<void>>();
  /** Of the runs, those that will look at what waits once more. */
  #looking = 0;
  /** The partitions of the takes under way. */
  readonly #inHand = new Set<Partition>();

  constructor(
    private readonly take: Take,
    /** When it aborts, everything is dropped. */
    private readonly over: AbortSignal,
    /** Hears of what can never be taken. */
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** Resolves with what became of the delivery; rejects with the error of a heartbeat. */
  offer(delivery: Delivery, hold: Hold): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ delivery, ...hold, answer: resolve, refuse: reject });
      if (this.#looking >= KAFKA_LIMITS.takesAtOnce) return;
      this.#looking += 1;
      const run = this.#takeAll().finally(() => this.#runs.delete(run));
      this.#runs.add(run);
    });
  }

  /** Resolves when the takes under way, if any, are over. After `over` has aborted no other begins. */
  async finished(): Promise<void> {
    await Promise.all(this.#runs);
  }

  async #takeAll(): Promise<void> {
    for (;;) {
      // Batches of one fetch come in one turn of the event loop: let them all arrive.
      await setTimeout(0);
      const offers = this.#next();
      if (offers.length === 0) break;
      try {
        const answer = await this.#answerTo(offers);
        for (const offer of offers) offer.answer(answer);
      } catch (error) {
        for (const offer of offers) offer.refuse(error);
      }
      for (const { delivery } of offers) this.#inHand.delete(delivery.partition);
    }
    // In the same turn as the last look: what is offered from now on needs another run.
    this.#looking -= 1;
  }

  /**
   * As much of what waits as may be taken at once; lets go of what is of no use any more. Nothing means that what waits, if
   * anything does, is for the runs that have its partitions in hand.
   */
  #next(): readonly Offer[] {
    const offers: Offer[] = [];
    let messages = 0;
    let isFull = false;
    for (const offer of this.#waiting.splice(0)) {
      if (!this.#isUsable(offer)) {
        offer.answer(DROPPED);
        continue;
      }
      const { partition } = offer.delivery;
      const size = offer.delivery.messages.length;
      const isHeld = this.#inHand.has(partition);
      if (!isHeld) isFull ||= offers.length > 0 && messages + size > KAFKA_LIMITS.takenMessages;
      if (isHeld || isFull) {
        this.#waiting.push(offer);
        continue;
      }
      messages += size;
      this.#inHand.add(partition);
      offers.push(offer);
    }
    return offers;
  }

  readonly #isUsable = ({ isUsable }: Hold): boolean => !this.over.aborted && isUsable();

  /** Offers again what could not be taken for a passing reason, and stays a member of the group meanwhile. */
  async #answerTo(offers: readonly Offer[]): Promise<Answer> {
    const deliveries = offers.map(({ delivery }) => delivery);
    const isWorthWaiting = deliveries.some(({ first, next }) => next > first);
    const endFromNow = (): number =>
      performance.now() + (isWorthWaiting ? KAFKA_LIMITS.takeMillisecondsMax : 0);
    let end = endFromNow();
    let pause: number = KAFKA_LIMITS.takeRetryMilliseconds;
    while (offers.every(this.#isUsable)) {
      try {
        const taken = await this.take(deliveries);
        if (taken.kind !== 'unfinished') return taken;
        end = endFromNow();
        pause = KAFKA_LIMITS.takeRetryMilliseconds;
        await this.#stay(offers);
        continue;
      } catch (error) {
        if (!(error instanceof PortError) || error.kind === 'corrupt') {
          this.onFailure(error);
          return DROPPED;
        }
      }
      if (performance.now() >= end) break;
      await setTimeout(pause, undefined, { signal: this.over }).catch(() => undefined);
      pause = Math.min(pause * 2, KAFKA_LIMITS.takeRetryMillisecondsMax);
      await this.#stay(offers);
    }
    return DROPPED;
  }

  /** Rejects when the group wants those in hand to join again; those that wait will hear of it when it is their turn. */
  async #stay(offers: readonly Offer[]): Promise<void> {
    await Promise.all(this.#waiting.map(({ heartbeat }) => heartbeat().catch(() => undefined)));
    await Promise.all(offers.map(({ heartbeat }) => heartbeat()));
  }
}
