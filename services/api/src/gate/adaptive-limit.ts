/** What the last moment showed. */
export interface Pressure {
  /** Milliseconds that nine in ten commits took at most; 0 when there was none. */
  readonly commitMilliseconds: number;
  /** Milliseconds that the event loop was late on average. */
  readonly loopMilliseconds: number;
  /** Whether the limit held anything back: without that, more room would tell nothing. */
  readonly wasFull: boolean;
}

export interface AdaptiveLimitTerms {
  readonly least: number;
  readonly most: number;
  /** Longest commit, and longest delay of the event loop, in milliseconds, that is still no sign of too much work. */
  readonly commitMilliseconds: number;
  readonly loopMilliseconds: number;
}

/** Share of the limit that is left after a sign of too much work. */
const DECREASE = 0.85;
/** Added when all is well and more was asked for. */
const INCREASE = 2;

/** How much may be in flight: additive increase while all is well, multiplicative decrease when it is not (AIMD). */
export class AdaptiveLimit {
  #value: number;

  constructor(private readonly terms: AdaptiveLimitTerms) {
    this.#value = Math.max(terms.least, terms.most / 2);
  }

  /** A whole number between the bounds. */
  get value(): number {
    return Math.floor(this.#value);
  }

  observe({ commitMilliseconds, loopMilliseconds, wasFull }: Pressure): void {
    const { least, most } = this.terms;
    const isTooMuch =
      commitMilliseconds > this.terms.commitMilliseconds || loopMilliseconds > this.terms.loopMilliseconds;
    if (isTooMuch) this.#value = Math.max(least, this.#value * DECREASE);
    else if (wasFull) this.#value = Math.min(most, this.#value + INCREASE);
  }
}
