import { LIMITS, PortError, type ProjectionStatus } from '@stamp-ledger/ports';
import type { Context } from '../context.js';

/** What one round of a job did: a job that worked is asked again at once, an idle one when the read models move. */
export type RoundResult = 'worked' | 'idle';

/** A process manager: rounds of work found in the read models, every one repeatable. */
export interface Job {
  readonly name: string;
  /** `signal`: the process is about to stop; what is left is for the next one. */
  round(signal: AbortSignal): Promise<RoundResult>;
}

/**
 * Runs a job until `signal` aborts. A port that fails is waited for, longer each time up to a bound; any other error is
 * a broken invariant and rejects.
 */
export async function runJob(
  { readModels, runtime }: Pick<Context, 'readModels' | 'runtime'>,
  job: Job,
  {
    signal,
    onPortError,
  }: { readonly signal: AbortSignal; readonly onPortError: (job: string, error: PortError) => void },
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const before = marks(readModels.status());
    try {
      const result = await job.round(signal);
      failures = 0;
      // Ports may answer within one turn of the event loop: without this, a busy job would let nothing else happen.
      await runtime.clock.sleep(0, signal);
      // Checked and awaited in one turn: a move of the read models during the round is not lost.
      if (result === 'idle' && marks(readModels.status()) === before)
        await movedOrLater({ readModels, runtime }, signal);
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      if (signal.aborted) return;
      onPortError(job.name, error);
      failures++;
      await runtime.clock.sleep(
        Math.min(
          LIMITS.jobBackoffMilliseconds * 2 ** Math.min(failures, 16),
          LIMITS.jobBackoffMillisecondsMax,
        ),
        signal,
      );
    }
  }
}

const marks = (statuses: readonly ProjectionStatus[]): string =>
  statuses.map(({ position }) => position ?? '').join();

/** Waits for the read models to move, and no longer than an idle job may go without a look of its own. */
async function movedOrLater(
  { readModels, runtime }: Pick<Context, 'readModels' | 'runtime'>,
  signal: AbortSignal,
): Promise<void> {
  const done = new AbortController();
  const either = AbortSignal.any([signal, done.signal]);
  await Promise.race([readModels.advanced(either), runtime.clock.sleep(LIMITS.idleJobMilliseconds, either)]);
  // With a reason of its own: without one, an error with its stack would be made for every wait.
  done.abort('done');
}
