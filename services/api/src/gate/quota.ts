import { createHash } from 'node:crypto';

interface Bucket {
  tokens: number;
  at: number;
}

/** Who asks, as far as it can be told before anything is verified. */
export interface AskedBy {
  readonly address: string;
  /** The value of `Authorization`. */
  readonly credentials: string | undefined;
}

/**
 * A caller's own quota: so many requests a second, and as many saved up (token bucket). Credentials count for a caller
 * only after they were found good, and until then the address does: whoever makes some up gains nothing by it.
 */
export class CallerQuota {
  /** By address, or by the hash of good credentials; in the order of their last use. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(private readonly terms: { readonly perSecond: number; readonly callers: number }) {}

  /** Takes one. False when the caller has used up its own. */
  take({ address, credentials }: AskedBy, now: number): boolean {
    const { perSecond } = this.terms;
    const hash = credentials === undefined ? undefined : hashOf(credentials);
    const caller = hash !== undefined && this.#buckets.has(hash) ? hash : address;
    const bucket = this.#buckets.get(caller) ?? { tokens: perSecond, at: now };
    bucket.tokens = Math.min(perSecond, bucket.tokens + ((now - bucket.at) * perSecond) / 1_000);
    bucket.at = now;
    this.#keep(caller, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  /** The credentials are good: from now on they have a quota of their own. */
  verified(credentials: string, now: number): void {
    const hash = hashOf(credentials);
    if (!this.#buckets.has(hash)) this.#keep(hash, { tokens: this.terms.perSecond, at: now });
  }

  #keep(caller: string, bucket: Bucket): void {
    this.#buckets.delete(caller);
    this.#buckets.set(caller, bucket);
    if (this.#buckets.size <= this.terms.callers) return;
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}

const hashOf = (credentials: string): string => createHash('sha256').update(credentials).digest('base64');
