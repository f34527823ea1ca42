import type { Position } from '@stamp-ledger/codec';
import type { ProjectionName, ProjectionStatus, ReadModels } from '@stamp-ledger/ports';

/** Where the projections stand, and who waits for them to move. All in memory: nothing is polled. */
export class ProgressWatch {
  #statuses: readonly ProjectionStatus[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #waitingForMove = new Set<() => void>();

  /** What the port shows of them. */
  status(): readonly ProjectionStatus[] {
    return this.#statuses;
  }

  /** Takes new statuses and wakes those they concern. */
  update(statuses: readonly ProjectionStatus[]): void {
    const before = new Map<ProjectionName, Position | undefined>(
      this.#statuses.map(({ projection, position }) => [projection, position]),
    );
    this.#statuses = statuses;
    for (const look of [...this.#waiting]) look();
    const moved = statuses.some(({ projection, position }) => {
      const earlier = before.get(projection);
      return position !== undefined && (earlier === undefined || position > earlier);
    });
    if (moved) for (const resolve of [...this.#waitingForMove]) resolve();
  }

  /** As {@link ReadModels.reached}; false at once when a halted projection will not get there. */
  reached({ position, milliseconds, projections }: Parameters<ReadModels['reached']>[0]): Promise<boolean> {
    const now = this.#reaches(position, projections);
    if (now !== undefined || milliseconds <= 0) return Promise.resolve(now ?? false);
    return new Promise((resolve) => {
      const finish = (reached: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(reached);
      };
      const look = (): void => {
        const reached = this.#reaches(position, projections);
        if (reached !== undefined) finish(reached);
      };
      const timer = setTimeout(() => finish(false), milliseconds);
      this.#waiting.add(look);
    });
  }

  /** As {@link ReadModels.advanced}. */
  advanced(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        signal.removeEventListener('abort', finish);
        this.#waitingForMove.delete(finish);
        resolve();
      };
      signal.addEventListener('abort', finish);
      this.#waitingForMove.add(finish);
    });
  }

  /** Undefined while it may still come true. */
  #reaches(position: Position, projections: readonly ProjectionName[] | undefined): boolean | undefined {
    let all = this.#statuses.length > 0;
    for (const status of this.#statuses) {
      if (projections !== undefined && !projections.includes(status.projection)) continue;
      if (status.position !== undefined && status.position >= position) continue;
      if (status.halted !== undefined) return false;
      all = false;
    }
    return all ? true : undefined;
  }
}
