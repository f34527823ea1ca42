import { Latest } from '../latest.js';

/** So many tokens a second, and as many saved up (token bucket). Time is given, in milliseconds of one monotonic clock. */
export class TokenBucket {
  #tokens: number;
  #at: number;

  constructor(
    private readonly perSecond: () => number,
    now: number,
  ) {
    this.#tokens = perSecond();
    this.#at = now;
  }

  /** Takes one. False when there is none. */
  take(now: number): boolean {
    const perSecond = this.perSecond();
    this.#tokens = Math.min(perSecond, this.#tokens + ((now - this.#at) * perSecond) / 1_000);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  giveBack(): void {
    this.#tokens += 1;
  }
}

/** A bucket for each of many, of whom those that came last are remembered. */
export class TokenBuckets {
  readonly #buckets: Latest<string, TokenBucket>;

  constructor(private readonly terms: { readonly perSecond: number; readonly remembered: number }) {
    this.#buckets = new Latest(terms.remembered);
  }

  has(name: string): boolean {
    return this.#buckets.has(name);
  }

  of(name: string, now: number): TokenBucket {
    const bucket = this.#buckets.get(name) ?? new TokenBucket(() => this.terms.perSecond, now);
    this.#buckets.set(name, bucket);
    return bucket;
  }
}
