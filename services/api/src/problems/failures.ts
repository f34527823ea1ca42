import { PortError } from '@stamp-ledger/app';
import type { Answer } from '../answer.js';
import type { HttpLimits } from '../limits.js';
import { problem, RequestProblem } from './problem.js';

/** A wait in whole seconds, drawn anew each time so that clients spread out. */
export function retryAfter(limits: HttpLimits): Record<string, string> {
  const { retryAfterMinimumSeconds: least, retryAfterMaximumSeconds: most } = limits;
  return { 'retry-after': String(least + Math.floor(Math.random() * (most - least + 1))) };
}

/** The one place that turns what was thrown into an answer. `commandStarted`: a command may have reached the log. */
export function answerOf(
  thrown: unknown,
  { requestId, commandStarted }: { readonly requestId: string; readonly commandStarted: boolean },
  limits: HttpLimits,
): Answer {
  if (thrown instanceof RequestProblem) return problem(thrown.problem, requestId, thrown.options);
  if (!(thrown instanceof PortError) || thrown.kind === 'corrupt')
    return problem('internal-error', requestId);
  const name = commandStarted && thrown.kind === 'timeout' ? 'command-outcome-unknown' : 'ledger-unavailable';
  return problem(name, requestId, { headers: retryAfter(limits) });
}

/** True when the store itself is damaged: the service must not look ready any more. */
export const isCorruption = (thrown: unknown): boolean =>
  thrown instanceof PortError && thrown.kind === 'corrupt';
