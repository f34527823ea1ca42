import { setTimeout as sleep } from 'node:timers/promises';
import type { EventStoreDbTimes } from './limits.js';

/** Milliseconds before the attempt after so many failures: doubled each time, up to half of it left to chance. */
export function backoff(failures: number, times: EventStoreDbTimes): number {
  const doublings = Math.min(Math.max(failures - 1, 0), 30);
  return (
    Math.min(times.retryMilliseconds * 2 ** doublings, times.retryMillisecondsMax) * (1 - Math.random() / 2)
  );
}

/** Resolves after the time, or at once when the signal aborts. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch {
    // Aborted: there is nothing left to wait for.
  }
}

/** Settles as the work does, or rejects with `late()` after the time; the work itself goes on. */
export async function within<Result>(
  work: Promise<Result>,
  milliseconds: number,
  late: () => Error,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), milliseconds);
  });
  try {
    return await Promise.race([work, expired]);
  } finally {
    clearTimeout(timer);
  }
}

/** Lets so many in at once; the others wait in order. */
export class Turnstile {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(places: number) {
    this.#free = places;
  }

  async pass<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}

/**
 * One question asked by many. Who asks while an answer is under way joins the next one, never the running one: an
 * answer is at least as new as the question.
 */
export class Coalesced<Answer> {
  readonly #ask: () => Promise<Answer>;
  #running: Promise<Answer> | undefined;
  #next: Promise<Answer> | undefined;

  constructor(ask: () => Promise<Answer>) {
    this.#ask = ask;
  }

  ask(): Promise<Answer> {
    if (this.#running === undefined) return this.#start();
    const start = (): Promise<Answer> => this.#start();
    this.#next ??= this.#running.then(start, start);
    return this.#next;
  }

  #start(): Promise<Answer> {
    this.#next = undefined;
    const running = this.#ask();
    this.#running = running;
    const done = (): void => {
      if (this.#running === running) this.#running = undefined;
    };
    running.then(done, done);
    return running;
  }
}
