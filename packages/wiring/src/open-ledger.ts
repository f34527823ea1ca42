import { mkdir } from 'node:fs/promises';
import { type Context, createContext, createLedger, type Ledger, runJobs } from '@stamp-ledger/app';
import { recordedAt } from '@stamp-ledger/codec';
import { openEmbeddedEventStore, openEmbeddedIdempotencyKeys } from '@stamp-ledger/embedded';
import {
  type EventStore,
  type IdempotencyKeys,
  LIMITS,
  type ReadModels,
  type Runtime,
} from '@stamp-ledger/ports';
import { readAdminToken } from './admin-token.js';
import type { Configuration } from './configuration.js';
import type { Logger } from './logger.js';
import { openEmbeddedReadModels } from './read-models/embedded-read-models.js';
import { recentCommands } from './recent-commands.js';
import { openRuntime } from './runtime.js';

/** A ledger in this process, with what a service around it needs. */
export interface OpenLedger {
  readonly ledger: Ledger;
  readonly idempotencyKeys: IdempotencyKeys;
  readonly runtime: Runtime;
  /** Present when no identity provider is configured. */
  readonly adminToken?: string;
  health(): Health;
  /** Starts minting, allocation, fulfilment and expiry. */
  startBackground(): void;
  /** Resolves when the background work has stopped; commands are still taken. */
  stopBackground(): Promise<void>;
  /** Stops the background work, then closes everything in the order in which nothing is lost. */
  close(): Promise<void>;
}

export interface Health {
  readonly ready: boolean;
  /** Why not, one sentence each. */
  readonly failing: readonly string[];
}

/**
 * Opens the ledger that the configuration describes. `onFatal` is called when the process must end (a failed fsync, a
 * broken invariant): nothing is acknowledged after it.
 */
export async function openLedger({
  configuration,
  logger,
  onFatal,
}: {
  readonly configuration: Configuration;
  readonly logger: Logger;
  readonly onFatal: (error: unknown) => void;
}): Promise<OpenLedger> {
  const directory = configuration.dataDirectory;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const store = await openEmbeddedEventStore({ directory, onFatal });
  const last = await store.last();
  const runtime = await openRuntime({
    dataDirectory: directory,
    logHasEvents: last !== undefined,
    notBefore: last && recordedAt(last),
  });
  const readModels = await openEmbeddedReadModels({ directory, store, now: runtime.clock.now });
  const now = (): number => Date.parse(runtime.clock.now());
  const idempotencyKeys = await openEmbeddedIdempotencyKeys({
    directory,
    now,
    recent: await recentCommands(store, { since: now() - LIMITS.idempotencyKeyMilliseconds }),
  });
  const context = createContext({ store, readModels, runtime });
  const background = createBackground({ context, logger, onFatal });
  return {
    ledger: createLedger(context),
    idempotencyKeys,
    runtime,
    ...(configuration.identity.kind === 'local' ? { adminToken: await readAdminToken(directory) } : {}),
    health: () => healthOf(readModels),
    startBackground: () => background.start(),
    stopBackground: () => background.stop(),
    close: () => closeAll({ background, idempotencyKeys, readModels, store }),
  };
}

interface Background {
  start(): void;
  stop(): Promise<void>;
}

function createBackground({
  context,
  logger,
  onFatal,
}: {
  readonly context: Context;
  readonly logger: Logger;
  readonly onFatal: (error: unknown) => void;
}): Background {
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
      return running;
    },
  };
}

function healthOf(readModels: ReadModels): Health {
  const failing = readModels
    .status()
    .filter(({ halted }) => halted !== undefined)
    .map(({ projection, halted }) => `projection ${projection} halted: ${halted}`);
  return { ready: failing.length === 0, failing };
}

async function closeAll({
  background,
  idempotencyKeys,
  readModels,
  store,
}: {
  readonly background: Background;
  readonly idempotencyKeys: IdempotencyKeys;
  readonly readModels: ReadModels;
  readonly store: EventStore;
}): Promise<void> {
  await background.stop();
  await idempotencyKeys.close();
  await readModels.close();
  await store.close();
}
