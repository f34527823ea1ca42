import type { Partition, ProjectionName } from '@stamp-ledger/ports';

/**
 * The offsets that this worker has reached, by projection. A database that crashes may take its last commits back, since
 * they do not wait for the disk: what they held has been taken from the bus, which does not send it again by itself.
 */
export class ReachedOffsets {
  readonly #reached = new Map<ProjectionName, Map<Partition, bigint>>();

  note(projection: ProjectionName, offsets: ReadonlyMap<Partition, bigint>): void {
    const known = this.#reached.get(projection) ?? new Map<Partition, bigint>();
    this.#reached.set(projection, known);
    for (const [partition, next] of offsets) known.set(partition, next);
  }

  /** Partitions that stand further back than they were left, with where they stand. */
  takenBack(
    projection: ProjectionName,
    stands: (partition: Partition) => bigint,
  ): ReadonlyMap<Partition, bigint> {
    const back = new Map<Partition, bigint>();
    for (const [partition, next] of this.#reached.get(projection) ?? []) {
      const stored = stands(partition);
      if (stored < next) back.set(partition, stored);
    }
    return back;
  }
}
