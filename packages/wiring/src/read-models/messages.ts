import type { RunStatus } from '@stamp-ledger/app';
import type { Position } from '@stamp-ledger/codec';
import type { PortErrorKind, ReadModelQueries } from '@stamp-ledger/ports';

/** A PortError on its way between threads: classes do not survive it. */
export interface SentError {
  readonly kind: PortErrorKind;
  readonly message: string;
}

export interface ProjectionWorkerData {
  readonly logDirectory: string;
  readonly file: string;
}

export type ToProjectionWorker =
  | { readonly kind: 'wake'; readonly head: Position }
  | { readonly kind: 'stop' };

export type FromProjectionWorker =
  | { readonly kind: 'status'; readonly statuses: readonly RunStatus[] }
  /** The thread ends after it. */
  | { readonly kind: 'failed'; readonly error: SentError };

export interface ReportWorkerData {
  readonly file: string;
}

/** Queries that may take long: they are answered by a thread of their own. */
export type ReportName =
  | 'inventory'
  | 'conservation'
  | 'findEvents'
  | 'unfulfilled'
  | 'payments'
  | 'countEvents';

export type ToReportWorker =
  | {
      readonly kind: 'report';
      readonly id: number;
      readonly name: ReportName;
      readonly request: readonly unknown[];
    }
  | { readonly kind: 'stop' };

export type FromReportWorker =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly kind: 'refused'; readonly id: number; readonly error: SentError };

export type Reports = Pick<ReadModelQueries, ReportName>;
