import { LIMITS } from '@stamp-ledger/ports';

/** What one look at a waiting room shows. */
export interface Attendance {
  readonly now: number;
  /** Orders that came so far with a ticket that let them in. */
  readonly came: number;
  /** Orders a second that can be taken. */
  readonly capacity: number;
  /** Whether no other process told the room lately, so that every order that comes is seen here. */
  readonly isAlone: boolean;
  /** Whether somebody is kept waiting. */
  readonly isHeldBack: boolean;
  /** Whether those let in are more than can be taken. */
  readonly isPressedByLine: boolean;
}

/** While more than this part of what is possible comes, enough do. */
const ENOUGH = 0.8;
const AIM = 0.9;
/** By how much the factor may grow at one look; it takes some seconds until those let in have come. */
const GROWTH = 4;
const LEAST_PER_SECOND = 1;

/**
 * How many more are let in than can be taken, because some do not come: whoever has left holds a ticket still. As long as
 * somebody waits and fewer come than can be taken, more are let in, so that nobody waits for whom nobody comes and a line that
 * was abandoned is passed in seconds. When too many of them come it is taken back at once; what came too much waits at the
 * gate. That others press, who have no ticket, is no reason: they get what those let in leave.
 *
 * One of several processes sees only the orders that come to itself: that few do may be because they go to the others. So
 * it lets in at most so many times what came to it, and where nothing did no more than can be taken.
 */
export class Overbooking {
  #factor = 1;
  #since: Pick<Attendance, 'now' | 'came'> | undefined;

  get factor(): number {
    return this.#factor;
  }

  observe({ now, came, capacity, isAlone, isHeldBack, isPressedByLine }: Attendance): void {
    if (isPressedByLine || !isHeldBack) {
      this.#factor = Math.max(1, this.#factor / 2);
      this.#since = undefined;
      return;
    }
    this.#since ??= { now, came };
    const milliseconds = now - this.#since.now;
    if (milliseconds < LIMITS.roomAttendanceMilliseconds) return;
    const perSecond = ((came - this.#since.came) * 1_000) / milliseconds;
    this.#since = { now, came };
    if (perSecond >= capacity * ENOUGH) return;
    const missing = (AIM * capacity) / Math.max(LEAST_PER_SECOND, perSecond);
    const most = isAlone
      ? LIMITS.roomOverbooking
      : Math.min(LIMITS.roomOverbooking, Math.max(1, (LIMITS.roomOverbooking * perSecond) / capacity));
    this.#factor = Math.min(most, this.#factor * Math.min(GROWTH, Math.max(1, missing)));
  }
}
