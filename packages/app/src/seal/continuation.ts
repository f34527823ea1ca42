import { canonicalJson } from '@stamp-ledger/codec';

const TYPE = 'LogContinued';

/** A log that cannot go on, as the one that takes its place names it. */
export interface ClosedLog {
  /** Its last signed checkpoint, as it is. */
  readonly checkpoint: string;
  /** Its public keys, the current one first. */
  readonly vkeys: readonly string[];
  /** Why it was closed, for people. */
  readonly reason: string;
}

/**
 * Entry 0 of a log that takes the place of one which contradicts the events for good: it holds the old log to what it
 * signed. It is no event; the first event of the ledger is entry 1.
 */
export const continuationEntry = (predecessor: ClosedLog): Buffer =>
  Buffer.from(canonicalJson({ predecessor, type: TYPE }));

/** The closed log that an entry names; undefined for an entry of an event. */
export function predecessorOf(entry: Uint8Array): ClosedLog | undefined {
  // Every entry of an event begins with its data.
  if (!Buffer.from(entry).subarray(0, PREFIX.length).equals(PREFIX)) return undefined;
  try {
    const { predecessor, type } = JSON.parse(entry.toString()) as { predecessor: ClosedLog; type: unknown };
    return type === TYPE ? predecessor : undefined;
  } catch {
    return undefined;
  }
}

const PREFIX = Buffer.from('{"predecessor":');
