import type { EventData, EventId, EventOf, EventType, Instant, MetadataV1 } from '@stamp-ledger/domain';
import { CodecError, canonicalJson } from './canonical.js';
import type { EncodedEvent, LedgerEvent, Position, RecordedEvent, StreamName } from './envelope.js';
import { parseInstant } from './instant.js';
import { type SchemaFault, validateEventData, validateMetadata } from './validators.js';

/** Longest event, in bytes of its log entry: entries carry a 16-bit length (C2SP tlog-tiles). */
export const EVENT_BYTES_MAX = 65_535;

/** More than id, revision, stream and type ever take up in an entry. */
const ENVELOPE_BYTES_MAX = 1_024;

/** Newest stored version of each event type. An older version stays readable through {@link UPCASTERS}. */
export const EVENT_VERSIONS: { readonly [Type in EventType]: number } = {
  StampMinted: 1,
  StampAllocated: 1,
  StampDeallocated: 1,
  StampSold: 1,
  StampReserved: 1,
  StampReleased: 1,
  AffixOutcomeUnknown: 1,
  AffixOutcomeResolved: 1,
  StampAffixed: 1,
  StampVerified: 1,
  StampVoided: 1,
  EventCorrected: 1,
  BatchOpened: 1,
  BatchCompleted: 1,
  AllocationRequested: 1,
  AllocationCompleted: 1,
  OrderPlaced: 1,
  OrderPaid: 1,
  OrderFulfilled: 1,
  OrderRejected: 1,
  OrderCancelled: 1,
  OrderRefunded: 1,
  IncidentOpened: 1,
  IncidentClosed: 1,
  OpeningAnnounced: 1,
  OpeningWithdrawn: 1,
  QueueOpened: 1,
  QueueAdvanced: 1,
  QueueClosed: 1,
  StockPolicySet: 1,
  StockRanLow: 1,
  StockRecovered: 1,
  LogKeyAdded: 1,
  LogKeyRetired: 1,
};

/** Turns data of version n into version n + 1. Pure and total over everything ever stored. */
export type Upcaster = (data: Readonly<Record<string, unknown>>) => Record<string, unknown>;
/** By type, the upcasters from version 1 on: index 0 makes version 2 of version 1, and so on. */
export type Upcasters = { readonly [Type in EventType]?: readonly Upcaster[] };

const NO_STEPS: readonly Upcaster[] = [];

/** Every older version ever stored. None yet: all types are at version 1. */
export const UPCASTERS: Upcasters = {};

export interface EncodeRequest {
  readonly id: EventId;
  readonly event: EventOf<EventType>;
  readonly metadata: Omit<MetadataV1, 'schemaVersion'>;
  readonly stream: StreamName;
}

export interface Serde {
  /** Validates, prints canonically and bounds one event; throws {@link CodecError} when it may not be stored. */
  encode(request: EncodeRequest): EncodedEvent;
  /** The event that {@link decode} reads once {@link encode} has accepted it and it is recorded at `place`. */
  recorded(
    request: EncodeRequest,
    place: { readonly revision: number; readonly position: Position },
  ): LedgerEvent;
  /** Reads a stored event of any version as the newest; throws {@link CodecError} when it cannot. */
  decode(recorded: RecordedEvent): LedgerEvent;
}

const faulty = (type: string, [first]: readonly SchemaFault[]): CodecError =>
  new CodecError(`${type}: ${first?.pointer || '/'} ${first?.detail ?? 'is not valid'}`);

type Metadata = Omit<MetadataV1, 'schemaVersion'>;

/**
 * The metadata checked and printed last: the events that a job writes one after another share one object. No more than
 * one is kept, since a weak map costs a command that comes with its own several times what checking and printing does.
 */
let printed: { readonly metadata: Metadata; readonly version: number; readonly text: string } | undefined;

function metadataText(type: string, metadata: Metadata, version: number): string {
  if (printed?.metadata === metadata && printed.version === version) return printed.text;
  const full: MetadataV1 = { ...metadata, schemaVersion: version };
  const checked = validateMetadata(full);
  if (!checked.ok) throw faulty(type, checked.faults);
  const text = canonicalJson(full);
  printed = { metadata, version, text };
  return text;
}

