import { queueKey } from './queue-key.js';

type Queue = Parameters<typeof queueKey>[0];

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

/** Orders fulfilled lately, by queue, for honest estimates. */
export class FulfilmentRates {
  readonly #meters = new Map<string, RateMeter>();

  constructor(private readonly monotonicMilliseconds: () => number) {}

  add(queue: Queue): void {
    const key = queueKey(queue);
    const meter = this.#meters.get(key) ?? new RateMeter(this.monotonicMilliseconds);
    this.#meters.set(key, meter);
    meter.add(1);
  }

  perSecond(queue: Queue): number {
    return this.#meters.get(queueKey(queue))?.perSecond() ?? 0;
  }
}
