import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export interface NewEvent {
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: Buffer;
  readonly metadata: Buffer;
}

export interface StoredEvent extends NewEvent {
  readonly stream: string;
  readonly revision: number;
  readonly position: number;
}

/** Last revision of a stream, -1 for none. */
export type Expected = number | 'any';
export type Written =
  | { readonly kind: 'written'; readonly revision: number; readonly position: number }
  | { readonly kind: 'wrong-version'; readonly current: number }
  /** Only some of the ids are there: the server answers it as a wrong version. */
  | { readonly kind: 'partly-there'; readonly current: number };

/** What goes before a record in a server's file, roughly: positions grow by it and by the size of the event. */
const RECORD_BYTES = 120;

interface Line {
  readonly stream: string;
  readonly events: readonly (readonly [
    id: string,
    type: string,
    contentType: string,
    data: string,
    metadata: string,
  ])[];
}

/** A server's log: one line of a file for every append, all of it in memory. What the kernel has outlives `kill -9`. */
export class DoubleLog {
  readonly events: StoredEvent[] = [];
  readonly #streams = new Map<string, StoredEvent[]>();
  readonly #file: number;
  #next = RECORD_BYTES;

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true });
    const path = join(directory, 'double.jsonl');
    this.#file = openSync(path, 'a+');
    const stored = readFileSync(path);
    // A line that was being written when the process died was never acknowledged.
    const whole = stored.lastIndexOf(10) + 1;
    ftruncateSync(this.#file, whole);
    for (const text of stored.subarray(0, whole).toString('utf8').split('\n'))
      if (text !== '') this.#take(JSON.parse(text));
  }

  stream(name: string): readonly StoredEvent[] {
    return this.#streams.get(name) ?? [];
  }

  /** Index of the first event at or behind a position. */
  indexFrom(position: number): number {
    let low = 0;
    let high = this.events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.events[middle] as StoredEvent).position < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  append(stream: string, expected: Expected, events: readonly NewEvent[]): Written {
    const stored = this.stream(stream);
    const current = stored.length - 1;
    if (expected !== 'any' && expected !== current) {
      const there = stored.slice(expected + 1, expected + 1 + events.length);
      if (expected > current || there[0]?.id !== events[0]?.id) return { kind: 'wrong-version', current };
      if (events.some(({ id }, index) => there[index]?.id !== id)) return { kind: 'partly-there', current };
      return written(there);
    }
    const line: Line = {
      stream,
      events: events.map(({ id, type, contentType, data, metadata }) => [
        id,
        type,
        contentType,
        data.toString('base64'),
        metadata.toString('base64'),
      ]),
    };
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
    return written(this.#take(line));
  }

  close(): void {
    closeSync(this.#file);
  }

  #take({ stream, events }: Line): StoredEvent[] {
    const ofStream = this.#streams.get(stream) ?? [];
    this.#streams.set(stream, ofStream);
    return events.map(([id, type, contentType, data, metadata]) => {
      const event = {
        stream,
        revision: ofStream.length,
        position: this.#next,
        id,
        type,
        contentType,
        data: Buffer.from(data, 'base64'),
        metadata: Buffer.from(metadata, 'base64'),
      };
      this.#next += RECORD_BYTES + stream.length + event.data.length + event.metadata.length;
      ofStream.push(event);
      this.events.push(event);
      return event;
    });
  }
}

function written(events: readonly StoredEvent[]): Written {
  const last = events.at(-1);
  if (last === undefined) throw new Error('an append has events');
  return { kind: 'written', revision: last.revision, position: last.position };
}
