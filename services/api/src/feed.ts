import { setTimeout as sleep } from 'node:timers/promises';
import type { EventsPage } from '@stamp-ledger/app';
import { HTTP_LIMITS } from './limits.js';
import * as views from './views.js';

/** How long a client waits before it comes back, in milliseconds. */
const COME_BACK = 'retry: 1000\n\n';
/** A comment: nothing but a sign of life. */
const BEAT = ':\n\n';

/** Pages of events as the text of a server-sent event stream (WHATWG HTML 9.2), with a sign of life in every silence. */
export async function* feedText(
  pages: AsyncIterable<EventsPage>,
  beatMilliseconds: number,
): AsyncGenerator<string, void, undefined> {
  // Said at once, so that the client sees that it is heard.
  yield COME_BACK;
  const iterator = pages[Symbol.asyncIterator]();
  for (let coming = iterator.next(); ; ) {
    const come = await within(coming, beatMilliseconds);
    if (come === undefined) yield BEAT;
    else if (come.done === true) return;
    else {
      yield* pageTexts(come.value);
      coming = iterator.next();
    }
  }
}

/** What the promise settles to, or undefined when that takes longer. */
async function within<Value>(promise: Promise<Value>, milliseconds: number): Promise<Value | undefined> {
  const settled = new AbortController();
  const late = sleep(milliseconds, undefined, { signal: settled.signal }).catch(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    settled.abort();
  }
}

/**
 * A page as text, piece by piece: a whole one may be megabytes, and a client that reads slowly keeps what it was given.
 * An id without data is no event, but moves the place to which the client comes back past what it is not shown.
 */
function* pageTexts({ events, next }: EventsPage): Generator<string, void, undefined> {
  let text = '';
  for (const event of events) {
    text += `id: ${event.event.position}\ndata: ${JSON.stringify(views.historyEvent(event))}\n\n`;
    if (text.length < HTTP_LIMITS.feedPieceCharacters) continue;
    yield text;
    text = '';
  }
  if (next !== undefined && events.at(-1)?.event.position !== next) text += `id: ${next}\n\n`;
  if (text !== '') yield text;
}
