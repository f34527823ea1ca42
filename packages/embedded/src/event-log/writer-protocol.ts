import type { AppendResult, PortErrorKind, StreamAppend } from '@stamp-ledger/ports';
import { formatPosition } from './position.js';

/** How `no-stream` travels: the revision before the first. */
export const NO_STREAM = -1;

/**
 * Append calls on their way to the writer, column by column: cloning a few long arrays of strings between threads is
 * several times cheaper than cloning an object an event.
 */
export class AppendBatch {
  /** One entry a call. */
  readonly appendsOfCall: number[] = [];
  /** One entry a stream append. */
  readonly streams: string[] = [];
  readonly expected: number[] = [];
  readonly eventsOfAppend: number[] = [];
  /** One entry an event. */
  readonly ids: string[] = [];
  readonly types: string[] = [];
  readonly data: string[] = [];
  /** Number of its metadata among {@link metadata}: the events of a job's chunk share it, and it is most of their text. */
  readonly metadataOf: number[] = [];
  /** One entry where it differs from that of the event before. */
  readonly metadata: string[] = [];
}

export function addCall(batch: AppendBatch, appends: readonly StreamAppend[]): void {
  batch.appendsOfCall.push(appends.length);
  for (const { stream, expected, events } of appends) {
    batch.streams.push(stream);
    batch.expected.push(expected === 'no-stream' ? NO_STREAM : expected);
    batch.eventsOfAppend.push(events.length);
    for (const { id, type, data, metadata } of events) {
      batch.ids.push(id);
      batch.types.push(type);
      batch.data.push(data);
      if (batch.metadata.at(-1) !== metadata) batch.metadata.push(metadata);
      batch.metadataOf.push(batch.metadata.length - 1);
    }
  }
}

/** One append call: a slice of a batch. */
export interface Call {
  readonly batch: AppendBatch;
  readonly firstAppend: number;
  readonly appends: number;
  readonly firstEvent: number;
  readonly events: number;
}

export function callsOf(batch: AppendBatch): Call[] {
  let firstAppend = 0;
  let firstEvent = 0;
  return batch.appendsOfCall.map((appends) => {
    let events = 0;
    for (let index = firstAppend; index < firstAppend + appends; index++)
      events += batch.eventsOfAppend[index] ?? 0;
    const call = { batch, firstAppend, appends, firstEvent, events };
    firstAppend += appends;
    firstEvent += events;
    return call;
  });
}

/** The call as a whole failed; nothing of it was written. */
export interface Refusal {
  readonly kind: PortErrorKind;
  readonly message: string;
}

/**
 * What became of a call: two numbers a stream append, the revision and the position of its last event (below 0 when it was
 * found, not written), or the actual revision and position 0 for a version conflict.
 */
export type Answer = readonly number[] | Refusal;

export const isRefused = (answer: Answer): answer is Refusal => !Array.isArray(answer);

export function resultsOf(answer: readonly number[]): AppendResult[] {
  const results: AppendResult[] = [];
  for (let index = 0; index < answer.length; index += 2) {
    const revision = answer[index] ?? NO_STREAM;
    const place = answer[index + 1] ?? 0;
    results.push(
      place === 0
        ? { kind: 'version-conflict', actual: revision === NO_STREAM ? 'no-stream' : revision }
        : { kind: 'appended', revision, position: formatPosition(Math.abs(place)), written: place > 0 },
    );
  }
  return results;
}

/** The last place that was written for some calls of a group, in their order; 0 when none was. */
export function lastPlaceOf(answers: readonly Answer[]): number {
  let last = 0;
  for (const answer of answers)
    if (!isRefused(answer))
      for (let index = 1; index < answer.length; index += 2) last = Math.max(last, answer[index] ?? 0);
  return last;
}

export type ToWriter = { readonly kind: 'append'; readonly batch: AppendBatch } | { readonly kind: 'close' };

export type FromWriter =
  /** The log is open; `head` is the last place, 0 for an empty log. */
  | { readonly kind: 'ready'; readonly head: number }
  /** One group is durable: answers in the order in which the calls came. */
  | { readonly kind: 'answers'; readonly answers: readonly Answer[]; readonly head: number }
  /** Nothing is certain any more; the writer has stopped for good. */
  | { readonly kind: 'fatal'; readonly message: string }
  /** Everything is answered, the file is closed. */
  | { readonly kind: 'closed' };
