import type { LedgerEvent, StreamName } from '@stamp-ledger/codec';
import { LIMITS, type ProjectionProgress } from '@stamp-ledger/ports';
import type { EventSource } from './batch.js';
import { ProjectionFault } from './fault.js';

/** The events that come next in their streams, in the order in which they have to be applied. */
export interface Admitted {
  readonly events: readonly LedgerEvent[];
  /** Those of them that had not been delivered and were read from the store. */
  readonly repaired: readonly LedgerEvent[];
}

/**
 * Accepts an event whose revision is the stream's plus one, leaves out a lower one as a duplicate, and before a higher
 * one puts the missing events, read from the store. `revisions` holds the last revision by stream and moves on.
 */
export async function admit(
  events: readonly LedgerEvent[],
  revisions: Map<StreamName, number>,
  source: EventSource,
): Promise<Admitted> {
  const admitted: LedgerEvent[] = [];
  const repaired: LedgerEvent[] = [];
  for (const event of events) {
    const next = (revisions.get(event.stream) ?? -1) + 1;
    if (event.revision < next) continue;
    if (event.revision > next) {
      const missing = await readMissing(event, next, source);
      admitted.push(...missing);
      repaired.push(...missing);
    }
    admitted.push(event);
    revisions.set(event.stream, event.revision);
  }
  return { events: admitted, repaired };
}

/** The stream's events from revision `next` up to, not including, `event`. */
async function readMissing(event: LedgerEvent, next: number, source: EventSource): Promise<LedgerEvent[]> {
  const missing: LedgerEvent[] = [];
  for (let expected = next; expected < event.revision; ) {
    const limit = Math.min(LIMITS.readEvents, event.revision - expected);
    const { events } = await source.readStream({ stream: event.stream, from: expected, limit });
    if (events.length < limit) throw stillMissing(event);
    for (const recorded of events) {
      if (recorded.revision !== expected || recorded.position >= event.position) throw stillMissing(event);
      missing.push(decodeOrFault(recorded, source));
      expected++;
    }
  }
  return missing;
}

const stillMissing = (event: LedgerEvent): ProjectionFault =>
  new ProjectionFault(
    event.position,
    `the event at position ${event.position} comes after events that the store does not have`,
  );

/** Throws a ProjectionFault when the event cannot be decoded. */
export function decodeOrFault(
  recorded: Parameters<EventSource['decode']>[0],
  { decode }: Pick<EventSource, 'decode'>,
): LedgerEvent {
  try {
    return decode(recorded);
  } catch (cause) {
    throw new ProjectionFault(
      recorded.position,
      `the event at position ${recorded.position} cannot be decoded`,
      {
        cause,
      },
    );
  }
}

/** Applies one event; whatever the fold throws becomes a ProjectionFault of that event. */
export function applyOrFault<Event extends LedgerEvent>(event: Event, apply: (event: Event) => void): void {
  try {
    apply(event);
  } catch (cause) {
    throw new ProjectionFault(
      event.position,
      `${event.type} at position ${event.position} does not fit what came before it`,
      { cause },
    );
  }
}

/**
 * True for an event that begins its stream and lies behind everything seen: its row cannot be there, so it need not be
 * looked for. That spares minting most of its reads.
 */
export const beginsUnseenStream = (
  { revision, position }: LedgerEvent,
  from: ProjectionProgress | undefined,
): boolean => revision === 0 && (from === undefined || position > from.position);
