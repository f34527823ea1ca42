import { MoveFault } from './fault.js';
import {
  type Digest,
  type Entry,
  EXPORT_VERSION,
  HEADER,
  headerVersion,
  parseEntry,
  parseTrailer,
} from './format.js';

/** An event of an export, and the line where it stands. */
export interface ExportedEvent extends Entry {
  readonly line: number;
}

/**
 * The events of an export, in order. Throws a {@link MoveFault} at the first line that is wrong, and at the end when the
 * trailer does not vouch for all that came before: whoever has taken all events has taken a whole export.
 */
export async function* readExport({
  lines,
  digest,
}: {
  readonly lines: AsyncIterable<string>;
  readonly digest: Digest;
}): AsyncGenerator<ExportedEvent> {
  let line = 0;
  let ended = false;
  for await (const text of lines) {
    line += 1;
    if (ended) throw new MoveFault('after-the-end', line, 'there is something behind the trailer');
    if (line === 1) {
      requireHeader(text);
      continue;
    }
    const entry = parseEntry(text);
    if (entry === undefined) {
      requireTrailer(text, { line, digest });
      ended = true;
    } else {
      digest.update(`${text}\n`);
      yield { ...entry, line };
    }
  }
  if (line === 0) throw new MoveFault('not-an-export', 1, 'there is nothing');
  if (!ended) throw new MoveFault('truncated', line, 'the export ends here, without its trailer');
}

function requireHeader(text: string): void {
  if (text === HEADER) return;
  const version = headerVersion(text);
  if (version === undefined || version === EXPORT_VERSION)
    throw new MoveFault('not-an-export', 1, `not the header of an export, which is ${HEADER}`);
  throw new MoveFault('unsupported-version', 1, `an export of another version than ${EXPORT_VERSION}`);
}

function requireTrailer(
  text: string,
  { line, digest }: { readonly line: number; readonly digest: Digest },
): void {
  const trailer = parseTrailer(text);
  if (trailer === undefined)
    throw new MoveFault(
      'malformed-line',
      line,
      'neither an event in canonical form nor the trailer of an export',
    );
  const events = line - 2;
  if (trailer.events !== events)
    throw new MoveFault('wrong-count', line, `the trailer names ${trailer.events} events and not ${events}`);
  if (trailer.sha256 !== digest.hex())
    throw new MoveFault('wrong-hash', line, 'the events are not those that the trailer was made for');
}
