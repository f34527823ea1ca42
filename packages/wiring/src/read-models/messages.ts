import type { RunStatus } from '@stamp-ledger/app';
import type { Position } from '@stamp-ledger/codec';
import type { ReadModelPart } from '@stamp-ledger/embedded';
import { PortError, type PortErrorKind, type ReadModelQueries } from '@stamp-ledger/ports';

/** A PortError on its way between threads: classes do not survive it. */
export interface SentError {
  readonly kind: PortErrorKind;
  readonly message: string;
}

export const sentError = (error: unknown): SentError =>
  error instanceof PortError
    ? { kind: error.kind, message: error.message }
    : { kind: 'corrupt', message: error instanceof Error ? error.name : 'unknown error' };

export interface ProjectionWorkerData {
  readonly logDirectory: string;
  readonly file: string;
}

/** A thread that fills one file of a new generation from the log, up to where that ends now, and then ends itself. */
export interface BuildWorkerData extends ProjectionWorkerData {
  readonly part: ReadModelPart;
}

export interface ToBuildWorker {
  readonly kind: 'stop';
}

export type FromBuildWorker =
  | { readonly kind: 'status'; readonly statuses: readonly RunStatus[] }
  | { readonly kind: 'finished' }
  | { readonly kind: 'failed'; readonly error: SentError };

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
