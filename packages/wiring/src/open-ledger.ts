import { type Context, createLedger, type Ledger, runJobs, withOperations } from '@stamp-ledger/app';
import type { IdempotencyKeys, OperationsJournal, Runtime } from '@stamp-ledger/ports';
import { readAdminToken } from './admin-token.js';
import type { Configuration } from './configuration.js';
import { atMost } from './distributed/close-all.js';
import { openDistributedParts } from './distributed/open-parts.js';
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
  /** Resolves when the background work has stopped; commands are still taken. */
  stopBackground(): Promise<void>;
  /** Stops the background work, then closes everything in the order in which nothing is lost. */
  close(): Promise<void>;
}

/** The engines of a ledger, opened: what it works on, and how to close it. */
export interface Parts {
  readonly context: Context;
  readonly idempotencyKeys: IdempotencyKeys;
  readonly journal: OperationsJournal;
  /** The engines that do not answer, one sentence each. */
  away(): readonly string[];
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
    : openDistributedParts({ ...request, engines }));
  const { idempotencyKeys } = parts;
  const context = withOperations(parts.context, {
    journal: parts.journal,
    run: { service: request.service, version: VERSION },
    onPortError: (error) =>
      request.logger.warn({ kind: error.kind, reason: error.message }, 'the journal cannot be written'),
  });
  context.operations.start();
  const background = createBackground(context, request);
  return {
    ledger: createLedger(context),
    idempotencyKeys,
    runtime: context.runtime,
    receipts: await openReceipts({ dataDirectory, origin }),
    ...(identity.kind === 'local' ? { adminToken: await readAdminToken(dataDirectory) } : {}),
    health: () => healthOf(context),
    away: () => parts.away(),
    startBackground: () => background.start(),
    stopBackground: () => background.stop(),
    close: async () => {
      await background.stop();
      await context.operations.stop();
      await parts.close();
    },
  };
}

interface Background {
  start(): void;
  stop(): Promise<void>;
}

function createBackground(context: Context, { logger, onFatal }: OpenRequest): Background {
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  return {
    start: () => {
      running = runJobs(context, {
        signal: stopping.signal,
        onPortError: (job, error) =>
          logger.warn({ job, kind: error.kind, reason: error.message }, 'a job waits for a port'),
      }).catch((error: unknown) => onFatal(error));
    },
    stop: () => {
      stopping.abort();
      return atMost(STOP_MILLISECONDS, running);
    },
  };
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
