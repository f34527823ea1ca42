/** What the ledger can make durable, as far as it was seen. */
export interface Capacity {
  /** Commands a second. While nobody had to wait, at least what was asked for; 0 before any command. */
  readonly durablePerSecond: number;
  /** Whether commands had to wait or were refused within the last seconds. */
  readonly saturated: boolean;
}

/** Weight of the latest second in the average. */
const WEIGHT = 0.3;
const SATURATED_MILLISECONDS = 2_000;
/** What a quiet second takes off an estimate that nothing confirms any more, so that an old one fades within minutes. */
const FADING = 0.995;
const WINDOW_MILLISECONDS = 1_000;

/** Learns the capacity: when commands wait, what becomes durable is all that can; otherwise it is only all that was asked for. */
export class CapacityEstimate {
  #perSecond = 0;
  #count = 0;
  #since: number | undefined;
  #wasFull = false;
  #saturatedUntil = Number.NEGATIVE_INFINITY;

  observe({
    count,
    wasFull,
    now,
  }: {
    readonly count: number;
    readonly wasFull: boolean;
    readonly now: number;
  }): void {
    this.#since ??= now;
    this.#count += count;
    if (wasFull) {
      this.#wasFull = true;
      this.#saturatedUntil = now + SATURATED_MILLISECONDS;
    }
    const milliseconds = now - this.#since;
    if (milliseconds < WINDOW_MILLISECONDS) return;
    const seen = (this.#count * 1_000) / milliseconds;
    if (this.#wasFull && this.#perSecond > 0) this.#perSecond += WEIGHT * (seen - this.#perSecond);
    else this.#perSecond = Math.max(seen, this.#perSecond * FADING);
    this.#count = 0;
    this.#wasFull = false;
    this.#since = now;
  }

  at(now: number): Capacity {
    return { durablePerSecond: this.#perSecond, saturated: now < this.#saturatedUntil };
  }
}
