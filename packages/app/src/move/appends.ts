import type { EncodedEvent, StreamName } from '@stamp-ledger/codec';
import type { ExpectedRevision, StreamAppend } from '@stamp-ledger/ports';
import { MoveFault } from './fault.js';
import { MOVE_LIMITS } from './limits.js';
import type { ExportedEvent } from './read-export.js';

/** One append made of lines of an export: neighbours in one stream, which stay neighbours. */
export interface ExportedAppend extends StreamAppend {
  /** Of its first event. */
  readonly line: number;
  /** Revision of its last event. */
  readonly last: number;
}

/**
 * Puts neighbouring events of one stream into one append. Where an append ends depends on the events alone: when the
 * outcome of one is unknown, the next run makes the same one again, which is safe.
 */
export async function* appendsOf(events: AsyncIterable<ExportedEvent>): AsyncGenerator<ExportedAppend> {
  let open: OpenAppend | undefined;
  for await (const event of events) {
    if (open?.takes(event) === true) open.add(event);
    else {
      if (open !== undefined) yield open.done();
      open = new OpenAppend(event);
    }
  }
  if (open !== undefined) yield open.done();
}

class OpenAppend {
  readonly #first: ExportedEvent;
  readonly #events: [EncodedEvent, ...EncodedEvent[]];
  #characters: number;

  constructor(first: ExportedEvent) {
    this.#first = first;
    this.#events = [first.event];
    this.#characters = first.text.length;
  }

  takes({ stream, text }: ExportedEvent): boolean {
    return (
      stream === this.#first.stream &&
      this.#events.length < MOVE_LIMITS.appendEvents &&
      this.#characters + text.length <= MOVE_LIMITS.appendCharacters
    );
  }

  add({ event, text, line, revision, stream }: ExportedEvent): void {
    const expected = this.#first.revision + this.#events.length;
    if (revision !== expected) throw outOfOrder({ line, stream, revision, head: expected - 1 });
    this.#events.push(event);
    this.#characters += text.length;
  }

  done(): ExportedAppend {
    const { line, stream, revision } = this.#first;
    const expected = revision === 0 ? 'no-stream' : revision - 1;
    return { line, stream, expected, events: this.#events, last: revision + this.#events.length - 1 };
  }
}

export const outOfOrder = ({
  line,
  stream,
  revision,
  head,
}: {
  readonly line: number;
  readonly stream: StreamName;
  readonly revision: number;
  readonly head: ExpectedRevision;
}): MoveFault =>
  new MoveFault(
    'revision-out-of-order',
    line,
    `revision ${revision} of ${stream} cannot follow ${head === 'no-stream' ? 'an empty stream' : `revision ${head}`}`,
  );
