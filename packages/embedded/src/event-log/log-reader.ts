import { entryForm, type Position, type RecordedEvent, type StreamName } from '@stamp-ledger/codec';
import type { EventId } from '@stamp-ledger/domain';
import {
  type EntryPage,
  type ExpectedRevision,
  LIMITS,
  PortError,
  type StreamPage,
} from '@stamp-ledger/ports';
import type Database from 'better-sqlite3';
import { LIMIT } from '../limit.js';
import { toPortError } from '../sqlite-errors.js';
import { formatPosition, parsePosition } from './position.js';
import { openForReading } from './schema.js';

const COLUMNS = 'stream, revision, position, id, type, data, metadata';
/** A row as an array: SQLite's binding takes a third longer to make an object of it, and SQL to print its position. */
type Row = readonly [
  stream: StreamName,
  revision: number,
  place: number,
  id: EventId,
  type: string,
  data: string,
  metadata: string,
];

/** The few names of types, each by itself: whoever looks something up by a type need not hash it letter by letter. */
const types = new Map<string, string>();
const TYPES_MAX = 1_000;

function sameText(type: string): string {
  const known = types.get(type);
  if (known !== undefined) return known;
  if (types.size < TYPES_MAX) types.set(type, type);
  return type;
}

const recordedOf = ([stream, revision, place, id, type, data, metadata]: Row): RecordedEvent => ({
  stream,
  revision,
  position: formatPosition(place),
  id,
  type: sameText(type),
  data,
  metadata,
});

/** SQL for the log entry of a row: its form as text, with the columns in their places. */
const ENTRY = `'${entryForm({
  id: `'||id||'`,
  type: `'||type||'`,
  data: `'||data||'`,
  metadata: `'||metadata||'`,
  stream: `'||stream||'`,
  revision: `'||revision||'`,
})}'`;

/**
 * Reads the embedded log on the calling thread. Sees every event as soon as it is durable. Any number may be open, in
 * any thread, beside the one writer. Methods throw a PortError, or a plain Error for a wrong argument.
 */
export class EmbeddedLogReader {
  readonly #db: Database.Database;
  readonly #byStream: Database.Statement<[string, number, number], Row>;
  readonly #byPosition: Database.Statement<[number, number], Row>;
  readonly #entries: Database.Statement<[number, number], string>;
  readonly #streamHead: Database.Statement<[string], number>;
  readonly #last: Database.Statement<[], Row>;
  readonly #head: Database.Statement<[], number | null>;

  constructor(directory: string) {
    try {
      this.#db = openForReading(directory);
      this.#byStream = this.#db
        .prepare<[string, number, number], Row>(
          `SELECT ${COLUMNS} FROM event WHERE stream = ? AND revision >= ? ORDER BY revision ${LIMIT}`,
        )
        .raw();
      this.#byPosition = this.#db
        .prepare<[number, number], Row>(
          `SELECT ${COLUMNS} FROM event WHERE position > ? ORDER BY position ${LIMIT}`,
        )
        .raw();
      this.#entries = this.#db
        .prepare<[number, number], string>(
          `SELECT ${ENTRY} FROM event WHERE position > ? AND position <= ? ORDER BY position`,
        )
        .pluck();
      this.#streamHead = this.#db
        .prepare<[string], number>(
          'SELECT revision FROM event WHERE stream = ? ORDER BY revision DESC LIMIT 1',
        )
        .pluck();
      this.#last = this.#db
        .prepare<[], Row>(`SELECT ${COLUMNS} FROM event ORDER BY position DESC LIMIT 1`)
        .raw();
      this.#head = this.#db.prepare<[], number | null>('SELECT max(position) FROM event').pluck();
    } catch (error) {
      throw toPortError(error, 'opening the log for reading');
    }
  }

