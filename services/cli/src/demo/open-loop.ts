import { setTimeout as sleep } from 'node:timers/promises';
import { Heap } from './heap.js';

interface Waiting {
  readonly at: number;
  readonly start: () => void;
  readonly giveUp: (reason: unknown) => void;
}

export interface OpenLoopState {
  readonly inFlight: number;
  readonly waiting: number;
  /** Calls that were due while the bound on calls in flight was reached, and so began late. */
  readonly heldBack: number;
  readonly mostInFlight: number;
}

const TICK_MILLISECONDS = 2;

/**
 * Starts calls when they are due, whether earlier ones have been answered or not: a crowd does not wait for the slowest
 * of its members. At most `bound` calls are in flight; one that is due beyond that is held back and counted, and its
 * latency still runs from when it was due.
 */
export class OpenLoop {
  readonly #waiting = new Heap<Waiting>();
  readonly #began = performance.now();
  #inFlight = 0;
  #mostInFlight = 0;
  #heldBack = 0;
  #lastFull = -1;
  #stopped = false;

  constructor(
    private readonly bound: number,
    private readonly signal: AbortSignal,
  ) {
    void this.#run();
  }

  /** Milliseconds since the loop began: the clock of `at`. */
  now(): number {
    return performance.now() - this.#began;
  }

  state(): OpenLoopState {
    return {
      inFlight: this.#inFlight,
      waiting: this.#waiting.size,
      heldBack: this.#heldBack,
      mostInFlight: this.#mostInFlight,
    };
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Does `work` at `at`, or as soon after as the bound allows, and answers with what it gives. */
  call<Result>(at: number, work: () => Promise<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      if (this.signal.aborted) return reject(this.signal.reason);
      const start = () =>
        void work()
          .then(resolve, reject)
          .finally(() => this.#ended());
      this.#waiting.push({ at, start, giveUp: reject });
    });
  }

  async #run(): Promise<void> {
    while (!this.#stopped && !this.signal.aborted) {
      this.#startDue();
      await sleep(TICK_MILLISECONDS);
    }
    for (let item = this.#waiting.pop(); item !== undefined; item = this.#waiting.pop())
      item.giveUp(this.signal.reason ?? new Error('the loop has stopped'));
  }

  #startDue(): void {
    const now = this.now();
    while (this.#inFlight < this.bound && !this.signal.aborted) {
      const first = this.#waiting.peek();
      if (first === undefined || first.at > now) return;
      this.#waiting.pop();
      if (first.at <= this.#lastFull) this.#heldBack += 1;
      this.#inFlight += 1;
      if (this.#inFlight > this.#mostInFlight) this.#mostInFlight = this.#inFlight;
      first.start();
    }
  }

  #ended(): void {
    if (this.#inFlight >= this.bound) this.#lastFull = this.now();
    this.#inFlight -= 1;
    this.#startDue();
  }
}
