/**
 * Refusing costs something too, and so does a ticket. Up to a rate they leave at once; beyond it each waits for its turn, so
 * that clients which come back without a pause cannot take the time that the work needs. None waits longer than
 * `mostMilliseconds`, so that a flood is forgotten as soon as its last ones have left.
 */
export class Pacing {
  #next = 0;

  constructor(
    private readonly terms: {
      readonly perSecond: () => number;
      readonly burst: number;
      readonly mostMilliseconds: number;
    },
  ) {}

  /** When the next one might leave; takes no turn. */
  next(now: number): number {
    const { perSecond, burst, mostMilliseconds } = this.terms;
    const step = 1_000 / perSecond();
    return Math.min(now + mostMilliseconds, Math.max(this.#next + step, now - burst * step));
  }

  /** Whether one more would have to wait for longer than any may. */
  isFull(now: number): boolean {
    return this.#next >= now + this.terms.mostMilliseconds;
  }

  /** Nobody waits any more: whoever comes next does not stand behind turns that were not used. */
  forget(now: number): void {
    this.#next = Math.min(this.#next, now);
  }

  /** When the next one may leave; `now` or later. Takes the turn. */
  turn(now: number): number {
    this.#next = this.next(now);
    return Math.max(now, this.#next);
  }
}
