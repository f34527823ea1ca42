import { type KeptOut, LIMITS, type OrderIntake } from '@stamp-ledger/ports';
import { CommitMeter } from '../commit-meter.js';

/** While more than this part of what was thought possible is done, more may come as soon as more is let in. */
const NEARLY_ALL = 0.8;
const MORE = 1.25;
const LESS = 0.9;
/** Commits that take so many times as long as they do when they are quick are a sign of too much. */
const SLOWED = 3;
/** By how much a look takes the quickest commits to be slower than before, so that a changed store is found out. */
const FORGETS = 1.02;

/**
 * Orders on their way through this process, and what it can take of them. What gets done never says that no more can be:
 * it may be all that came. So less is thought possible only when commits become slow, orders pile up behind them, or some
 * were turned away for want of room all the while: then what was done is all that could be. It is more while nearly all of
 * it is done without that. Otherwise it stays: before an opening, and while few come.
 */
export class OrderFlow implements OrderIntake {
  readonly #commits = new CommitMeter();
  #done = 0;
  #came = 0;
  #underWay = 0;
  #keptOut: () => KeptOut = () => 'nobody';
  /** At the last look already: a moment without room is a hiccup. */
  #wasKeptOut = false;
  #perSecond: number = LIMITS.firstOrdersPerSecond;
  #lookedAt: number;
  #quickMilliseconds = Number.POSITIVE_INFINITY;

  constructor(private readonly monotonicMilliseconds: () => number) {
    this.#lookedAt = monotonicMilliseconds();
  }

  async run<Result extends { readonly kind: string; readonly changed?: boolean }>(
    place: () => Promise<Result>,
    { hasTicket }: { readonly hasTicket: boolean },
  ): Promise<Result> {
    this.#underWay++;
    try {
      const result = await place();
      // What is refused costs the store nothing, however many are.
      if (result.kind === 'done' && result.changed === true) {
        this.#done++;
        if (hasTicket) this.#came++;
      }
      return result;
    } finally {
      this.#underWay--;
    }
  }

  /** A command, of whatever kind, became durable after so long. */
  committed(milliseconds: number): void {
    this.#commits.record(milliseconds);
  }

  /** Who stands before this process and keeps orders out of it for want of room, so that they do not pile up within. */
  behind(keptOut: () => KeptOut): void {
    this.#keptOut = keptOut;
  }

  isPressed(): boolean {
    return this.#isPilingUp() || this.#keptOut() !== 'nobody';
  }

  isPressedByLine(): boolean {
    return this.#isPilingUp() || this.#keptOut() === 'everybody';
  }

  came(): number {
    return this.#came;
  }

  capacity(): number {
    const now = this.monotonicMilliseconds();
    const milliseconds = now - this.#lookedAt;
    if (milliseconds < LIMITS.orderFlowMilliseconds) return this.#perSecond;
    const done = (this.#done * 1_000) / milliseconds;
    this.#lookedAt = now;
    this.#done = 0;
    const isUsed = done > this.#perSecond * NEARLY_ALL;
    const isKeptOut = this.#keptOut() !== 'nobody';
    const isFull = isKeptOut && this.#wasKeptOut;
    this.#wasKeptOut = isKeptOut;
    if ((this.#isSlow() && isUsed) || this.#isPilingUp())
      this.#perSecond = Math.max(LIMITS.leastOrdersPerSecond, LESS * Math.max(this.#perSecond, done));
    else if (isFull) this.#perSecond = Math.max(LIMITS.leastOrdersPerSecond, LESS * this.#perSecond, done);
    else if (isUsed) this.#perSecond = Math.max(MORE * this.#perSecond, done);
    return this.#perSecond;
  }

  #isPilingUp(): boolean {
    return this.#underWay > LIMITS.pressingOrders;
  }

  /** Whether the commits since the last look were slow, for a store that may never be quick. */
  #isSlow(): boolean {
    const { count, p90Milliseconds } = this.#commits.take();
    if (count === 0) return false;
    this.#quickMilliseconds = Math.min(this.#quickMilliseconds * FORGETS, p90Milliseconds);
    return p90Milliseconds > Math.max(LIMITS.slowCommitMilliseconds, this.#quickMilliseconds * SLOWED);
  }
}
