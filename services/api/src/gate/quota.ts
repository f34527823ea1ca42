import { createHash } from 'node:crypto';
import { TokenBuckets } from './bucket.js';

/** Who asks, as far as it can be told before anything is verified. */
export interface AskedBy {
  readonly address: string;
  /** The value of `Authorization`. */
  readonly credentials: string | undefined;
}

/**
 * A caller's own quota: so many requests a second, and as many saved up. Credentials count for a caller only after they
 * were found good, and until then the address does: whoever makes some up gains nothing by it.
 */
export class CallerQuota {
  /** By address, or by the hash of good credentials. */
  readonly #buckets: TokenBuckets;

  constructor({ perSecond, callers }: { readonly perSecond: number; readonly callers: number }) {
    this.#buckets = new TokenBuckets({ perSecond, remembered: callers });
  }

  /** Takes one. False when the caller has used up its own. */
  take({ address, credentials }: AskedBy, now: number): boolean {
    const hash = credentials === undefined ? undefined : hashOf(credentials);
    const caller = hash !== undefined && this.#buckets.has(hash) ? hash : address;
    return this.#buckets.of(caller, now).take(now);
  }

  /** The credentials are good: from now on they have a quota of their own. */
  verified(credentials: string, now: number): void {
    const hash = hashOf(credentials);
    if (!this.#buckets.has(hash)) this.#buckets.of(hash, now);
  }
}

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64');
