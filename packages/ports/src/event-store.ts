import type { EncodedEvent, Position, RecordedEvent, StreamName } from '@stamp-ledger/codec';

/**
 * What a stream must look like for an append to be accepted: its last revision (from 0), or that it has none yet.
 * There is deliberately no "any": an append without an expectation cannot be idempotent.
 */
export type ExpectedRevision = number | 'no-stream';

/** Events for one stream. Atomic: all of them are written, next to each other, or none. */
export interface StreamAppend {
  readonly stream: StreamName;
  readonly expected: ExpectedRevision;
  readonly events: readonly [EncodedEvent, ...EncodedEvent[]];
}

/** What became of one {@link StreamAppend}. */
export type AppendResult =
  /**
   * Durable. `revision` and `position` are those of the last event; a repeated append answers as the first did.
   * `written` MUST be true only when this very call is known to have written them. Otherwise they may have been there,
   * with other bytes under the same ids: whoever builds on the bytes reads them back.
   */
  | {
      readonly kind: 'appended';
      readonly revision: number;
      readonly position: Position;
      readonly written: boolean;
    }
  /** Nothing was written. `actual` is what the stream looked like. */
  | { readonly kind: 'version-conflict'; readonly actual: ExpectedRevision };

/** Events of one stream from a revision on, in order. */
export interface StreamPage {
  readonly events: readonly RecordedEvent[];
  /** Revision of the stream's last event at the time of reading. */
  readonly head: ExpectedRevision;
}

/**
 * The log: the only truth.
 *
 * Every adapter MUST
 * - acknowledge an append only when it is durable (fsync returned, or a quorum has it);
 * - write the events of one {@link StreamAppend} all or not at all, and treat the streams of one call independently,
 *   answering in the order of the call;
 * - number a stream's events 0, 1, 2… and give later events a greater {@link Position} (text order);
 * - return the very bytes that were appended;
 * - be idempotent: if the stream is already past `expected` and the events after it carry exactly these ids in this
 *   order, answer `appended` as the first time; if the first id differs, `version-conflict`; if only some ids match,
 *   fail with `corrupt`. Ids are not looked at when `expected` is the current head: the same id may then be written again;
 * - reject with a {@link PortError} and never with anything else. After `timeout` or `unavailable` from `append` the
 *   outcome is unknown: repeat the same call or read back;
 * - never delete, truncate or rewrite an event.
 */
export interface EventStore {
  /** At most {@link LIMITS.appendEvents} events in one call. */
  append(appends: readonly StreamAppend[]): Promise<readonly AppendResult[]>;
  /** At most `limit` events from revision `from` (default 0). An absent stream has no events and head `no-stream`. */
  readStream(request: {
    readonly stream: StreamName;
    readonly from?: number;
    readonly limit: number;
  }): Promise<StreamPage>;
  /** At most `limit` events of all streams after a position (from the beginning without one), in global order, gap-free. */
  readAll(request: { readonly after?: Position; readonly limit: number }): Promise<readonly RecordedEvent[]>;
  /** Position of the last event, or undefined when the log is empty. At once where that is known; never throws, but rejects. */
  head(): Position | undefined | Promise<Position | undefined>;
  /** The last event itself, or undefined when the log is empty. */
  last(): Promise<RecordedEvent | undefined>;
  /**
   * Pages of events after a position, for ever: waits for new ones at the end and ends only when `signal` aborts.
   * Order and completeness as {@link readAll}.
   */
  follow(request: {
    readonly after?: Position;
    readonly limit: number;
    readonly signal: AbortSignal;
  }): AsyncIterable<readonly RecordedEvent[]>;
  /** Resolves when the stream has an event after `after`, or `signal` aborts (it never rejects for that). */
  streamChanged(request: {
    readonly stream: StreamName;
    readonly after: ExpectedRevision;
    readonly signal: AbortSignal;
  }): Promise<void>;
  close(): Promise<void>;
}
