/**
 * Refusing costs something too. Up to a rate refusals leave at once; beyond it each waits for its turn, so that clients
 * which come back without a pause cannot take the time that the work needs. None waits longer than `mostMilliseconds`, so
 * that a flood is forgotten as soon as its last refusals have left.
 */
export class Pacing {
  #next = 0;

  constructor(
    private readonly terms: {
      readonly perSecond: number;
      readonly burst: number;
      readonly mostMilliseconds: number;
    },
  ) {}

  /** When the next refusal may leave; `now` or later. Takes the turn. */
  turn(now: number): number {
    const { perSecond, burst, mostMilliseconds } = this.terms;
    const step = 1_000 / perSecond;
    this.#next = Math.min(now + mostMilliseconds, Math.max(this.#next + step, now - burst * step));
    return Math.max(now, this.#next);
  }
}
