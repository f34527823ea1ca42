import { entryText, type Position, type RecordedEvent } from '@stamp-ledger/codec';
import type { EventStore } from '@stamp-ledger/ports';
import { MoveFault } from './fault.js';
import { type Digest, HEADER, parseEntry, trailerText } from './format.js';
import { MOVE_LIMITS } from './limits.js';

type Readable = Pick<EventStore, 'readAll' | 'head'>;

/**
 * The lines of an export (without line feeds) of everything that the log holds at the beginning; it may go on growing.
 * Throws a {@link MoveFault} rather than write a line that no import would take, and a PortError when the log fails.
 */
export async function* exportEvents({
  store,
  digest,
}: {
  readonly store: Readable;
  readonly digest: Digest;
}): AsyncGenerator<string> {
  const head = await store.head();
  let events = 0;
  yield HEADER;
  for await (const event of eventsOf(store)) {
    if (head === undefined || event.position > head) break;
    const text = entryText(event);
    events += 1;
    if (parseEntry(text) === undefined)
      throw new MoveFault(
        'not-portable',
        events + 1,
        `the event at revision ${event.revision} of ${event.stream} is not in canonical form`,
      );
    digest.update(`${text}\n`);
    yield text;
  }
  yield trailerText({ events, sha256: digest.hex() });
}

/** Everything in the log, in global order, until its end is reached. */
export async function* eventsOf(store: Pick<EventStore, 'readAll'>): AsyncGenerator<RecordedEvent> {
  let after: Position | undefined;
  for (;;) {
    const page = await store.readAll({ limit: MOVE_LIMITS.pageEvents, ...(after && { after }) });
    yield* page;
    after = page.at(-1)?.position;
    if (after === undefined) return;
  }
}
