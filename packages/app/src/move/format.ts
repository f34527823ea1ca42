import {
  canonicalJson,
  type EncodedEvent,
  entryText,
  parseStream,
  type StreamName,
} from '@stamp-ledger/codec';
import type { EventId } from '@stamp-ledger/domain';

/**
 * An export is UTF-8 text of lines that end with a line feed: a header, the log entry of every event in global order, and
 * a trailer with their number and the SHA-256 of their lines. `schemas/export.v1.json` describes each line.
 */
export const EXPORT_FORMAT = 'stamp-ledger-export';
export const EXPORT_VERSION = 1;

export const HEADER = `{"format":"${EXPORT_FORMAT}","version":${EXPORT_VERSION}}`;

export interface Trailer {
  readonly events: number;
  readonly sha256: string;
}

export const trailerText = ({ events, sha256 }: Trailer): string =>
  `{"events":${events},"sha256":"${sha256}"}`;

/** SHA-256, line by line: hashing is no business of a pure package. */
export interface Digest {
  update(text: string): void;
  /** Lower-case hexadecimal. */
  hex(): string;
}

/** One event as it stands in an export. */
export interface Entry {
  readonly text: string;
  readonly event: EncodedEvent;
  readonly stream: StreamName;
  readonly revision: number;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The event of a line; undefined when the line is not exactly what {@link entryText} prints of an event of the ledger. */
export function parseEntry(text: string): Entry | undefined {
  const value = parseObject(text);
  if (value === undefined) return undefined;
  const { id, type, stream, revision } = value;
  if (typeof id !== 'string' || !UUID.test(id) || typeof type !== 'string' || type === '') return undefined;
  if (typeof stream !== 'string' || parseStream(stream as StreamName) === undefined) return undefined;
  if (typeof revision !== 'number' || !Number.isSafeInteger(revision) || revision < 0) return undefined;
  const data = canonicalObject(value.data);
  const metadata = canonicalObject(value.metadata);
  if (data === undefined || metadata === undefined) return undefined;
  const event: EncodedEvent = { id: id as EventId, type, data, metadata };
  const entry = { text, event, stream: stream as StreamName, revision };
  return entryText({ ...event, stream: entry.stream, revision }) === text ? entry : undefined;
}

/** The trailer of a line that is exactly one. */
export function parseTrailer(text: string): Trailer | undefined {
  const { events, sha256 } = parseObject(text) ?? {};
  if (typeof events !== 'number' || typeof sha256 !== 'string') return undefined;
  return trailerText({ events, sha256 }) === text ? { events, sha256 } : undefined;
}

/** The version that a header names, or undefined for a line that is no header. */
export function headerVersion(text: string): unknown {
  const { format, version } = parseObject(text) ?? {};
  return format === EXPORT_FORMAT ? version : undefined;
}

function canonicalObject(value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  try {
    return canonicalJson(value);
  } catch {
    return undefined;
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
