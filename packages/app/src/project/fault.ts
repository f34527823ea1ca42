import type { LedgerEvent, Position } from '@stamp-ledger/codec';
import { PortError, type ProjectionName } from '@stamp-ledger/ports';

/**
 * Why a projection cannot go on: the event at `position` and what is wrong with it. The message goes into its status:
 * it names the event's place and type, never a value.
 */
export class ProjectionFault extends Error {
  override readonly name = 'ProjectionFault';
  constructor(
    readonly position: Position,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}

/** Ends an exhaustive switch. */
export function unreachable(value: never): never {
  throw new Error(`not a known case: ${typeof value}`);
}

/** True for a failure that goes away: nothing is wrong with the events or the rows. */
export const isPassing = (error: unknown): boolean => error instanceof PortError && error.kind !== 'corrupt';

/** The fault of a batch that failed for a reason which names no event. */
export const unexplained = (
  name: ProjectionName,
  { position }: LedgerEvent,
  cause: unknown,
): ProjectionFault =>
  new ProjectionFault(
    position,
    `${name} failed at or soon after position ${position}: ${cause instanceof Error ? cause.name : 'unknown error'}`,
    { cause },
  );
