import type { Position } from '@stamp-ledger/codec';
import type { EventStore, PortError } from '@stamp-ledger/ports';
import { failureOf, toPortError } from './failures.js';
import type { Follower } from './follower.js';
import { EVENT_STORE_DB_LIMITS, type EventStoreDbTimes } from './limits.js';
import type { LogReader } from './log-reader.js';
import { StreamWaiters } from './stream-waiters.js';
import { backoff, pause } from './waiting.js';

/** Wakes those who wait for streams: one follower of the log for all of them, begun with the first. */
export class StreamTail {
  readonly #follower: Follower;
  readonly #reader: LogReader;
  readonly #times: EventStoreDbTimes;
  readonly #closed: AbortSignal;
  readonly #waiters = new StreamWaiters();
  #begun: Promise<void> | undefined;

  constructor(follower: Follower, reader: LogReader, times: EventStoreDbTimes, closed: AbortSignal) {
    this.#follower = follower;
    this.#reader = reader;
    this.#times = times;
    this.#closed = closed;
  }

  /** As {@link EventStore.streamChanged}. */
  changed(request: Parameters<EventStore['streamChanged']>[0]): Promise<void> {
    return this.#waiters.beyond(request, async () => {
      // Looked at only once the tail has its place: what is appended from there on is announced, what was before is seen.
      this.#begun ??= this.#begin();
      await this.#begun;
      return this.#reader.streamHead(request.stream);
    });
  }

  rejectAll(error: PortError): void {
    this.#waiters.rejectAll(error);
  }

  async #begin(): Promise<void> {
    try {
      const end = await this.#reader.end();
      void this.#run(end);
    } catch (error) {
      this.#begun = undefined;
      throw error;
    }
  }

  async #run(from: Position | undefined): Promise<void> {
    let after = from;
    for (let failures = 0; !this.#closed.aborted; ) {
      try {
        const request = { limit: EVENT_STORE_DB_LIMITS.tailEvents, signal: this.#closed };
        for await (const page of this.#follower.follow(
          after === undefined ? request : { ...request, after },
        )) {
          failures = 0;
          for (const { stream, revision, position } of page) {
            this.#waiters.announce(stream, revision);
            after = position;
          }
        }
      } catch (error) {
        if (failureOf(error).kind === 'corrupt') {
          // It would be met again and again: those who wait are told, and the next one begins behind it.
          this.#begun = undefined;
          this.#waiters.rejectAll(toPortError(error, 'watching the log'));
          return;
        }
        await pause(backoff(++failures, this.#times), this.#closed);
      }
    }
  }
}
