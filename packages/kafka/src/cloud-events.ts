import { randomUUID } from 'node:crypto';
import type { Position, RecordedEvent, StreamName } from '@stamp-ledger/codec';
import type { EventId, Instant } from '@stamp-ledger/domain';
import type { BusLineage, BusMark, LineageId, Partition } from '@stamp-ledger/ports';

/** CloudEvents 1.0, Kafka protocol binding, structured mode. */
export const CONTENT_TYPE = 'application/cloudevents+json; charset=utf-8';
const SOURCE = 'urn:stamp-ledger';
const MARK = 'ledger.relay.published';
const CLAIM = 'ledger.relay.claimed';
/** CloudEvents integers have 32 bits. */
const INTEGER_MAX = 2_147_483_647;
/** What comes before the last member. Within a string its quotes would be escaped, so the first one is the member. */
const DATA = ',"data":';

/** What a message of the bus says. */
export type Read =
  | { readonly kind: 'event'; readonly event: RecordedEvent }
  | {
      readonly kind: 'mark';
      readonly mark: BusMark;
      readonly epoch: bigint;
      readonly lineage: BusLineage;
    }
  | { readonly kind: 'claim' }
  /** Not ours, or of a later version. */
  | { readonly kind: 'unknown' };

const UNKNOWN: Read = { kind: 'unknown' };

/** `data` comes last and as it is, so that a reader can cut the very bytes out again. */
export function eventText({ id, type, data, metadata, stream, revision, position }: RecordedEvent): string {
  const time = occurredAtOf(metadata);
  const place = revision > INTEGER_MAX ? `"${revision}"` : revision;
  return `{"specversion":"1.0","id":"${id}","source":"${SOURCE}","type":${JSON.stringify(type)},"subject":${JSON.stringify(stream)},${
    time === undefined ? '' : `"time":"${time}",`
  }"datacontenttype":"application/json","ledgerposition":"${position}","ledgerrevision":${place},"ledgermetadata":${JSON.stringify(metadata)}${DATA}${data}}`;
}

/** Looked for in the text, which is canonical: parsing all of it for one member would cost more than the rest. */
const occurredAtOf = (metadata: string): string | undefined =>
  /"occurredAt":"([0-9TZ:.-]+)"/.exec(metadata)?.[1];

export const markText = (
  { position, recordedAt, offsets }: BusMark,
  {
    epoch,
    lineage: { id, ancestors, start, from },
  }: { readonly epoch: bigint; readonly lineage: BusLineage },
): string =>
  controlText(MARK, {
    epoch: String(epoch),
    position,
    recordedAt,
    offsets: jsonOf(offsets),
    lineage: { id, ancestors, start: jsonOf(start), from },
  });

const jsonOf = (offsets: ReadonlyMap<Partition, bigint>): Json =>
  Object.fromEntries([...offsets].map(([partition, offset]) => [partition, String(offset)]));

export const claimText = (): string => controlText(CLAIM, {});

const controlText = (type: string, data: unknown): string =>
  JSON.stringify({
    specversion: '1.0',
    id: randomUUID(),
    source: SOURCE,
    type,
    datacontenttype: 'application/json',
    data,
  });

/** Reads a message as this file writes them. Only what stands before `data` is parsed: `data` need not be readable. */
export function readMessage(value: Buffer | null): Read {
  if (value === null) return UNKNOWN;
  const text = value.toString();
  const end = text.indexOf(DATA);
  const head = end < 0 || !text.endsWith('}') ? undefined : objectIn(`${text.slice(0, end)}}`);
  if (head === undefined || head.specversion !== '1.0' || head.source !== SOURCE) return UNKNOWN;
  const data = text.slice(end + DATA.length, -1);
  switch (head.type) {
    case CLAIM:
      return { kind: 'claim' };
    case MARK:
      return markFrom(objectIn(data));
    default:
      return eventFrom(head, data);
  }
}

type Json = Readonly<Record<string, unknown>>;

function eventFrom(
  { id, type, subject, ledgerposition, ledgerrevision, ledgermetadata }: Json,
  data: string,
): Read {
  const revision = Number(ledgerrevision);
  if (
    typeof id !== 'string' ||
    typeof type !== 'string' ||
    typeof subject !== 'string' ||
    typeof ledgerposition !== 'string' ||
    typeof ledgermetadata !== 'string' ||
    !Number.isSafeInteger(revision)
  )
    return UNKNOWN;
  return {
    kind: 'event',
    event: {
      id: id as EventId,
      type,
      data,
      metadata: ledgermetadata,
      stream: subject as StreamName,
      revision,
      position: ledgerposition as Position,
    },
  };
}

function markFrom(data: Json | undefined): Read {
  if (data === undefined) return UNKNOWN;
  const { epoch, position, recordedAt } = data;
  const offsets = offsetsFrom(data.offsets);
  const lineage = lineageFrom(data.lineage);
  if (!isOffset(epoch) || typeof position !== 'string' || typeof recordedAt !== 'string') return UNKNOWN;
  if (offsets === undefined || lineage === undefined) return UNKNOWN;
  return {
    kind: 'mark',
    epoch: BigInt(epoch),
    lineage,
    mark: { position: position as Position, recordedAt: recordedAt as Instant, offsets },
  };
}

function lineageFrom(value: unknown): BusLineage | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, ancestors, start, from } = value as Json;
  const offsets = offsetsFrom(start);
  if (!isId(id) || !Array.isArray(ancestors) || !ancestors.every(isId) || offsets === undefined)
    return undefined;
  const mark = momentFrom(from);
  return { id, ancestors, start: offsets, ...(mark && { from: mark }) };
}

function momentFrom(value: unknown): BusLineage['from'] {
  if (typeof value !== 'object' || value === null) return undefined;
  const { position, recordedAt } = value as Json;
  if (typeof position !== 'string' || typeof recordedAt !== 'string') return undefined;
  return { position: position as Position, recordedAt: recordedAt as Instant };
}

const isId = (value: unknown): value is LineageId => typeof value === 'string' && value !== '';

function offsetsFrom(value: unknown): Map<Partition, bigint> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const offsets = new Map<Partition, bigint>();
  for (const [partition, offset] of Object.entries(value)) {
    if (!isOffset(offset)) return undefined;
    offsets.set(partition as Partition, BigInt(offset));
  }
  return offsets;
}

const isOffset = (value: unknown): value is string => typeof value === 'string' && /^\d{1,19}$/.test(value);

function objectIn(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}
