import type { Position } from '@stamp-ledger/codec';

/** Consecutive entries of the transparency log. */
export interface EntryPage {
  /** UTF-8 of what `entryText` of codec prints of each event. */
  readonly entries: readonly Buffer[];
  /** Of the last event; undefined when there is none. */
  readonly last: Position | undefined;
}

/** An event store that can print the entries of its events itself, which spares the sealer most of the work of reading. */
export interface EntrySource {
  /** The events that `readAll` of the event store gives for the same request, as entries. */
  readEntries(request: { readonly after?: Position; readonly limit: number }): Promise<EntryPage>;
}
