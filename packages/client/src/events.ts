import { setTimeout as sleep } from 'node:timers/promises';
import type { EventAnswer, EventsPageAnswer } from './answers.js';
import type { Answer, Caller, CallOptions } from './call.js';
import { LedgerError } from './errors.js';
import { withQuery } from './path.js';

export interface EventsFilter {
  /** Events after this position; all of them when absent. */
  readonly after?: string;
  /** Events in one page. */
  readonly limit?: number;
  readonly types?: readonly string[];
  readonly stream?: string;
}

export interface FollowOptions extends EventsFilter, CallOptions {
  /** Ends at the first page that brings nothing new, instead of waiting for more. */
  readonly stopAtHead?: boolean;
  /** Milliseconds between two questions while nothing new comes. */
  readonly pollMilliseconds?: number;
  /** Called with each place from which a later run may go on: everything before it was yielded and taken. */
  readonly onCheckpoint?: (position: string) => void;
}

const PAGE = 1_000;
const POLL_MILLISECONDS = 200;

/** The feed of all events in global order. */
export const events = (caller: Caller) => {
  const page = (filter: EventsFilter = {}, options?: CallOptions): Promise<Answer<EventsPageAnswer>> =>
    caller.query(
      withQuery('/v1/events', {
        after: filter.after,
        limit: filter.limit,
        types: filter.types,
        stream: filter.stream,
      }),
      options,
    );
  return { page, follow: (options: FollowOptions = {}) => follow(page, options) };
};

/**
 * Yields every event after a position, once and in order. Ends quietly when the signal aborts; rejects when a page
 * cannot be had after the client's own retries. At most one page is held.
 */
async function* follow(
  page: (filter: EventsFilter, options?: CallOptions) => Promise<Answer<EventsPageAnswer>>,
  options: FollowOptions,
): AsyncGenerator<EventAnswer, void, undefined> {
  const { signal, stopAtHead, onCheckpoint, pollMilliseconds = POLL_MILLISECONDS, ...rest } = options;
  const call = signal === undefined ? {} : { signal };
  let after = options.after;
  while (signal?.aborted !== true) {
    const filter = { ...rest, limit: options.limit ?? PAGE, ...(after === undefined ? {} : { after }) };
    const body = await page(filter, call).then((answer) => answer.body, quietWhenAborted);
    if (body === undefined) return;
    yield* body.events;
    const moved = body.next !== undefined && body.next !== after;
    after = body.next ?? after;
    if (moved && after !== undefined) onCheckpoint?.(after);
    if (moved) continue;
    if (stopAtHead === true) return;
    await sleep(pollMilliseconds, undefined, call).catch(() => undefined);
  }
}

function quietWhenAborted(error: unknown): undefined {
  if (error instanceof LedgerError && error.kind === 'aborted') return undefined;
  throw error;
}