  /** As {@link EventStore.readStream}. */
  readStream({
    stream,
    from = 0,
    limit,
  }: {
    readonly stream: StreamName;
    readonly from?: number;
    readonly limit: number;
  }): StreamPage {
    requireLimit(limit);
    if (!Number.isSafeInteger(from) || from < 0) throw new Error('revisions start at 0');
    return this.#reading(() =>
      from === 0 ? this.#fromStart(stream, limit) : this.#from(stream, from, limit),
    );
  }

  /** In one query, unless the stream is longer than the page. */
  #fromStart(stream: StreamName, limit: number): StreamPage {
    const events = this.#page(stream, 0, limit);
    const last = events.at(-1);
    if (last === undefined) return { events, head: 'no-stream' };
    return { events, head: events.length < limit ? last.revision : (this.#streamHead.get(stream) ?? 0) };
  }

  /** The head first: nothing up to it ever changes, so page and head belong together without a transaction. */
  #from(stream: StreamName, from: number, limit: number): StreamPage {
    const head = this.#streamHead.get(stream);
    if (head === undefined) return { events: [], head: 'no-stream' };
    if (from > head) return { events: [], head };
    const events = this.#page(stream, from, Math.min(limit, head - from + 1));
    if (events.length === 0) throw damaged(`a gap in ${stream}`);
    return { events, head };
  }

  #page(stream: StreamName, from: number, limit: number): RecordedEvent[] {
    const events = this.#byStream.all(stream, from, limit).map(recordedOf);
    const last = events.at(-1);
    if (last !== undefined && last.revision - from + 1 !== events.length) throw damaged(`a gap in ${stream}`);
    return events;
  }

  /** As {@link EventStore.readAll}. */
  readAll({ after, limit }: { readonly after?: Position; readonly limit: number }): readonly RecordedEvent[] {
    requireLimit(limit);
    const start = parsePosition(after);
    return this.#reading(() => {
      const events = this.#byPosition.all(start, limit).map(recordedOf);
      const last = events.at(-1);
      if (last !== undefined && Number(last.position) - start !== events.length)
        throw damaged(`a gap after position ${start}`);
      return events;
    });
  }

  /** As {@link EntrySource.readEntries}. */
  readEntries({ after, limit }: { readonly after?: Position; readonly limit: number }): EntryPage {
    requireLimit(limit);
    const start = parsePosition(after);
    return this.#reading(() => {
      // The head first, as for a stream: up to it there must be an event at every place.
      const end = Math.min(start + limit, this.#head.get() ?? 0);
      if (end <= start) return { entries: [], last: undefined };
      const entries = this.#entries.all(start, end).map((text) => Buffer.from(text));
      if (entries.length !== end - start) throw damaged(`a gap after position ${start}`);
      return { entries, last: formatPosition(end) };
    });
  }

  /** Position of the last event, or undefined when the log is empty. */
  head(): Position | undefined {
    const place = this.#reading(() => this.#head.get() ?? undefined);
    return place === undefined ? undefined : formatPosition(place);
  }

  /** The last event itself, or undefined when the log is empty. */
  last(): RecordedEvent | undefined {
    return this.#reading(() => {
      const row = this.#last.get();
      return row && recordedOf(row);
    });
  }

  /** Revision of the stream's last event. */
  streamHead(stream: StreamName): ExpectedRevision {
    return this.#reading(() => this.#streamHead.get(stream) ?? 'no-stream');
  }

  close(): void {
    this.#db.close();
  }

  #reading<Result>(read: () => Result): Result {
    if (!this.#db.open) throw new PortError('unavailable', 'the log is closed');
    try {
      return read();
    } catch (error) {
      throw toPortError(error, 'reading the log');
    }
  }
}

/** Opens a reader beside the store, for example in another worker thread. The log must exist. */
export const openEmbeddedLogReader = ({ directory }: { readonly directory: string }): EmbeddedLogReader =>
  new EmbeddedLogReader(directory);

const damaged = (detail: string): PortError => new PortError('corrupt', `the log has ${detail}`);

function requireLimit(limit: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > LIMITS.readEvents)
    throw new Error(`a page holds 1 to ${LIMITS.readEvents} events`);
}
