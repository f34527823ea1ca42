import { LIMITS } from '@stamp-ledger/ports';

/** Commands that became durable between two looks. */
export interface Commits {
  readonly count: number;
  /** Milliseconds from handing events to the store until it said that they are durable: nine in ten took no longer. 0 without any. */
  readonly p90Milliseconds: number;
}

/** How long the store takes to make commands durable: what tells how much more it can be given. */
export class CommitMeter {
  #latencies: number[] = [];
  #count = 0;

  record(milliseconds: number): void {
    this.#count += 1;
    // Between two looks of one who looks often there are far fewer; without one this must not grow.
    if (this.#latencies.length < LIMITS.meteredCommits) this.#latencies.push(milliseconds);
  }

  /** What was recorded since the last call. */
  take(): Commits {
    const latencies = this.#latencies.sort((left, right) => left - right);
    const taken = {
      count: this.#count,
      p90Milliseconds: latencies[Math.ceil(latencies.length * 0.9) - 1] ?? 0,
    };
    this.#latencies = [];
    this.#count = 0;
    return taken;
  }
}
