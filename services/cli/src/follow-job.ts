import { setTimeout as sleep } from 'node:timers/promises';
import { UnfinishedError } from './exit-codes.js';
import type { Output } from './output.js';
import { startProgress } from './progress.js';

export interface Job<State> {
  readonly label: string;
  readonly total: number;
  /** How to ask later, told when time is up. */
  readonly askLater: string;
  poll(): Promise<State>;
  done(state: State): number;
  finished(state: State): boolean;
}

const FIRST_POLL_MILLISECONDS = 100;
const LAST_POLL_MILLISECONDS = 1_000;

/** Shows the progress of a job of the ledger until it is finished, for at most `seconds`. */
export async function followJob<State>(output: Output, seconds: number, job: Job<State>): Promise<State> {
  const deadline = performance.now() + seconds * 1_000;
  const progress = startProgress(output, job.label, job.total);
  let wait = FIRST_POLL_MILLISECONDS;
  try {
    for (;;) {
      const state = await job.poll();
      progress.update(job.done(state));
      if (job.finished(state)) return state;
      if (performance.now() + wait > deadline)
        throw new UnfinishedError(`not finished after ${seconds} s; it goes on: ${job.askLater}`);
      await sleep(wait);
      wait = Math.min(LAST_POLL_MILLISECONDS, wait * 1.5);
    }
  } finally {
    progress.stop();
  }
}
