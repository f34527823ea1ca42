import { type JSONEventData, jsonEvent, type ResolvedEvent } from '@eventstore/db-client';
import {
  CodecError,
  canonicalJson,
  type EncodedEvent,
  type Position,
  parseStream,
  type RecordedEvent,
  type StreamName,
} from '@stamp-ledger/codec';
import type { EventId } from '@stamp-ledger/domain';
import { PortError } from '@stamp-ledger/ports';
import { formatPosition, type Place } from './position.js';

/**
 * How the names of the ledger's streams begin; the hyphen keeps others out that begin with the same word. {@link isOwn} keeps
 * out what only begins like the one stream that is named whole.
 */
export const STREAM_PREFIXES = [
  'stamp-',
  'order-',
  'batch-',
  'allocation-',
  'incident-',
  'queue-',
  'stock-',
  'log-keys',
];

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const LINK = '$>';

type Json = Record<string, unknown>;

/**
 * An event as the client takes it. The client prints data and metadata itself, so they are checked to be canonical: the
 * normal form (RFC 8785) of what the server keeps is then the very text that was appended. Throws a plain Error
 * otherwise, above all for an id that would make the client fail outside of any call.
 */
export function toClientEvent({ id, type, data, metadata }: EncodedEvent): JSONEventData {
  if (!UUID.test(id)) throw new Error('an event id is a UUID in small letters');
  if (type === '' || type.startsWith('$') || !type.isWellFormed()) throw new Error('an unusable event type');
  return jsonEvent({ id, type, data: parseCanonical(data), metadata: parseCanonical(metadata) });
}

function parseCanonical(text: string): Json {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value) || canonicalJson(value) !== text)
    throw new Error('data and metadata of an event are objects in canonical JSON');
  return value as Json;
}

/** Where an event of the whole log stands, whoever wrote it. */
export function placeOf({ event, link }: ResolvedEvent): Place | undefined {
  return (link ?? event)?.position;
}

export function positionOf(resolved: ResolvedEvent): Position {
  const place = placeOf(resolved);
  const position = place === undefined ? undefined : formatPosition(place);
  if (position === undefined)
    throw new PortError('unavailable', 'the server tells no positions of events; 22.6 or later is needed');
  return position;
}

/** True for the ledger's own events; links, metadata of streams and everybody else's events are none. */
export const isOwn = ({ event, link }: ResolvedEvent): boolean =>
  event !== undefined &&
  link === undefined &&
  event.type !== LINK &&
  parseStream(event.streamId as StreamName) !== undefined;

/** The event as it was appended. Throws a PortError `corrupt` when it was not written by the ledger. */
export function toRecordedEvent(resolved: ResolvedEvent): RecordedEvent {
  const { event } = resolved;
  if (event === undefined || !event.isJson) throw foreign(event?.streamId ?? '?', event?.revision);
  const { streamId, revision } = event;
  return {
    id: event.id as EventId,
    type: event.type,
    data: canonical(event.data, streamId, revision),
    metadata: canonical(event.metadata, streamId, revision),
    stream: streamId as StreamName,
    revision: Number(revision),
    position: positionOf(resolved),
  };
}

function canonical(value: unknown, stream: string, revision: bigint): string {
  // What could not be parsed arrives as text or bytes.
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array)
    throw foreign(stream, revision);
  try {
    return canonicalJson(value);
  } catch (error) {
    if (error instanceof CodecError) throw foreign(stream, revision);
    throw error;
  }
}

const foreign = (stream: string, revision: bigint | undefined): PortError =>
  new PortError('corrupt', `${stream} revision ${revision ?? '?'} is no event of the ledger`);
