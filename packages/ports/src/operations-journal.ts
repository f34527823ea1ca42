import type { Instant } from '@stamp-ledger/domain';
import type { ProjectionName } from './read-models.js';

/** How often something was refused in one minute. */
export interface RefusalCount {
  /** When the minute began. */
  readonly minute: Instant;
  /** Why: the name of a problem, of which there are not many. */
  readonly kind: string;
  readonly count: number;
}

/** How far a read model fell behind the log in one minute, at most. */
export interface LagPeak {
  readonly minute: Instant;
  readonly projection: ProjectionName;
  readonly milliseconds: number;
}

/** One run of a process of the ledger. */
export interface ProcessRun {
  /** Random, one for each run. */
  readonly instance: string;
  /** What it is: `api`, `relay` and so on. */
  readonly service: string;
  readonly version: string;
  readonly startedAt: Instant;
  /** When it last said that it is there. */
  readonly seenAt: Instant;
  /** Absent while it runs, and for ever when it was killed. */
  readonly stoppedAt?: Instant;
}

/** A time in which events waited to be sealed longer than they should, and were. */
export interface SealGap {
  readonly from: Instant;
  readonly to: Instant;
  /** Events that waited. */
  readonly events: number;
}

export interface JournalEntries {
  /** Added to what is there. */
  readonly refusals: readonly RefusalCount[];
  /** The greater one is kept. */
  readonly lags: readonly LagPeak[];
  /** Each has ended, or reaches as far as it is known. One with the same beginning is replaced. */
  readonly sealGaps: readonly SealGap[];
  /** Replaces the same instance. */
  readonly run?: ProcessRun;
}

export interface JournalWindow {
  /** Whole minutes that overlap `from` (included) to `to` (not). */
  readonly from: Instant;
  readonly to: Instant;
}

export interface JournalReport {
  /** By kind, in the order of the kinds. */
  readonly refusals: readonly Pick<RefusalCount, 'kind' | 'count'>[];
  /** The greatest of each projection. */
  readonly lags: readonly Pick<LagPeak, 'projection' | 'milliseconds'>[];
  /** Runs that were there in the window, by their start, at most {@link LIMITS.queryRows}. */
  readonly runs: readonly ProcessRun[];
  readonly hasMoreRuns: boolean;
  /** Overlapping the window, by their beginning, at most {@link LIMITS.queryRows}. */
  readonly sealGaps: readonly SealGap[];
}

/**
 * What happened around the log and left nothing in it: refusals, lag, delays of sealing, starts and stops. It is no part of the truth, so
 * it may lose the last moments before a crash of the machine; a crash of the process takes only what was not recorded
 * yet. Kept for {@link LIMITS.journalMilliseconds}. Rejects only with a {@link PortError}.
 */
export interface OperationsJournal {
  /** Records in one step. `now` decides what is old enough to be forgotten. */
  record(entries: JournalEntries, now: Instant): Promise<void>;
  report(window: JournalWindow): Promise<JournalReport>;
  close(): Promise<void>;
}
