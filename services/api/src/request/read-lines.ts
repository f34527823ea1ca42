import type { IncomingMessage } from 'node:http';
import { ClientGone } from './read-body.js';

/** A line of a body, counted from 1; without its bytes when it is longer than allowed. */
export interface BodyLine {
  readonly line: number;
  readonly bytes: Buffer | undefined;
}

const LINE_FEED = 0x0a;
const NOTHING = Buffer.alloc(0);

/**
 * The lines of a body, as many at a time as have arrived; empty ones are counted and left out. Holds one chunk and one
 * line at most, and reads on only when asked. Rejects with {@link ClientGone} when the client leaves.
 */
export async function* readLines(
  request: IncomingMessage,
  lineBytes: number,
): AsyncGenerator<readonly BodyLine[], void, undefined> {
  const splitter = new Splitter(lineBytes);
  const chunks = request[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  for (;;) {
    const next = await chunks.next().catch(() => {
      throw new ClientGone();
    });
    const lines = next.done === true ? splitter.end() : splitter.take(next.value);
    if (lines.length > 0) yield lines;
    if (next.done === true) return;
  }
}

class Splitter {
  #line = 1;
  /** The beginning of a line whose end has not come; undefined once that is too long. */
  #begun: Buffer | undefined = NOTHING;

  constructor(private readonly lineBytes: number) {}

  take(chunk: Buffer): BodyLine[] {
    const lines: BodyLine[] = [];
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, from)) {
      this.#append(chunk.subarray(from, end));
      lines.push(...this.end());
      from = end + 1;
    }
    this.#append(chunk.subarray(from));
    return lines;
  }

  /** The line begun, unless it is empty. */
  end(): BodyLine[] {
    const bytes = this.#begun;
    const line = this.#line++;
    this.#begun = NOTHING;
    return bytes?.length === 0 ? [] : [{ line, bytes }];
  }

  #append(more: Buffer): void {
    if (this.#begun === undefined) return;
    const isTooLong = this.#begun.length + more.length > this.lineBytes;
    this.#begun = isTooLong
      ? undefined
      : this.#begun.length === 0
        ? more
        : Buffer.concat([this.#begun, more]);
  }
}
