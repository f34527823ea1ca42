import type { Position, RecordedEvent } from '@stamp-ledger/codec';
import type { EntryPage, EntrySource, EventStore, TileStore } from '@stamp-ledger/ports';
import { LIMITS } from '@stamp-ledger/ports';
import { leafHash, TILE_WIDTH } from '@stamp-ledger/transparency';
import { parseEntry } from '../move/format.js';
import { predecessorOf } from './continuation.js';
import { entryOf, readBundle } from './read-log.js';
import { halted } from './status.js';

/** Where the events to be sealed come from. A store that prints entries itself is asked for those. */
export type SealSource = Pick<EventStore, 'readAll' | 'readStream'> & Partial<EntrySource>;

/** The next entries to be sealed, at most so many. */
export async function readEntries(
  store: SealSource,
  { after, limit }: { readonly after: Position | undefined; readonly limit: number },
): Promise<EntryPage> {
  const request = { limit, ...(after && { after }) };
  if (store.readEntries !== undefined) return store.readEntries(request);
  const events = await store.readAll(request);
  return { entries: events.map(entryOf), last: events.at(-1)?.position };
}

/** All events from the first to the end of the log, a page held at a time. */
async function* allEvents(store: SealSource): AsyncGenerator<RecordedEvent> {
  let after: Position | undefined;
  for (;;) {
    const page = await store.readAll({ limit: LIMITS.readEvents, ...(after && { after }) });
    yield* page;
    after = page.at(-1)?.position ?? after;
    if (page.length < LIMITS.readEvents) return;
  }
}

/** The entries of the log from the first leaf up to `size`, a bundle held at a time. */
export async function* entriesOf(files: Pick<TileStore, 'read'>, size: number): AsyncGenerator<Buffer> {
  for (let index = 0; index * TILE_WIDTH < size; index++) yield* await readBundle(files, { index, size });
}

/**
 * The event that an entry was made of, where the store has it now. An entry names its stream and revision, so that it is
 * found in any store, whatever its positions. Undefined when the stream does not reach there.
 */
export async function eventOfEntry(
  store: Pick<EventStore, 'readStream'>,
  entry: Buffer,
): Promise<RecordedEvent | undefined> {
  const parsed = parseEntry(entry.toString());
  if (parsed === undefined) throw halted('tiles-damaged', 'an entry of the log is no event of this ledger');
  const page = await store.readStream({ stream: parsed.stream, from: parsed.revision, limit: 1 });
  const [event] = page.events;
  if (event !== undefined && !entryOf(event).equals(entry))
    throw halted(
      'source-differs',
      `revision ${event.revision} of ${event.stream} is not the event that was sealed`,
    );
  return event;
}

/** How far the event store agrees with the log. */
export type Agreement =
  /** The store has every sealed event in its place; `position` is that of the last. */
  | { readonly kind: 'agrees'; readonly position: Position | undefined }
  /** The store ends behind leaf `from`, with nothing out of place before. */
  | { readonly kind: 'ends-early'; readonly from: number; readonly position: Position | undefined };

/**
 * Compares every event of the store with the log, from the first. For when something is wrong, since it takes as long as
 * the log is. Throws a {@link SealHalted} `source-differs` that names the first difference.
 */
export async function compareAll(
  store: SealSource,
  files: Pick<TileStore, 'read'>,
  size: number,
): Promise<Agreement> {
  const events = allEvents(store);
  let position: Position | undefined;
  let index = 0;
  for await (const entry of entriesOf(files, size)) {
    if (index === 0 && predecessorOf(entry) !== undefined) {
      index++;
      continue;
    }
    const { value: event } = (await events.next()) as IteratorResult<RecordedEvent, undefined>;
    if (event === undefined) return { kind: 'ends-early', from: index, position };
    const own = entryOf(event);
    if (!own.equals(entry))
      throw halted(
        'source-differs',
        `leaf ${index} is not revision ${event.revision} of ${event.stream}, whose leaf hash is ${leafHash(own).toString('hex')}`,
      );
    position = event.position;
    index++;
  }
  return { kind: 'agrees', position };
}