/** UTF-8 needs at most 3 bytes for a UTF-16 unit; only what may be too long by that is counted exactly. */
function refuseTooLong(event: EncodedEvent, stream: StreamName): void {
  if (3 * (event.data.length + event.metadata.length) + ENVELOPE_BYTES_MAX < EVENT_BYTES_MAX) return;
  const bytes = Buffer.byteLength(entryText({ ...event, stream, revision: Number.MAX_SAFE_INTEGER }));
  if (bytes > EVENT_BYTES_MAX)
    throw new CodecError(`${event.type}: an event of ${bytes} bytes is longer than ${EVENT_BYTES_MAX}`);
}

/**
 * The metadata read last, with its text: events that a command wrote stand together in the log and have the same. Nobody
 * changes an event that was read.
 */
let read: { readonly text: string; readonly metadata: MetadataV1 } | undefined;

function metadataOf(recorded: RecordedEvent): MetadataV1 {
  const { metadata: text } = recorded;
  if (read?.text === text) return read.metadata;
  const metadata = parse(text, recorded) as unknown as MetadataV1;
  read = { text, metadata };
  return metadata;
}

export function createSerde(versions: { readonly [Type in EventType]: number }, upcasters: Upcasters): Serde {
  const isEventType = (type: string): type is EventType => Object.hasOwn(versions, type);
  return {
    encode({ id, event, metadata, stream }) {
      const version = versions[event.type];
      const checked = validateEventData(event.type, version, event.data);
      if (!checked.ok) throw faulty(event.type, checked.faults);
      const encoded: EncodedEvent = {
        id,
        type: event.type,
        data: canonicalJson(event.data),
        metadata: metadataText(event.type, metadata, version),
      };
      refuseTooLong(encoded, stream);
      return encoded;
    },
    recorded({ id, event, metadata, stream }, { revision, position }) {
      const { type, data } = event;
      const schemaVersion = versions[type];
      return {
        id,
        type,
        stream,
        revision,
        position,
        metadata: { ...metadata, schemaVersion },
        data,
      } as LedgerEvent;
    },
    decode(recorded) {
      const { id, type, stream, revision, position } = recorded;
      if (!isEventType(type)) throw new CodecError(`unknown event type at ${stream} revision ${revision}`);
      const metadata = metadataOf(recorded);
      const newest = versions[type];
      if (
        !Number.isInteger(metadata.schemaVersion) ||
        metadata.schemaVersion < 1 ||
        metadata.schemaVersion > newest
      )
        throw new CodecError(`unknown version of ${type} at ${stream} revision ${revision}`);
      let data = parse(recorded.data, recorded);
      const steps = upcasters[type] ?? NO_STEPS;
      for (let version = metadata.schemaVersion; version < newest; version++)
        data = steps[version - 1]?.(data) ?? data;
      return {
        id,
        type,
        stream,
        revision,
        position,
        metadata,
        data: data as unknown as EventData[typeof type],
      } as LedgerEvent;
    },
  };
}

function parse(text: string, { stream, revision }: RecordedEvent): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch {
    throw new CodecError(`unreadable event at ${stream} revision ${revision}`);
  }
}

export const serde: Serde = createSerde(EVENT_VERSIONS, UPCASTERS);

/**
 * The log entry of an event: canonical JSON of `{data, id, metadata, revision, stream, type}`. Anyone can recompute it
 * from the event store; the position is left out, so that it survives a move to another store.
 */
export const entryText: (
  event: EncodedEvent & { readonly stream: StreamName; readonly revision: number },
) => string = entryForm;

/** The form of a log entry around texts that stand for the parts of an event, for an engine that prints entries itself. */
export function entryForm({
  id,
  type,
  data,
  metadata,
  stream,
  revision,
}: Readonly<Record<'id' | 'type' | 'data' | 'metadata' | 'stream', string>> & {
  readonly revision: string | number;
}): string {
  return `{"data":${data},"id":"${id}","metadata":${metadata},"revision":${revision},"stream":"${stream}","type":"${type}"}`;
}

/** When the ledger took an event, whatever its type and version; undefined when its metadata can not be read. */
export function recordedAt({ metadata }: Pick<RecordedEvent, 'metadata'>): Instant | undefined {
  try {
    const { recordedAt: text } = JSON.parse(metadata) as { readonly recordedAt?: unknown };
    return typeof text === 'string' ? parseInstant(text) : undefined;
  } catch {
    return undefined;
  }
}
