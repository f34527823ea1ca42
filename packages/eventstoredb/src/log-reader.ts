import {
  BACKWARDS,
  type Direction,
  END,
  FORWARDS,
  type ReadRevision,
  type ResolvedEvent,
  START,
  type StreamingRead,
} from '@eventstore/db-client';
import type { Position, RecordedEvent, StreamName } from '@stamp-ledger/codec';
import {
  type EventStore,
  type ExpectedRevision,
  LIMITS,
  PortError,
  type StreamPage,
} from '@stamp-ledger/ports';
import { isOwn, positionOf, toRecordedEvent } from './events.js';
import { failureOf } from './failures.js';
import { EVENT_STORE_DB_LIMITS, type EventStoreDbTimes } from './limits.js';
import { parsePosition } from './position.js';
import type { SupervisedClient } from './supervised-client.js';
import { Coalesced } from './waiting.js';

/** Events of the whole log, and how far they were looked for. */
export interface LogPage {
  readonly events: readonly RecordedEvent[];
  /** Everything of the ledger up to here is in `events` or before them; undefined when the log has nothing at all. */
  readonly reached: Position | undefined;
  readonly atEnd: boolean;
}

/** Reads that end: none is silent for longer than a call may take, and they are made again when the server is away. */
export class LogReader {
  readonly #client: SupervisedClient;
  readonly #times: EventStoreDbTimes;
  readonly #lastEvent = new Coalesced(() => this.#findLast());
  /** The last event of the ledger up to `upTo`, where looking for a later one may stop. */
  #known: { readonly upTo: Position; readonly last: RecordedEvent | undefined } | undefined;

  constructor(client: SupervisedClient, times: EventStoreDbTimes) {
    this.#client = client;
    this.#times = times;
  }

  /** As {@link EventStore.readStream}. */
  async readStream({
    stream,
    from = 0,
    limit,
  }: Parameters<EventStore['readStream']>[0]): Promise<StreamPage> {
    requireLimit(limit);
    if (!Number.isSafeInteger(from) || from < 0) throw new Error('revisions start at 0');
    // One more than asked for tells, in the same call, whether the page ends the stream.
    const read = await this.#readRevisions(stream, BigInt(from), limit + 1);
    if (read === undefined) return { events: [], head: 'no-stream' };
    if (read.some(({ event }, index) => Number(event?.revision) !== from + index))
      throw new PortError('corrupt', `events of ${stream} are missing after revision ${from - 1}`);
    const events = read.slice(0, limit).map(toRecordedEvent);
    const last = events.at(-1);
    if (last !== undefined && read.length <= limit) return { events, head: last.revision };
    return { events, head: await this.streamHead(stream) };
  }

  /** Revision of the stream's last event. */
  async streamHead(stream: StreamName): Promise<ExpectedRevision> {
    const [last] = (await this.#readRevisions(stream, END, 1)) ?? [];
    return last?.event === undefined ? 'no-stream' : Number(last.event.revision);
  }

  async #readRevisions(
    stream: StreamName,
    fromRevision: ReadRevision,
    maxCount: number,
  ): Promise<ResolvedEvent[] | undefined> {
    return this.#client.persist('reading a stream', ({ client, credentials }) =>
      this.#collect(
        client.readStream(
          stream,
          {
            fromRevision,
            direction: fromRevision === END ? BACKWARDS : FORWARDS,
            maxCount,
            credentials,
            requiresLeader: true,
          },
          { highWaterMark: EVENT_STORE_DB_LIMITS.bufferedEvents },
        ),
      ).catch((error: unknown) => {
        if (failureOf(error).kind === 'no-stream') return undefined;
        throw error;
      }),
    );
  }

  /** As {@link EventStore.readAll}, telling also how far was looked. */
  async readAfter(after: Position | undefined, limit: number): Promise<LogPage> {
    requireLimit(limit);
    const events: RecordedEvent[] = [];
    let reached = after;
    for (let wanted = 0; ; ) {
      // From a position on the server reads it once more: one event of a page may be the one already seen.
      const count = Math.min(
        Math.max(limit - events.length + 1, wanted),
        EVENT_STORE_DB_LIMITS.rawPageEvents,
      );
      const page = await this.#readLog(reached, count);
      for (const resolved of page) {
        const position = positionOf(resolved);
        if (reached !== undefined && position <= reached) continue;
        reached = position;
        if (isOwn(resolved)) events.push(toRecordedEvent(resolved));
        if (events.length === limit) return { events, reached, atEnd: false };
      }
      if (page.length < count) return { events, reached, atEnd: true };
      // A stretch of other people's events is crossed in greater steps.
      wanted = page.some(isOwn) ? 0 : 2 * count;
    }
  }

  #readLog(
    from: Position | undefined,
    maxCount: number,
    direction: Direction = FORWARDS,
  ): Promise<ResolvedEvent[]> {
    const edge = direction === FORWARDS ? START : END;
    return this.#client.persist('reading the log', ({ client, credentials }) =>
      this.#collect(
        client.readAll(
          {
            fromPosition: from === undefined ? edge : parsePosition(from),
            direction,
            maxCount,
            credentials,
            requiresLeader: true,
          },
          { highWaterMark: EVENT_STORE_DB_LIMITS.bufferedEvents },
        ) as StreamingRead<ResolvedEvent>,
      ),
    );
  }

  /** Position of the last event of the log, whoever wrote it. */
  async end(): Promise<Position | undefined> {
    const [last] = await this.#readLog(undefined, 1, BACKWARDS);
    return last === undefined ? undefined : positionOf(last);
  }

  /** The ledger's last event. Covers every append acknowledged before the call. */
  last(): Promise<RecordedEvent | undefined> {
    return this.#lastEvent.ask();
  }

  async #findLast(): Promise<RecordedEvent | undefined> {
    let upTo: Position | undefined;
    let from: Position | undefined;
    for (let count = EVENT_STORE_DB_LIMITS.lastPageEvents as number; ; ) {
      const page = await this.#readLog(from, count, BACKWARDS);
      for (const resolved of page) {
        from = positionOf(resolved);
        upTo ??= from;
        if (this.#known !== undefined && from <= this.#known.upTo)
          return this.#remember(upTo, this.#known.last);
        if (isOwn(resolved)) return this.#remember(upTo, toRecordedEvent(resolved));
      }
      if (page.length < count) return this.#remember(upTo, undefined);
      count = Math.min(2 * count, EVENT_STORE_DB_LIMITS.rawPageEvents);
    }
  }

  #remember(upTo: Position | undefined, last: RecordedEvent | undefined): RecordedEvent | undefined {
    if (upTo !== undefined) this.#known = { upTo, last };
    return last;
  }

  /** Everything that a read gives. The client sets no deadline for reads, and leaving the loop would not end the call. */
  async #collect(read: StreamingRead<ResolvedEvent>): Promise<ResolvedEvent[]> {
    // Heard for good: an error after the loop would have nobody else to go to.
    read.on('error', () => {});
    const late = setTimeout(
      () => read.destroy(new PortError('timeout', 'a read was not answered in time')),
      this.#times.callMilliseconds,
    );
    try {
      const events: ResolvedEvent[] = [];
      for await (const resolved of read) {
        events.push(resolved);
        late.refresh();
      }
      return events;
    } finally {
      clearTimeout(late);
      read.cancel().catch(() => {});
    }
  }
}

export function requireLimit(limit: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > LIMITS.readEvents)
    throw new Error(`a page holds 1 to ${LIMITS.readEvents} events`);
}
