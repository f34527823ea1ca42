import { setImmediate } from 'node:timers/promises';
import type { RecordedEvent } from '@stamp-ledger/codec';
import { LIMITS } from '@stamp-ledger/ports';
import { sleep } from '../sleep.js';

type Read<Request> = (request: Request) => readonly RecordedEvent[];

/**
 * Reads page after page of the log for projections, one turn of the event loop a page, so that messages come in even while
 * there is much to do. While many events come in, it pauses between pages that are not full: the transactions and rows
 * around a page cost as much as dozens of events, and the commands have the core meanwhile. Few events are not waited for.
 */
export function pacedRead<Request extends { readonly limit: number }>(
  read: Read<Request>,
  signal: AbortSignal,
): (request: Request) => Promise<readonly RecordedEvent[]> {
  let last = { at: Number.NEGATIVE_INFINITY, pause: 0 };
  return async (request) => {
    await setImmediate();
    const left = last.at + last.pause - performance.now();
    if (left >= 1) await sleep(left, signal);
    const at = performance.now();
    const events = read(request);
    const isFull = events.length === request.limit;
    const pause = Math.min(events.length * MILLISECONDS_PER_EVENT, LIMITS.projectionPauseMilliseconds);
    last = { at, pause: isFull ? 0 : pause };
    return events;
  };
}

/** Up to a thousand events a second every one is projected as it comes. */
const MILLISECONDS_PER_EVENT = 1;
