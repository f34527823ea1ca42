import type { EncodedEvent } from '@stamp-ledger/codec';
import { type AppendResult, LIMITS, PortError, type StreamAppend } from '@stamp-ledger/ports';

export interface PendingCall {
  readonly appends: readonly StreamAppend[];
  readonly events: number;
  resolve(results: readonly AppendResult[]): void;
  reject(error: PortError): void;
}

/** Append calls handed to the writer and not yet answered, in order, bounded by {@link LIMITS.pendingAppendEvents}. */
export class PendingCalls {
  /** An answered one is let go of: with it goes the request that waited for it. */
  #calls: (PendingCall | undefined)[] = [];
  #first = 0;
  #events = 0;

  /** Throws a PortError `unavailable` when there are too many. */
  add(call: PendingCall): void {
    if (this.#events + call.events > LIMITS.pendingAppendEvents)
      throw new PortError('unavailable', 'too many events are waiting to be written');
    this.#events += call.events;
    this.#calls.push(call);
  }

  /** The oldest call, which is no longer pending. */
  shift(): PendingCall {
    const call = this.#calls[this.#first];
    if (call === undefined) throw new Error('an answer without a call');
    this.#calls[this.#first++] = undefined;
    this.#events -= call.events;
    if (this.#first === this.#calls.length) {
      this.#calls = [];
      this.#first = 0;
    } else if (this.#first >= 4_096) {
      this.#calls = this.#calls.slice(this.#first);
      this.#first = 0;
    }
    return call;
  }

  get isEmpty(): boolean {
    return this.#calls.length === this.#first;
  }

  rejectAll(error: PortError): void {
    while (!this.isEmpty) this.shift().reject(error);
  }
}

/** Number of events of a call. Throws a plain Error for a call that breaks the port's rules. */
export function countEvents(appends: readonly StreamAppend[]): number {
  let events = 0;
  for (const append of appends) {
    const { expected } = append;
    if (append.events.length === 0) throw new Error('an append has at least one event');
    if (expected !== 'no-stream' && !(Number.isSafeInteger(expected) && expected >= 0))
      throw new Error('an expected revision is a whole number from 0, or no-stream');
    if (!append.stream.isWellFormed() || !append.events.every(isStorable))
      throw new Error('text that is not well-formed Unicode cannot be returned as it was appended');
    events += append.events.length;
  }
  if (events === 0 || events > LIMITS.appendEvents)
    throw new Error(`an append call has 1 to ${LIMITS.appendEvents} events`);
  return events;
}

const isStorable = ({ id, type, data, metadata }: EncodedEvent): boolean =>
  id.isWellFormed() && type.isWellFormed() && data.isWellFormed() && metadata.isWellFormed();
