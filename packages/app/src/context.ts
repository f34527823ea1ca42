import type { Serde } from '@stamp-ledger/codec';
import type { EventStore, ReadModels, Runtime, WorkShare } from '@stamp-ledger/ports';
import type { Aggregates } from './aggregates.js';
import type { CommitMeter } from './commit-meter.js';
import type { LogHead } from './log-head.js';
import type { OperationsRecorder } from './operations-recorder.js';
import type { OrderFlow } from './queue/order-flow.js';
import type { QueueLengths } from './queue-lengths.js';
import type { FulfilmentRates } from './rate-meter.js';
import type { PublishedLog } from './seal/published-log.js';
import type { Sealing } from './seal/sealing.js';
import type { StampViews } from './stamp-views.js';

/** What every use case and job stands on. */
export interface Context {
  readonly store: EventStore;
  readonly serde: Serde;
  readonly readModels: ReadModels;
  readonly runtime: Runtime;
  readonly aggregates: Aggregates;
  readonly commits: CommitMeter;
  readonly fulfilmentRates: FulfilmentRates;
  readonly queueLengths: QueueLengths;
  readonly orderFlow: OrderFlow;
  /** Which jobs are this process's. */
  readonly share: WorkShare;
  readonly logHead: LogHead;
  readonly stampViews: StampViews;
  /** Absent when this process does not know what is sealed. */
  readonly sealing?: Sealing;
  /** Absent when the published log is not at hand. */
  readonly log?: PublishedLog;
  /** Refusals, lag and runs of processes; absent where nobody keeps them. */
  readonly operations?: OperationsRecorder;
}
