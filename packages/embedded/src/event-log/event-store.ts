import type { Position, RecordedEvent, StreamName } from '@stamp-ledger/codec';
import {
  type AppendResult,
  type EventStore,
  type ExpectedRevision,
  PortError,
  type StreamAppend,
} from '@stamp-ledger/ports';
import { toPortError } from '../sqlite-errors.js';
import { type DirectoryLock, lockDirectory, syncDirectory } from './directory-lock.js';
import { EmbeddedLogReader } from './log-reader.js';
import { formatPosition, parsePosition } from './position.js';
import { StreamHeads } from './stream-heads.js';
import { Waiters } from './waiters.js';
import { WriterClient } from './writer-client.js';
import { NO_STREAM } from './writer-protocol.js';

export interface EmbeddedEventStoreOptions {
  /** Made when absent. Holds `log.sqlite` and `lock.sqlite`; local disk only, and nothing else may open those files. */
  readonly directory: string;
  /**
   * Called once when the log can no longer be written for certain, above all after a failed fsync. By then every call
   * was rejected. The process has to end; a new one starts from what the file holds. By default it ends at once, by an
   * uncaught exception.
   */
  readonly onFatal?: (error: PortError) => void;
}

export interface EmbeddedEventStore extends EventStore {
  /** Calls the listener with the position of the last event whenever events became durable; returns how to stop it. */
  onCommit(listener: (head: Position) => void): () => void;
  /** The position after which the last `count` events stand; undefined when the log has no more than those. */
  beforeLast(count: number): Promise<Position | undefined>;
}

/**
 * Opens the log in a directory: one SQLite file, one writing thread with group commit, reads on the calling thread.
 * Rejects with a PortError when another process (or this one) writes to the directory, or the file cannot be trusted.
 */
export async function openEmbeddedEventStore({
  directory,
  onFatal = endProcess,
}: EmbeddedEventStoreOptions): Promise<EmbeddedEventStore> {
  const lock = lockDirectory(directory);
  try {
    const store = new Store(lock, onFatal);
    await store.open();
    return store;
  } catch (error) {
    lock.release();
    throw toPortError(error, 'opening the log');
  }
}

function endProcess(error: PortError): void {
  setImmediate(() => {
    throw error;
  });
}

class Store implements EmbeddedEventStore {
  readonly #lock: DirectoryLock;
  readonly #writer: WriterClient;
  readonly #listeners = new Set<(head: Position) => void>();
  readonly #commits = new Waiters<'log'>();
  readonly #streams = new Waiters<StreamName>();
  readonly #heads = new StreamHeads();
  #reader: EmbeddedLogReader | undefined;
  #head = 0;
  #closing: Promise<void> | undefined;

  constructor(lock: DirectoryLock, onFatal: (error: PortError) => void) {
    this.#lock = lock;
    this.#writer = new WriterClient(lock.directory, {
      appended: (appends, results) => this.#appended(appends, results),
      committed: (head) => this.#committed(head),
      fatal: (error) => {
        this.#stopWaiting(error);
        onFatal(error);
      },
    });
  }

  async open(): Promise<void> {
    this.#head = await this.#writer.opened();
    try {
      syncDirectory(this.#lock.directory);
      this.#reader = new EmbeddedLogReader(this.#lock.directory);
    } catch (error) {
      await this.#writer.close();
      throw error;
    }
  }

  append(appends: Parameters<EventStore['append']>[0]): ReturnType<EventStore['append']> {
    return this.#writer.append(appends);
  }

  async readStream(request: Parameters<EventStore['readStream']>[0]): ReturnType<EventStore['readStream']> {
    const { stream, from = 0 } = request;
    const reader = this.#reading();
    const known = this.#heads.get(stream);
    if (known !== undefined && from > known) return { events: [], head: known };
    const page = reader.readStream(request);
    if (page.head !== 'no-stream') this.#heads.set(stream, page.head);
    return page;
  }

  async readAll(request: Parameters<EventStore['readAll']>[0]): ReturnType<EventStore['readAll']> {
    // Whoever reads page after page must not keep the event loop from everything else.
    await turn();
    return this.#reading().readAll(request);
  }

  head(): Position | undefined | Promise<never> {
    try {
      return this.#reading().head();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async last(): Promise<RecordedEvent | undefined> {
    return this.#reading().last();
  }

  async *follow({
    after,
    limit,
    signal,
  }: Parameters<EventStore['follow']>[0]): AsyncGenerator<readonly RecordedEvent[]> {
    let position = after;
    while (!signal.aborted) {
      const events = await this.readAll({ ...(position === undefined ? {} : { after: position }), limit });
      const last = events.at(-1);
      if (last === undefined) {
        await this.#commits.beyond({ key: 'log', seen: parsePosition(position), signal }, () => this.#head);
      } else if (!signal.aborted) {
        position = last.position;
        yield events;
      }
    }
  }

  async streamChanged({ stream, after, signal }: Parameters<EventStore['streamChanged']>[0]): Promise<void> {
    const reader = this.#reading();
    await this.#streams.beyond({ key: stream, seen: toNumber(after), signal }, () =>
      toNumber(reader.streamHead(stream)),
    );
  }

  async beforeLast(count: number): Promise<Position | undefined> {
    const place = parsePosition(this.#reading().head()) - count;
    return place > 0 ? formatPosition(place) : undefined;
  }

  onCommit(listener: (head: Position) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#stopWaiting(new PortError('unavailable', 'the log is closed'));
    this.#reader?.close();
    await this.#writer.close();
    this.#lock.release();
  }

  /** Called in the order of the log, and before the caller of the append goes on. */
  #appended(appends: readonly StreamAppend[], results: readonly AppendResult[]): void {
    for (const [index, result] of results.entries()) {
      const stream = appends[index]?.stream;
      if (stream === undefined || result.kind !== 'appended') continue;
      // What a repeat found may be long past.
      if (result.written) this.#heads.set(stream, result.revision);
      if (!this.#streams.isEmpty) this.#streams.announce(stream, result.revision);
    }
  }

  #committed(head: number): void {
    if (head === this.#head) return;
    this.#head = head;
    this.#commits.announce('log', head);
    const position = formatPosition(head);
    for (const listener of this.#listeners) listener(position);
  }

  #stopWaiting(error: PortError): void {
    this.#commits.close(error);
    this.#streams.close(error);
  }

  #reading(): EmbeddedLogReader {
    if (this.#reader === undefined) throw new PortError('unavailable', 'the log is not open');
    return this.#reader;
  }
}

const toNumber = (revision: ExpectedRevision): number => (revision === 'no-stream' ? NO_STREAM : revision);

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
