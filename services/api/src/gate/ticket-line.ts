import type { HttpLimits } from '../limits.js';
import { TokenBuckets } from './bucket.js';
import { Pacing } from './pacing.js';

interface Waiting<Item> {
  readonly item: Item;
  readonly due: number;
}

/**
 * Tickets cost time that orders need: they are given at a rate, and whoever comes beyond it waits for its turn, in the order
 * of arrival. Everybody has a few of its own, however many another asks for. Time is given, in milliseconds of one monotonic
 * clock.
 */
export class TicketLine<Item> {
  readonly #all: Pacing;
  readonly #ofOne: TokenBuckets;
  #waiting: Waiting<Item>[] = [];

  constructor(
    private readonly limits: HttpLimits,
    perSecond: () => number,
  ) {
    this.#all = new Pacing({
      perSecond,
      burst: limits.gateTicketsPerSecond,
      mostMilliseconds: limits.gateTicketMilliseconds,
    });
    this.#ofOne = new TokenBuckets({
      perSecond: limits.gateTicketsPerCaller,
      remembered: limits.gateCallers,
    });
  }

  /** Who waits. */
  get size(): number {
    return this.#waiting.length;
  }

  /** When a caller may take one, `now` or later; takes the turn, unless too many wait or it would come after `deadline`. */
  turn(
    caller: string,
    { now, deadline }: { readonly now: number; readonly deadline: number },
  ): number | 'full' | 'late' {
    if (this.#ofOne.of(caller, now).take(now)) return now;
    if (this.size >= this.limits.gateTicketsWaiting || this.#all.isFull(now)) return 'full';
    return this.#all.next(now) >= deadline ? 'late' : this.#all.turn(now);
  }

  wait(item: Item, due: number): void {
    this.#waiting.push({ item, due });
  }

  /** Those whose turn it is; they wait no more. */
  next(until: number): Item[] {
    const first = this.#waiting.findIndex(({ due }) => due > until);
    return this.#first(first < 0 ? this.#waiting.length : first);
  }

  /** Those that have waited longest, before their turn; they wait no more, and nobody who comes waits for their turns. */
  early(count: number, now: number): Item[] {
    const early = this.#first(count);
    if (this.size === 0) this.#all.forget(now);
    return early;
  }

  #first(count: number): Item[] {
    return this.#waiting.splice(0, count).map(({ item }) => item);
  }
}
