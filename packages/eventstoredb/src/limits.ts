/** Every bound of the adapter. Times are in milliseconds. */
export const EVENT_STORE_DB_LIMITS = {
  /** Append calls on the wire at once, of the store and of one call, which leaves room for others. */
  appendsInFlight: 64,
  appendsInFlightOfCall: 48,
  /** Times that one call to the server is made before its failure is handed on. */
  attempts: 4,
  /** Events asked for in one read of the whole log, the server's own among them. */
  rawPageEvents: 1_000,
  /** Events asked for when the last one is looked for; doubled with every further page, up to `rawPageEvents`. */
  lastPageEvents: 16,
  /** Events that a read or a subscription holds before the server has to wait. */
  bufferedEvents: 256,
  /** Events that the server searches at once for a filtered subscription, and searches between two checkpoints. */
  searchWindow: 500,
  checkpointEveryWindows: 2,
  /** Events in one page of the tail that wakes the callers waiting for streams. */
  tailEvents: 500,
  /** Failures in a row, of whatever kind, after which a client is replaced. */
  failuresOfClient: 5,
  /** Longest that calls wait for the next client, so that they are soon told that there is none. */
  replaceMillisecondsMax: 500,
  /** Milliseconds beyond a call's deadline after which its answer is no longer waited for. */
  graceMilliseconds: 1_000,
  /** Milliseconds that closing waits for appends under way: a process has ten seconds to end. */
  closeMilliseconds: 1_500,
} as const;

/** What may be shorter in tests. */
export interface EventStoreDbTimes {
  /** Longest that one call to the server may take. */
  readonly callMilliseconds: number;
  /** Silence of a subscription after which it is checked that nothing was missed. */
  readonly idleMilliseconds: number;
  /** Wait before the next attempt; doubled each time, up to the greatest, with up to half of it left to chance. */
  readonly retryMilliseconds: number;
  readonly retryMillisecondsMax: number;
}

export const EVENT_STORE_DB_TIMES: EventStoreDbTimes = {
  callMilliseconds: 10_000,
  idleMilliseconds: 15_000,
  retryMilliseconds: 50,
  retryMillisecondsMax: 5_000,
};
