import { MoveFault } from './fault.js';
import { MOVE_LIMITS } from './limits.js';

const LINE_FEED = 0x0a;

/**
 * The lines of an export, without their line feeds. A line feed and nothing else ends a line: canonical JSON may hold
 * the separators that other readers of lines split at (U+2028). Holds one line and one chunk at a time.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let rest: Uint8Array = new Uint8Array();
  let line = 1;
  for await (const chunk of chunks) {
    const bytes = joined(rest, chunk);
    let start = 0;
    for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, start)) {
      yield decoded(decoder, bytes.subarray(start, end), line);
      start = end + 1;
      line += 1;
    }
    rest = bytes.subarray(start);
    if (rest.length > MOVE_LIMITS.lineBytes) throw tooLong(line);
  }
  if (rest.length > 0) throw new MoveFault('truncated', line, 'the export ends within a line');
}

function decoded(decoder: InstanceType<typeof TextDecoder>, bytes: Uint8Array, line: number): string {
  if (bytes.length > MOVE_LIMITS.lineBytes) throw tooLong(line);
  try {
    return decoder.decode(bytes);
  } catch {
    throw new MoveFault('malformed-line', line, 'not UTF-8');
  }
}

const tooLong = (line: number): MoveFault =>
  new MoveFault('malformed-line', line, `longer than ${MOVE_LIMITS.lineBytes} bytes`);

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
