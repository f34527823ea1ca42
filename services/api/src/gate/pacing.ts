/**
 * Refusing costs something too. Up to a rate refusals leave at once; beyond it each waits for its turn, so that clients
 * which come back without a pause cannot take the time that the work needs.
 */
export class Pacing {
  #next = 0;

  constructor(private readonly terms: { readonly perSecond: number; readonly burst: number }) {}

  /** When the next refusal may leave; `now` or later. Takes the turn. */
  turn(now: number): number {
    const step = 1_000 / this.terms.perSecond;
    this.#next = Math.max(this.#next + step, now - this.terms.burst * step);
    return Math.max(now, this.#next);
  }
}
