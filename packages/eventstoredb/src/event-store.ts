import type { Position, RecordedEvent } from '@stamp-ledger/codec';
import type { AppendResult, EventStore, StreamAppend, StreamPage } from '@stamp-ledger/ports';
import { Appender } from './appender.js';
import { type EventStoreDbAddress, parseAddress } from './connection-string.js';
import { Follower } from './follower.js';
import { EVENT_STORE_DB_LIMITS, EVENT_STORE_DB_TIMES, type EventStoreDbTimes } from './limits.js';
import { LogReader, requireLimit } from './log-reader.js';
import { parsePosition } from './position.js';
import { StreamTail } from './stream-tail.js';
import { closedError, SupervisedClient } from './supervised-client.js';
import { pause } from './waiting.js';

export interface EventStoreDbOptions extends EventStoreDbAddress {
  /** For tests, which cannot wait as long as a server may need. */
  readonly timeouts?: Partial<EventStoreDbTimes>;
}

/**
 * The log on EventStoreDB or KurrentDB. Connects with the first call, so that a service may start before its server.
 * Rejects with a plain Error when the address cannot be used; no error holds the password.
 */
export async function openEventStoreDb({ timeouts, ...address }: EventStoreDbOptions): Promise<EventStore> {
  return new Store(address, { ...EVENT_STORE_DB_TIMES, ...timeouts });
}

class Store implements EventStore {
  readonly #client: SupervisedClient;
  readonly #reader: LogReader;
  readonly #appender: Appender;
  readonly #follower: Follower;
  readonly #tail: StreamTail;
  readonly #closed = new AbortController();
  #closing: Promise<void> | undefined;

  constructor(address: EventStoreDbAddress, times: EventStoreDbTimes) {
    this.#client = new SupervisedClient(parseAddress(address), times);
    this.#reader = new LogReader(this.#client, times);
    this.#appender = new Appender(this.#client, this.#reader, times);
    this.#follower = new Follower(this.#client, this.#reader, times);
    this.#tail = new StreamTail(this.#follower, this.#reader, times, this.#closed.signal);
  }

  async append(appends: readonly StreamAppend[]): Promise<readonly AppendResult[]> {
    this.#requireOpen();
    return this.#appender.append(appends);
  }

  async readStream(request: Parameters<EventStore['readStream']>[0]): Promise<StreamPage> {
    this.#requireOpen();
    return this.#reader.readStream(request);
  }

  async readAll({ after, limit }: Parameters<EventStore['readAll']>[0]): Promise<readonly RecordedEvent[]> {
    this.#requireOpen();
    return (await this.#reader.readAfter(after, limit)).events;
  }

  async head(): Promise<Position | undefined> {
    return (await this.last())?.position;
  }

  async last(): Promise<RecordedEvent | undefined> {
    this.#requireOpen();
    return this.#reader.last();
  }

  async *follow(
    request: Parameters<EventStore['follow']>[0],
  ): AsyncGenerator<readonly RecordedEvent[], void, undefined> {
    this.#requireOpen();
    requireLimit(request.limit);
    if (request.after !== undefined) parsePosition(request.after);
    const { signal } = request;
    yield* this.#follower.follow({ ...request, signal: AbortSignal.any([signal, this.#closed.signal]) });
    if (!signal.aborted) this.#requireOpen();
  }

  async streamChanged(request: Parameters<EventStore['streamChanged']>[0]): Promise<void> {
    this.#requireOpen();
    return this.#tail.changed(request);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed.abort();
    this.#tail.rejectAll(closedError());
    // An append that a server does not answer is one whose outcome nobody knows, and may stay that.
    const settled = new AbortController();
    await Promise.race([
      this.#appender.settled(),
      pause(EVENT_STORE_DB_LIMITS.closeMilliseconds, settled.signal),
    ]);
    settled.abort();
    this.#client.close();
  }

  #requireOpen(): void {
    if (this.#closed.signal.aborted) throw closedError();
  }
}
