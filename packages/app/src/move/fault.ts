/** Why an export cannot be made or taken in. Stable: operators and scripts go by these names. */
export type MoveFaultKind =
  /** The first line is not the header of an export. */
  | 'not-an-export'
  /** An export of a version that this one does not know. */
  | 'unsupported-version'
  /** A line that is neither an event, as the ledger writes it, nor the trailer. */
  | 'malformed-line'
  /** The export ends without its trailer. */
  | 'truncated'
  /** The trailer names another number of events. */
  | 'wrong-count'
  /** The trailer names another hash. */
  | 'wrong-hash'
  /** There is something behind the trailer. */
  | 'after-the-end'
  /** An event that cannot follow what its stream holds. */
  | 'revision-out-of-order'
  /** The target holds something that the export does not begin with. */
  | 'target-differs'
  /** The source holds an event that is not in the form in which the ledger writes events. */
  | 'not-portable';

/** What is wrong with an export or a target. The message names a line and never what stands in it. */
export class MoveFault extends Error {
  override readonly name = 'MoveFault';
  constructor(
    readonly kind: MoveFaultKind,
    /** Line of the export, from 1. */
    readonly line: number,
    detail: string,
  ) {
    super(`line ${line}: ${detail}`);
  }
}
