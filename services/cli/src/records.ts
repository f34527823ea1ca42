import { createReadStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StringDecoder } from 'node:string_decoder';
import { CsvError, parse } from 'csv-parse';
import { UsageError } from './exit-codes.js';
import { CLI_LIMITS } from './limits.js';

export type RecordFormat = 'csv' | 'jsonl';

/** One record of a file: its fields by name, or why it is none. */
export type FileRecord =
  | {
      readonly kind: 'record';
      /** Line of the file, from 1, on which it ends. */
      readonly line: number;
      readonly fields: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'fault'; readonly line: number; readonly fault: string };

export interface RecordSource {
  /** `-` is stdin. */
  readonly path: string;
  readonly stdin: NodeJS.ReadableStream;
  readonly format: RecordFormat;
  /** Of CSV; a comma when absent. */
  readonly delimiter?: string;
  /** Columns that a CSV file has to name in its first line. */
  readonly required: readonly string[];
}

/** CSV unless the name ends as one of JSON lines does. */
export const formatOf = (path: string): RecordFormat => (/\.(jsonl|ndjson)$/i.test(path) ? 'jsonl' : 'csv');

/**
 * The records of a CSV file (RFC 4180, UTF-8, columns named by its first line) or of JSON lines (one object a line).
 * Holds one record and one chunk at a time.
 *
 * @throws UsageError when the file cannot be read, or is no CSV from some line on
 */
export async function* recordsOf(source: RecordSource): AsyncGenerator<FileRecord> {
  const input = source.path === '-' ? source.stdin : createReadStream(source.path);
  const parser = source.format === 'csv' ? csvParser(source) : lineSplitter();
  // The iteration below reports whatever fails here: a pipeline destroys its last stream with the error.
  pipeline(input, parser).catch(() => undefined);
  try {
    if (source.format === 'csv') yield* csvRecords(parser);
    else yield* jsonRecords(parser);
  } catch (error) {
    throw readFault(source.path, error);
  }
}

function readFault(path: string, error: unknown): unknown {
  if (error instanceof CsvError) return new UsageError(`${path}: ${error.message}`);
  if (error instanceof Error && 'code' in error && 'syscall' in error)
    return new UsageError(`cannot read ${path}: ${String(error.code)}`);
  return error;
}

function csvParser({ path, delimiter = ',', required }: RecordSource): Transform {
  return parse({
    bom: true,
    delimiter,
    info: true,
    max_record_size: CLI_LIMITS.recordCharacters,
    relax_column_count: true,
    skip_empty_lines: true,
    columns: (names: string[]) => {
      const missing = required.filter((name) => !names.includes(name));
      if (missing.length > 0) throw new UsageError(`${path} has no column ${missing.join(', ')}`);
      return names;
    },
  });
}

interface CsvRecord {
  readonly record: Record<string, string>;
  readonly info: { readonly lines: number; readonly error?: unknown };
}

async function* csvRecords(parser: AsyncIterable<CsvRecord>): AsyncGenerator<FileRecord> {
  for await (const { record, info } of parser)
    yield info.error === undefined
      ? { kind: 'record', line: info.lines, fields: record }
      : { kind: 'fault', line: info.lines, fault: 'has another number of fields than the first line' };
}

/** Splits text at line feeds. */
function lineSplitter(): Transform {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return new Transform({
    readableObjectMode: true,
    encoding: 'utf8',
    decodeStrings: false,
    transform(chunk: Buffer | string, _encoding, done) {
      const lines = (rest + (typeof chunk === 'string' ? chunk : decoder.write(chunk))).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.push(line);
      done(
        rest.length > CLI_LIMITS.recordCharacters
          ? new UsageError(`a line is longer than ${CLI_LIMITS.recordCharacters} characters`)
          : null,
      );
    },
    flush(done) {
      rest += decoder.end();
      if (rest !== '') this.push(rest);
      done();
    },
  });
}

async function* jsonRecords(lines: AsyncIterable<string>): AsyncGenerator<FileRecord> {
  let line = 0;
  for await (const text of lines) {
    line += 1;
    if (text.trim() !== '') yield jsonRecord(text, line);
  }
}

function jsonRecord(text: string, line: number): FileRecord {
  const fault = (why: string): FileRecord => ({ kind: 'fault', line, fault: why });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fault('is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fault('is no JSON object');
  const fields: Record<string, string> = {};
  for (const [name, member] of Object.entries(value)) {
    if (typeof member === 'string' || typeof member === 'number') fields[name] = String(member);
    else if (member !== null) return fault(`has no text and no number in ${JSON.stringify(name)}`);
  }
  return { kind: 'record', line, fields };
}
