import { randomUUID } from 'node:crypto';
import { canonicalJson, type Position, type RecordedEvent, type StreamName } from '@stamp-ledger/codec';
import type { EventId, Instant } from '@stamp-ledger/domain';
import type { BusMark, Partition } from '@stamp-ledger/ports';

/** CloudEvents 1.0, Kafka protocol binding, structured mode. */
export const CONTENT_TYPE = 'application/cloudevents+json; charset=utf-8';
const SOURCE = 'urn:stamp-ledger';
const MARK = 'ledger.relay.published';
const CLAIM = 'ledger.relay.claimed';
/** CloudEvents integers have 32 bits. */
const INTEGER_MAX = 2_147_483_647;

/** What a message of the bus says. */
export type Read =
  | { readonly kind: 'event'; readonly event: RecordedEvent }
  | { readonly kind: 'mark'; readonly mark: BusMark; readonly epoch: bigint }
  | { readonly kind: 'claim' }
  /** Not ours, or of a later version. */
  | { readonly kind: 'unknown' };

/** `data` and metadata are canonical JSON already: they are put in as they are. */
export function eventText({ id, type, data, metadata, stream, revision, position }: RecordedEvent): string {
  const time = occurredAtOf(metadata);
  const place = revision > INTEGER_MAX ? `"${revision}"` : revision;
  return `{"specversion":"1.0","id":"${id}","source":"${SOURCE}","type":"${type}","subject":"${stream}",${
    time === undefined ? '' : `"time":"${time}",`
  }"datacontenttype":"application/json","ledgerposition":"${position}","ledgerrevision":${place},"ledgermetadata":${JSON.stringify(metadata)},"data":${data}}`;
}

/** Looked for in the text, which is canonical: parsing all of it for one member would cost more than the rest. */
const occurredAtOf = (metadata: string): string | undefined =>
  /"occurredAt":"([0-9TZ:.-]+)"/.exec(metadata)?.[1];

export const markText = ({ position, recordedAt, offsets }: BusMark, epoch: bigint): string =>
  controlText(MARK, {
    epoch: String(epoch),
    position,
    recordedAt,
    offsets: Object.fromEntries([...offsets].map(([partition, offset]) => [partition, String(offset)])),
  });

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

export function readMessage(value: Buffer | null): Read {
  const message = parse(value);
  if (message === undefined || message.source !== SOURCE) return { kind: 'unknown' };
  const { type, data } = message;
  if (type === CLAIM) return { kind: 'claim' };
  if (type === MARK) return markFrom(data as Record<string, unknown>);
  const revision = Number(message.ledgerrevision);
  if (!Number.isSafeInteger(revision)) return { kind: 'unknown' };
  return {
    kind: 'event',
    event: {
      id: String(message.id) as EventId,
      type: String(type),
      data: canonicalJson(data),
      metadata: String(message.ledgermetadata),
      stream: String(message.subject) as StreamName,
      revision,
      position: String(message.ledgerposition) as Position,
    },
  };
}

function markFrom(data: Record<string, unknown>): Read {
  const offsets = new Map<Partition, bigint>();
  for (const [partition, offset] of Object.entries(data.offsets as Record<string, string>))
    offsets.set(partition as Partition, BigInt(offset));
  return {
    kind: 'mark',
    epoch: BigInt(String(data.epoch)),
    mark: {
      position: String(data.position) as Position,
      recordedAt: String(data.recordedAt) as Instant,
      offsets,
    },
  };
}

function parse(value: Buffer | null): Record<string, unknown> | undefined {
  try {
    return JSON.parse(String(value));
  } catch {
    return undefined;
  }
}
