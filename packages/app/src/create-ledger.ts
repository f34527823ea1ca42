import { serde } from '@stamp-ledger/codec';
import type {
  EventStore,
  OperationsJournal,
  PortError,
  ProcessRun,
  ReadModels,
  Runtime,
  SealGap,
  WorkShare,
} from '@stamp-ledger/ports';
import { createAggregates } from './aggregates.js';
import { allocationCommands } from './allocations.js';
import { auditQueries } from './audit.js';
import { batchCommands } from './batches.js';
import { CommitMeter } from './commit-meter.js';
import type { Context } from './context.js';
import { freshness } from './freshness.js';
import { incidentCommands } from './incidents.js';
import type { Ledger } from './ledger.js';
import { LogHead } from './log-head.js';
import { stampQueries } from './look-ups.js';
import { OperationsRecorder } from './operations-recorder.js';
import { orderCommands } from './orders.js';
import { outageReports } from './outage.js';
import { OrderFlow } from './queue/order-flow.js';
import { waitingRoom } from './queue/waiting-room.js';
import { QueueLengths } from './queue-lengths.js';
import { FulfilmentRates } from './rate-meter.js';
import type { PublishedLog } from './seal/published-log.js';
import type { Sealing } from './seal/sealing.js';
import { StampViews } from './stamp-views.js';
import { stampCommands } from './stamps.js';
import { stockPolicies } from './stock-policies.js';
import { verification } from './verify.js';
import { OWNS_EVERYTHING } from './work-keys.js';

/** The context of one process of the ledger, from its ports. */
export function createContext({
  store,
  readModels,
  runtime,
  share = OWNS_EVERYTHING,
  sealing,
  log,
}: {
  readonly store: EventStore;
  readonly readModels: ReadModels;
  readonly runtime: Runtime;
  /** All of the work, unless several processes share it. */
  readonly share?: WorkShare;
  /** Absent where nobody asks for what is sealed. */
  readonly sealing?: Sealing;
  /** Absent where the published log is not at hand. */
  readonly log?: PublishedLog;
}): Context {
  const commits = new CommitMeter();
  const orderFlow = new OrderFlow(() => runtime.clock.monotonicMilliseconds());
  const record = (milliseconds: number): void => {
    commits.record(milliseconds);
    orderFlow.committed(milliseconds);
  };
  return {
    store,
    serde,
    readModels,
    runtime,
    aggregates: createAggregates({ store, serde, clock: runtime.clock, commits: { record } }),
    commits,
    share,
    ...(sealing && { sealing }),
    ...(log && { log }),
    logHead: new LogHead({ store, clock: runtime.clock }),
    stampViews: new StampViews({ readModels, clock: runtime.clock }),
    queueLengths: new QueueLengths(readModels),
    fulfilmentRates: new FulfilmentRates(() => runtime.clock.monotonicMilliseconds()),
    orderFlow,
  };
}

/** The context with a journal of what happens around its log. The recorder has to be started and stopped. */
export function withOperations(
  context: Context,
  {
    journal,
    run,
    sealGaps,
    onPortError,
  }: {
    readonly journal: OperationsJournal;
    /** Of the sealer in this process, where there is one: see {@link RecorderOptions}. */
    readonly sealGaps?: () => readonly SealGap[];
    readonly run: Pick<ProcessRun, 'service' | 'version'>;
    readonly onPortError: (error: PortError) => void;
  },
): Context & { readonly operations: OperationsRecorder } {
  const { clock, ids } = context.runtime;
  const operations = new OperationsRecorder({
    journal,
    clock,
    run: { ...run, instance: ids.commandId() },
    lags: () =>
      Promise.all(
        context.readModels.status().map(async (status) => ({
          projection: status.projection,
          milliseconds: (await freshness(context, status)).lagMilliseconds,
        })),
      ),
    ...(sealGaps && { sealGaps }),
    onPortError,
  });
  return { ...context, operations };
}

/** The use cases. */
export function createLedger(context: Context): Ledger {
  const { readModels, sealing, log } = context;
  return {
    batches: batchCommands(context),
    allocations: allocationCommands(context),
    orders: orderCommands(context),
    stamps: { ...stampCommands(context), ...stampQueries(context), verify: verification(context) },
    incidents: incidentCommands(context),
    queue: waitingRoom(context),
    stock: stockPolicies(context),
    audit: { ...auditQueries(context), outage: outageReports(context) },
    refused: (kind, count) => context.operations?.refused(kind, count),
    commits: context.commits,
    ...(sealing && { sealing }),
    ...(log && { log }),
    readModels: {
      status: () => readModels.status(),
      lagMilliseconds: async (status) => (await freshness(context, status)).lagMilliseconds,
      startRebuild: (rebuildId) => readModels.startRebuild(rebuildId),
      rebuild: (rebuildId) => readModels.rebuild(rebuildId),
    },
  };
}
