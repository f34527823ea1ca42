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
  const disorder = new Disorder(from);
  let position = from?.position;
  let recordedAt = from?.recordedAt;
  /** Of the steps that lie behind where the projection was, the latest. */
  let late: TimelineStep | undefined;
  for (const event of events) {
    const time = event.metadata.recordedAt as Instant;
    disorder.saw(time);
    const isLater = recordedAt === undefined || time > recordedAt;
    if (position !== undefined && event.position <= position) {
      const step: TimelineStep = { recordedAt: time, position: event.position };
      const isLatest = late === undefined || time > late.recordedAt;
      if (isLatest || (late !== undefined && event.position < late.position)) timeline.push(step);
      if (isLatest) late = step;
    } else {
      if (isLater)
        timeline.push({
          recordedAt: time,
          position: event.position,
          ...(position === undefined ? {} : { before: position }),
        });
      position = event.position;
    }
    if (isLater) recordedAt = time;
  }
  if (position === undefined || recordedAt === undefined) return undefined;
  return {
    progress: {
      position,
      recordedAt,
      disorderMilliseconds: disorder.milliseconds,
      events: (from?.events ?? 0) + delivered.length,
    },
    timeline,
  };
}

/** By how many milliseconds times of recording ever fell. Instants are read only where they may have fallen further. */
class Disorder {
  #latest: Instant | undefined;
  /** The earliest since the latest. */
  #earliest: Instant | undefined;
  #milliseconds: number;

  constructor(from: ProjectionProgress | undefined) {
    this.#latest = from?.recordedAt;
    this.#milliseconds = from?.disorderMilliseconds ?? 0;
  }

  saw(time: Instant): void {
    if (this.#latest === undefined || time > this.#latest) {
      this.#measure();
      this.#latest = time;
    } else if (time < this.#latest && (this.#earliest === undefined || time < this.#earliest)) {
      this.#earliest = time;
    }
  }

  get milliseconds(): number {
    this.#measure();
    return this.#milliseconds;
  }

  #measure(): void {
    if (this.#latest === undefined || this.#earliest === undefined) return;
    const fallen = toMilliseconds(this.#latest) - toMilliseconds(this.#earliest);
    this.#milliseconds = Math.max(this.#milliseconds, fallen);
    this.#earliest = undefined;
  }
}
