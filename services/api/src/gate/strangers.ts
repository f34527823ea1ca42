import { TokenBucket, TokenBuckets } from './bucket.js';

/**
 * Requests for what only good credentials give, from those who have not shown any: they may try for them outside of the
 * places that the work has, and only so often. Without that a crowd that holds no token at all would fill the queues of
 * those who do. Whoever can be seen to have none has one budget together with all the others; credentials that have to
 * be verified, which is dear, have one by address, and cost nothing of it when they prove good.
 */
export class Strangers {
  readonly #hopeless: TokenBucket;
  readonly #byAddress: TokenBuckets;

  constructor(
    { perSecond, remembered }: { readonly perSecond: number; readonly remembered: number },
    now: number,
  ) {
    this.#hopeless = new TokenBucket(() => perSecond, now);
    this.#byAddress = new TokenBuckets({ perSecond, remembered });
  }

  mayTry(
    { isHopeless, address }: { readonly isHopeless: boolean; readonly address: string },
    now: number,
  ): boolean {
    return (isHopeless ? this.#hopeless : this.#byAddress.of(address, now)).take(now);
  }

  foundGood(address: string, now: number): void {
    this.#byAddress.of(address, now).giveBack();
  }
}
