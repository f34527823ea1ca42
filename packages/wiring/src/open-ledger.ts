import {
  type Context,
  createLedger,
  type Ledger,
  type OverdueOrders,
  runJobs,
  watchOverdue,
  withOperations,
} from '@stamp-ledger/app';
import type {
  IdempotencyKeys,
  KeptOut,
  OperationsJournal,
  OrderIntake,
  PortError,
  Runtime,
  SealGap,
} from '@stamp-ledger/ports';
import { readAdminToken } from './admin-token.js';
import { atMost } from './close-all.js';
import type { Configuration } from './configuration.js';
import type { Engines } from './engines.js';
import type { Health } from './health-server.js';
import type { Logger } from './logger.js';
import { openEmbeddedParts } from './open-embedded-parts.js';
import { openReceipts, type Receipts } from './sealing/receipts.js';
import { VERSION } from './version.js';

/** Milliseconds that jobs may take to end: what an engine that is away leaves open is found by the next start. */
const STOP_MILLISECONDS = 4_000;

/** A ledger in this process, with what a service around it needs. */
export interface OpenLedger {
  readonly ledger: Ledger;
  readonly idempotencyKeys: IdempotencyKeys;
  readonly runtime: Runtime;
  readonly receipts: Receipts;
  /** Present when no identity provider is configured. */
  readonly adminToken?: string;
  health(): Health;
  /** The engines that do not answer, one sentence each: what goes on without which is for the service to say. */
  away(): readonly string[];
  /** Starts minting, allocation, fulfilment and expiry. */
  startBackground(): void;
  /** Starts moving the waiting room for orders; in every process that takes them. */
  startWaitingRoom(given?: WaitingRoomGiven): void;
  /** Resolves when the background work has stopped; commands are still taken. */
  stopBackground(): Promise<void>;
  /** Stops the background work, then closes everything in the order in which nothing is lost. */
  close(): Promise<void>;
}

/** What is known of orders outside the ledger. */
export interface WaitingRoomGiven {
  /** What this process can take of them; measured by itself when absent. */
  readonly intake?: OrderIntake;
  /** Whose are kept out before they come to it. */
  readonly keptOut?: () => KeptOut;
  readonly opensUnderPressure?: boolean;
}

/** The engines of a ledger, opened: what it works on, and how to close it. */
export interface Parts {
  readonly context: Context;
  readonly idempotencyKeys: IdempotencyKeys;
  readonly journal: OperationsJournal;
  /** The engines that do not answer, one sentence each. */
  away(): readonly string[];
  /** Of the sealer in this process, where there is one. */
  readonly sealGaps?: () => readonly SealGap[];
  /** Closes everything in the order in which nothing is lost. */
  close(): Promise<void>;
}

export interface OpenRequest {
  readonly configuration: Configuration;
  readonly logger: Logger;
  /** Whether this process does the work behind accepted commands, or a share of it. */
  readonly jobs: boolean;
  /** What this process is called in the journal of runs. */
  readonly service: string;
  /** Called when the process must end (a failed fsync, a broken invariant): nothing is acknowledged after it. */
  readonly onFatal: (error: unknown) => void;
}

/** Opens the ledger that the configuration describes. */
export async function openLedger(request: OpenRequest): Promise<OpenLedger> {
  const { configuration } = request;
  const { engines, identity, dataDirectory, origin } = configuration;
  const parts = await (engines === undefined
    ? openEmbeddedParts(request)
    : openDistributed({ ...request, engines }));
  const { idempotencyKeys } = parts;
  const context = withOperations(parts.context, {
    journal: parts.journal,
    run: { service: request.service, version: VERSION },
    ...(parts.sealGaps && { sealGaps: parts.sealGaps }),
    onPortError: (error) =>
      request.logger.warn({ kind: error.kind, reason: error.message }, 'the journal cannot be written'),
  });
  context.operations.start();
  const ledger = createLedger(context);
  const background = createBackground(context, ledger, request);
  return {
    ledger,
    idempotencyKeys,
    runtime: context.runtime,
    receipts: await openReceipts({ dataDirectory, origin }),
    ...(identity.kind === 'local' ? { adminToken: await readAdminToken(dataDirectory) } : {}),
    health: () => healthOf(context),
    away: () => parts.away(),
    startBackground: () => background.start(),
    startWaitingRoom: (given) => background.keepRoom(given),
    stopBackground: () => background.stop(),
    close: async () => {
      await background.stop();
      await context.operations.stop();
      await parts.close();
    },
  };
}

/** The clients of the engines are some hundred files, which an embedded ledger has no use for. */
async function openDistributed(request: OpenRequest & { readonly engines: Engines }): Promise<Parts> {
  const { openDistributedParts } = await import('./distributed/open-parts.js');
  return openDistributedParts(request);
}

interface Background {
  start(): void;
  keepRoom(given: WaitingRoomGiven | undefined): void;
  stop(): Promise<void>;
}

function createBackground(context: Context, { queue }: Ledger, { logger, onFatal }: OpenRequest): Background {
  const stopping = new AbortController();
  const running: Promise<void>[] = [];
  const { signal } = stopping;
  const onPortError = (job: string, error: PortError): void =>
    logger.warn({ job, kind: error.kind, reason: error.message }, 'a job waits for a port');
  const run = (work: Promise<void>): void => {
    running.push(work.catch((error: unknown) => onFatal(error)));
  };
  return {
    start: () => {
      run(runJobs(context, { signal, onPortError }));
      run(watchOverdue(context, { signal, onChange: (overdue) => logOverdue(logger, overdue) }));
    },
    keepRoom: (given) =>
      run(queue.run({ ...given, signal, onPortError: (error) => onPortError('waiting-room', error) })),
    stop: async () => {
      stopping.abort();
      await atMost(STOP_MILLISECONDS, Promise.all(running));
    },
  };
}

/** Who paid and waits too long is an operator's business; the listing of them is `/v1/audit/unfulfilled`. */
function logOverdue(logger: Logger, { byCause, more, oldest }: OverdueOrders): void {
  if (oldest === undefined) logger.info('no paid order is overdue any more');
  else
    logger.error(
      {
        ...byCause,
        more,
        oldest: { orderId: oldest.order.orderId, paidAt: oldest.order.paidAt, cause: oldest.cause },
      },
      'paid orders are overdue',
    );
}

function healthOf({ readModels, sealing }: Context): Health {
  const failing = readModels
    .status()
    .filter(({ halted }) => halted !== undefined)
    .map(({ projection, halted }) => `projection ${projection} halted: ${halted}`);
  const status = sealing?.status();
  if (status?.kind === 'halted') failing.push(`sealing halted: ${status.halt.reason}: ${status.halt.detail}`);
  if (status?.kind === 'refilling') failing.push('lost events are being put back from the log');
  return { ready: failing.length === 0, failing };
}
