import type { Exchange } from './exchange.js';
import type { HttpLimits } from './limits.js';
import { retryAfter } from './problems/failures.js';
import { RequestProblem } from './problems/problem.js';
import { ClientGone } from './request/read-body.js';

/** Lets one more answer of a kind begin that goes on for long, unless as many as may are under way. */
export type LongAnswers = (exchange: Exchange, answer: () => AsyncIterable<string>) => AsyncIterable<string>;

/** Places for answers that go on for long, which are no part of the work that the gate bounds. `what` is in the plural. */
export function longAnswers(
  limits: HttpLimits,
  { most, what }: { readonly most: number; readonly what: string },
): LongAnswers {
  let running = 0;
  /** Counted from now on until it has ended, or its client has left before it began. */
  return (exchange, answer) => {
    if (exchange.isGone) throw new ClientGone();
    if (running >= most)
      throw new RequestProblem('ledger-unavailable', {
        detail: `${most} ${what} are running already.`,
        headers: retryAfter(limits),
      });
    running += 1;
    let hasBegun = false;
    exchange.gone.addEventListener('abort', () => {
      if (!hasBegun) running -= 1;
    });
    return {
      async *[Symbol.asyncIterator]() {
        hasBegun = true;
        try {
          yield* answer();
        } finally {
          running -= 1;
        }
      },
    };
  };
}
