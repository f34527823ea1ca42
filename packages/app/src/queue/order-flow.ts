import { LIMITS, type OrderIntake } from '@stamp-ledger/ports';
import { RateMeter } from '../rate-meter.js';

/** While more than this part of what was thought possible is done and nothing piles up, more is possible. */
const NEARLY_ALL = 0.8;
const MORE = 1.05;
const LESS = 0.9;

/**
 * Orders on their way through this process, and what it can take of them: when they pile up, the rate at which they get
 * done is the most there is; while they do not, a little more is tried.
 */
export class OrderFlow implements OrderIntake {
  readonly #done: RateMeter;
  #underWay = 0;
  #isKeptOut: () => boolean = () => false;
  #perSecond: number = LIMITS.firstOrdersPerSecond;

  constructor(monotonicMilliseconds: () => number) {
    this.#done = new RateMeter(monotonicMilliseconds);
  }

  async run<Result>(place: () => Promise<Result>): Promise<Result> {
    this.#underWay++;
    try {
      const result = await place();
      this.#done.add(1);
      return result;
    } finally {
      this.#underWay--;
    }
  }

  /** Who stands before this process and keeps orders out of it, so that they do not pile up within. */
  behind(isKeptOut: () => boolean): void {
    this.#isKeptOut = isKeptOut;
  }

  isPressed(): boolean {
    return this.#underWay > LIMITS.pressingOrders || this.#isKeptOut();
  }

  capacity(): number {
    const done = this.#done.perSecond();
    if (this.isPressed())
      this.#perSecond = Math.max(LIMITS.leastOrdersPerSecond, done, this.#perSecond * LESS);
    else if (done > this.#perSecond * NEARLY_ALL) this.#perSecond *= MORE;
    return this.#perSecond;
  }
}
