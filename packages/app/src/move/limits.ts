import { EVENT_BYTES_MAX } from '@stamp-ledger/codec';

/** Every bound of moving a ledger. */
export const MOVE_LIMITS = {
  /** Bytes of one line: header and trailer are shorter than the longest event. */
  lineBytes: EVENT_BYTES_MAX,
  /** Events read from a store at once. */
  pageEvents: 1_000,
  /** Events in one append, all of one stream, and characters of them: EventStoreDB takes at most 1 MiB in one. */
  appendEvents: 500,
  appendCharacters: 200_000,
  /** Events in one call to a store that keeps the order of the appends in a call. */
  callEvents: 1_000,
} as const;
