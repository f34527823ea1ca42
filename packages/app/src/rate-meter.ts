const HALF_LIFE_MILLISECONDS = 10_000;
const DECAY = Math.LN2 / HALF_LIFE_MILLISECONDS;

/** How many things happen per second, recent ones counting most (exponential decay, half-life 10 s). */
export class RateMeter {
  #level = 0;
  #at: number;

  constructor(private readonly monotonicMilliseconds: () => number) {
    this.#at = monotonicMilliseconds();
  }

  add(count: number): void {
    this.#decay();
    this.#level += count * DECAY * 1000;
  }

  perSecond(): number {
    this.#decay();
    return this.#level;
  }

  #decay(): void {
    const now = this.monotonicMilliseconds();
    this.#level *= Math.exp(-DECAY * (now - this.#at));
    this.#at = now;
  }
}
