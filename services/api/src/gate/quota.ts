interface Bucket {
  tokens: number;
  at: number;
}

/** A caller's own quota: so many requests a second, and as many saved up (token bucket). */
export class CallerQuota {
  /** In the order of their last use. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(private readonly terms: { readonly perSecond: number; readonly callers: number }) {}

  /** Takes one. False when the caller has used up its own. */
  take(caller: string, now: number): boolean {
    const { perSecond, callers } = this.terms;
    const bucket = this.#buckets.get(caller) ?? { tokens: perSecond, at: now };
    bucket.tokens = Math.min(perSecond, bucket.tokens + ((now - bucket.at) * perSecond) / 1_000);
    bucket.at = now;
    this.#buckets.delete(caller);
    this.#buckets.set(caller, bucket);
    if (this.#buckets.size > callers) this.#forgetOldest();
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  #forgetOldest(): void {
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
