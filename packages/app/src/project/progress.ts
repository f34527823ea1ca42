import { type LedgerEvent, toMilliseconds } from '@stamp-ledger/codec';
import type { Instant } from '@stamp-ledger/domain';
import type { ProgressWrite, ProjectionProgress, TimelineStep } from '@stamp-ledger/ports';

/**
 * Where a projection stands after these events too; undefined when nothing was ever seen. `repaired` are events that
 * were not delivered: they have their place in the timeline but do not count as seen.
 */
export function advance(
  from: ProjectionProgress | undefined,
  delivered: readonly LedgerEvent[],
  repaired: readonly LedgerEvent[],
): ProgressWrite | undefined {
  const events =
    repaired.length === 0
      ? delivered
      : [...delivered, ...repaired].sort((a, b) => (a.position < b.position ? -1 : 1));
  const timeline: TimelineStep[] = [];
  let position = from?.position;
  let recordedAt = from?.recordedAt;
  let disorderMilliseconds = from?.disorderMilliseconds ?? 0;
  for (const event of events) {
    const time = event.metadata.recordedAt as Instant;
    if (recordedAt !== undefined && time < recordedAt)
      disorderMilliseconds = Math.max(
        disorderMilliseconds,
        toMilliseconds(recordedAt) - toMilliseconds(time),
      );
    if (position !== undefined && event.position <= position) {
      timeline.push({ recordedAt: time, position: event.position });
    } else {
      if (recordedAt === undefined || time > recordedAt)
        timeline.push({
          recordedAt: time,
          position: event.position,
          ...(position === undefined ? {} : { before: position }),
        });
      position = event.position;
    }
    if (recordedAt === undefined || time > recordedAt) recordedAt = time;
  }
  if (position === undefined || recordedAt === undefined) return undefined;
  return {
    progress: {
      position,
      recordedAt,
      disorderMilliseconds,
      events: (from?.events ?? 0) + delivered.length,
    },
    timeline,
  };
}
