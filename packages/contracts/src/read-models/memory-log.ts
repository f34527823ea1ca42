import {
  deriveCommandId,
  deriveEventId,
  type LedgerEvent,
  type Position,
  type RecordedEvent,
  type StreamName,
  serde,
  sha256Hex,
} from '@stamp-ledger/codec';
import type { Backfill, DomainEvent, Instant } from '@stamp-ledger/domain';
import type { ReadStream } from '@stamp-ledger/ports';

/** What a test says about an event besides the event itself; the rest is made up. */
export interface Circumstances {
  readonly recordedAt: Instant;
  readonly occurredAt?: Instant;
  readonly actor?: string;
  /** Names the command; events with the same one belong together. */
  readonly command?: string;
  readonly correlation?: string;
  readonly backfill?: Backfill;
}

const POSITION_DIGITS = 16;

/** A log in memory, in the order of appending. Positions leave gaps, as those of a distributed store do. */
export class MemoryLog {
  readonly recorded: RecordedEvent[] = [];
  readonly events: LedgerEvent[] = [];
  readonly #revisions = new Map<StreamName, number>();

  append(stream: StreamName, event: DomainEvent, circumstances: Circumstances): LedgerEvent {
    const revision = (this.#revisions.get(stream) ?? -1) + 1;
    const index = this.recorded.length;
    const {
      recordedAt,
      occurredAt,
      actor = 'contract',
      command = `command ${index}`,
      backfill,
    } = circumstances;
    const commandId = deriveCommandId(command);
    const correlationId =
      circumstances.correlation === undefined ? commandId : deriveCommandId(circumstances.correlation);
    const encoded = serde.encode({
      id: deriveEventId(commandId, stream, revision),
      stream,
      event,
      metadata: {
        commandId,
        correlationId,
        causationId: commandId,
        actor,
        requestHash: sha256Hex(command),
        occurredAt: occurredAt ?? recordedAt,
        recordedAt,
        ...(backfill === undefined ? {} : { backfill }),
      },
    });
    return this.appendRecorded({ ...encoded, stream, revision, position: positionAt(index) });
  }

  /** Takes an event as it is, whatever it holds. */
  appendRecorded(recorded: RecordedEvent): LedgerEvent {
    this.recorded.push(recorded);
    this.#revisions.set(recorded.stream, recorded.revision);
    const event = serde.decode(recorded);
    this.events.push(event);
    return event;
  }

  readonly readStream: ReadStream = async ({ stream, from, limit }) => ({
    events: this.recorded.filter((each) => each.stream === stream && each.revision >= from).slice(0, limit),
  });

  readonly readAll = async ({
    after,
    limit,
  }: {
    readonly after?: Position;
    readonly limit: number;
  }): Promise<readonly RecordedEvent[]> =>
    this.recorded.filter(({ position }) => after === undefined || position > after).slice(0, limit);
}

/** Numbers far apart, so that no code can rely on the next position being one more. */
export const positionAt = (index: number): Position =>
  String(index * 37 + 1).padStart(POSITION_DIGITS, '0') as Position;
