import type { Position } from '@stamp-ledger/codec';

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
