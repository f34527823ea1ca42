import type { Position } from '@stamp-ledger/codec';
import type { Instant } from '@stamp-ledger/domain';
import { PortError } from '@stamp-ledger/ports';
import { TransparencyError } from '@stamp-ledger/transparency';

/** Why a log is not sealed any further until a person has looked. */
export type HaltReason =
  /** What is published, or was shown to a witness, is ahead of the signed checkpoint or contradicts it: a fork, or old files were restored. */
  | 'forked'
  /** A checkpoint is published or was shown to a witness, but nothing says what was signed last. */
  | 'lock-lost'
  /** The event store lacks events that are sealed: an older backup was restored. */
  | 'source-behind'
  /** An event is not the one that was sealed in its place. */
  | 'source-differs'
  /** A tile or bundle is missing, unreadable, or not what was signed. */
  | 'tiles-damaged'
  /** The signed checkpoint is of another log. */
  | 'wrong-origin'
  /** No key of this log signed the signed checkpoint, or a signature by one does not hold. */
  | 'unknown-signature'
  /** Another sealer signed meanwhile. */
  | 'overtaken'
  /** A file system or a database lost what it said was durable. */
  | 'storage';

/** Where the sealer stands. */
export type SealStatus =
  /** `sealed`: what the event store was found to have every event of, though it may not be published; absent before that. */
  | { readonly kind: 'starting'; readonly sealed?: Sealed }
  /**
   * `round` is what the last round added, if anything. `signed`: what is about to be signed, or waits signed until it may
   * be published; the event store was found to have every event of it.
   */
  | {
      readonly kind: 'running';
      readonly sealed: Sealed;
      readonly signed?: Sealed;
      readonly round?: SealedRound;
    }
  | { readonly kind: 'refilling'; readonly missing: MissingEvents }
  /**
   * `sealed`: what the event store was last found to have every event of; absent when the sealer halted before it had
   * found that, or while lost events were put back.
   */
  | { readonly kind: 'halted'; readonly halt: Halt; readonly sealed?: Sealed };

/** What the event store was last found to have every event of: it must not end before it. */
export function foundIn(status: SealStatus): Sealed | undefined {
  switch (status.kind) {
    case 'running':
      return status.signed ?? status.sealed;
    case 'starting':
    case 'halted':
      return status.sealed;
    case 'refilling':
      return undefined;
  }
}

/** Events that became part of the log together. */
export interface SealedRound {
  readonly events: number;
  /** When the first of them was recorded. */
  readonly since: Instant;
}

/** What is published. */
export interface Sealed {
  /** Events in the log. */
  readonly size: number;
  /** Position of the last of them in the event store. */
  readonly position?: Position;
}

/** Leaves of the log whose events the store does not have. */
export interface MissingEvents {
  readonly from: number;
  readonly to: number;
}

export interface Halt {
  readonly reason: HaltReason;
  /** For an operator, in one sentence. */
  readonly detail: string;
  readonly missing?: MissingEvents;
}

/** Ends the sealer where it is. */
export class SealHalted extends Error {
  override readonly name = 'SealHalted';
  constructor(readonly halt: Halt) {
    super(halt.detail);
  }
}

export const halted = (reason: HaltReason, detail: string, missing?: MissingEvents): SealHalted =>
  new SealHalted({ reason, detail, ...(missing && { missing }) });

/**
 * Whether new events must not be taken: while it is not known that the event store has every sealed event, and after the
 * first four reasons, a new event could take a place that is sealed already, which is how a log forks. After the others
 * events are safe, only unsealed.
 */
export function haltsIntake({ halt, sealed }: Extract<SealStatus, { kind: 'halted' }>): boolean {
  if (sealed === undefined) return true;
  switch (halt.reason) {
    case 'forked':
    case 'lock-lost':
    case 'source-behind':
    case 'source-differs':
      return true;
    case 'tiles-damaged':
    case 'wrong-origin':
    case 'unknown-signature':
    case 'overtaken':
    case 'storage':
      return false;
  }
}

/** The halt that an error of a port or of a format amounts to; undefined for what may be tried again, and for mistakes. */
export function haltOf(error: unknown): Halt | undefined {
  if (error instanceof SealHalted) return error.halt;
  if (error instanceof PortError)
    return error.kind === 'corrupt' ? { reason: 'storage', detail: error.message } : undefined;
  if (!(error instanceof TransparencyError)) return undefined;
  switch (error.kind) {
    case 'wrong-origin':
      return { reason: 'wrong-origin', detail: error.message };
    case 'bad-signature':
    case 'no-known-signature':
    case 'malformed-note':
    case 'bad-checkpoint':
      return {
        reason: 'unknown-signature',
        detail: `a checkpoint of this log does not open: ${error.message}`,
      };
    default:
      return { reason: 'tiles-damaged', detail: error.message };
  }
}
