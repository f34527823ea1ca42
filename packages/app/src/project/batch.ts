import type { LedgerEvent, RecordedEvent } from '@stamp-ledger/codec';
import type {
  ProjectionName,
  ProjectionProgress,
  ProjectionTransactions,
  ReadStream,
} from '@stamp-ledger/ports';

/** Where a projection finds events that did not reach it. */
export interface EventSource {
  readonly readStream: ReadStream;
  /** Throws when the event is of no known type or version. */
  readonly decode: (recorded: RecordedEvent) => LedgerEvent;
}

/** What one batch came to. */
export interface Projected {
  /** Undefined when nothing was ever seen. */
  readonly progress: ProjectionProgress | undefined;
  /** Events that had not been delivered and were read from the store. */
  readonly repaired: number;
}

/**
 * One read model. `project` brings the rows of `transaction` up to date with `events` and saves rows and progress in
 * one call. It may be given the same events any number of times, and events of different streams in any order; those
 * of one stream only ever count in the order of their revisions.
 *
 * Rejects with a ProjectionFault for an event that it cannot apply, and then must not be committed.
 */
export interface Projection<Name extends ProjectionName> {
  readonly name: Name;
  project(
    transaction: ProjectionTransactions[Name],
    events: readonly LedgerEvent[],
    source: EventSource,
  ): Promise<Projected>;
}
