import {
  batchStream,
  deriveCommandId,
  deriveEventId,
  fromMilliseconds,
  type Position,
  type RecordedEvent,
  type StreamName,
  serde,
  sha256Hex,
  stampStream,
} from '@stamp-ledger/codec';
import type { BatchId, DomainEvent, Instant, Serial } from '@stamp-ledger/domain';

export const BATCH = 'batch-1' as BatchId;
const START = Date.UTC(2024, 8, 6);
export const positionOf = (index: number): Position => String(index).padStart(16, '0') as Position;
export const timeOf = (index: number): Instant => fromMilliseconds(START + index * 1_000);
export const serialOf = (index: number): Serial => `S${index}`.padEnd(22, 'X') as Serial;

/** A log in which a batch is opened at 0, and a stamp minted at each place from 1 on. */
export function recordedStamp(index: number): RecordedEvent {
  const denomination = { amount: '10000', currency: 'IDR' };
  const [stream, event]: [StreamName, DomainEvent] =
    index === 0
      ? [
          batchStream(BATCH),
          { type: 'BatchOpened', data: { batchId: BATCH, series: 's', denomination, quantity: 100_000 } },
        ]
      : [
          stampStream(serialOf(index)),
          {
            type: 'StampMinted',
            data: { serial: serialOf(index), batchId: BATCH, series: 's', denomination, index: index - 1 },
          },
        ];
  const commandId = deriveCommandId(`command ${index}`);
  return {
    ...serde.encode({
      id: deriveEventId(commandId, stream, 0),
      stream,
      event,
      metadata: {
        commandId,
        correlationId: commandId,
        causationId: commandId,
        actor: 'test',
        requestHash: sha256Hex('request'),
        occurredAt: timeOf(index),
        recordedAt: timeOf(index),
      },
    }),
    stream,
    revision: 0,
    position: positionOf(index),
  };
}
