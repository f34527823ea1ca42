import type { Position } from '@stamp-ledger/codec';
import type { IncidentId, Instant } from '@stamp-ledger/domain';
import type { AsOf, IncidentView, JournalReport, ProcessRun, UnfulfilledOrder } from '@stamp-ledger/ports';
import type { ToldGap } from './seal/gaps.js';

/** `from` is included, `to` is not. An open incident lasts until now. */
export type OutageRequest =
  | { readonly from: Instant; readonly to: Instant }
  | { readonly incidentId: IncidentId };

export interface EventTotals {
  readonly total: number;
  readonly byType: Readonly<Record<string, number>>;
}

/** An affixing of which nobody knew whether it happened, and what became of it. */
export interface UnknownOutcome {
  readonly serial: string;
  readonly reportedAt: Instant;
  readonly position: Position;
  readonly ending: 'affixed' | 'not-affixed' | 'voided' | 'open';
  readonly endedAt?: Instant;
}

export interface OutageReport {
  readonly from: Instant;
  readonly to: Instant;
  /** Incidents that overlap the window. */
  readonly incidents: readonly IncidentView[];
  /** How far the audit index has read. */
  readonly asOf: AsOf;
  /** Events recorded in the window. */
  readonly accepted: EventTotals;
  /** Requests refused in the whole minutes of the window, by problem; undefined where nobody counts them. */
  readonly refused?: {
    readonly total: number;
    readonly byKind: Readonly<Record<string, number>>;
    /** A crash of a process takes what it counted in this many last seconds at most. */
    readonly lostByCrashSeconds: number;
  };
  readonly outcomeUnknown: {
    readonly total: number;
    readonly cases: readonly UnknownOutcome[];
    readonly more: boolean;
  };
  readonly reservationsReleased: number;
  /** Facts that happened during these incidents and were recorded late, whenever that was. */
  readonly backfilled: readonly ({ readonly incidentId: IncidentId } & EventTotals)[];
  /** Orders refunded in the window. */
  readonly refunded: number;
  /** Paid sales without an order whose stamps were voided as refunds in the window. */
  readonly salesRefunded: number;
  /** Orders paid in the window that have no stamps and no refund now. */
  readonly paidNotFulfilled: { readonly orders: readonly UnfulfilledOrder[]; readonly more: boolean };
  readonly readModelLag: JournalReport['lags'];
  /** Runs of the ledger's processes that were there in the window. One without `stoppedAt` runs, or was killed. */
  readonly processes: { readonly runs: readonly ProcessRun[]; readonly more: boolean };
  readonly sealing: 'not-configured' | 'configured';
  /** Where there are more `processes`, times without a sealer are told only up to the start of the last one listed. */
  readonly sealGaps: readonly ToldGap[];
}
