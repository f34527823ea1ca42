import { LIMITS, PortError } from '@stamp-ledger/ports';
import type { Context } from '../context.js';
import { WORK_KEYS } from '../work-keys.js';
import { allocateJob } from './allocate.js';
import { expireOnce } from './expire.js';
import { fulfilJob } from './fulfil.js';
import { runJob } from './job.js';
import { recordLogKeysOnce } from './log-keys.js';
import { mintJob } from './mint.js';
import { replenishOnce } from './replenish.js';
import { returnStampsJob } from './return-stamps.js';

/**
 * Runs everything that happens behind accepted commands, until `signal` aborts: minting, allocation, fulfilment, return
 * of stamps, expiry, replenishment, and the record of the log's keys. Resolves when all have stopped; rejects on a broken invariant, after which the process must end.
 */
export async function runJobs(
  context: Context,
  {
    signal,
    onPortError,
  }: { readonly signal: AbortSignal; readonly onPortError: (job: string, error: PortError) => void },
): Promise<void> {
  const jobs = [mintJob(context), allocateJob(context), fulfilJob(context), returnStampsJob(context)];
  await Promise.all([
    ...jobs.map((job) => runJob(context, job, { signal, onPortError })),
    runSweep(context, {
      name: 'expiry',
      milliseconds: LIMITS.expirySweepMilliseconds,
      sweep: expireOnce,
      signal,
      onPortError,
    }),
    runSweep(context, {
      name: 'replenishment',
      milliseconds: LIMITS.stockSweepMilliseconds,
      sweep: replenishOnce,
      signal,
      onPortError,
    }),
    runSweep(context, {
      name: 'log-keys',
      milliseconds: LIMITS.logKeysMilliseconds,
      sweep: recordLogKeysOnce,
      signal,
      onPortError,
    }),
  ]);
}

/** What is looked for at intervals, not when the read models move. */
async function runSweep(
  context: Context,
  {
    name,
    milliseconds,
    sweep,
    signal,
    onPortError,
  }: {
    readonly name: 'expiry' | 'replenishment' | 'log-keys';
    readonly milliseconds: number;
    readonly sweep: (context: Context) => Promise<void>;
    readonly signal: AbortSignal;
    readonly onPortError: (job: string, error: PortError) => void;
  },
): Promise<void> {
  while (!signal.aborted) {
    try {
      if (context.share.owns(WORK_KEYS[name])) await sweep(context);
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      if (!signal.aborted) onPortError(name, error);
    }
    await context.runtime.clock.sleep(milliseconds, signal);
  }
}
