import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Caller,
  type Context,
  createContext,
  createLedger,
  type Ledger,
  type PublishedLog,
  runJobs,
} from '@stamp-ledger/app';
import { deriveCommandId, serialDeriver, sha256Hex, ticketSealer } from '@stamp-ledger/codec';
import type { CommandId, Instant } from '@stamp-ledger/domain';
import { openEmbeddedEventStore } from '@stamp-ledger/embedded';
import type { EventStore, ReadModels, Runtime } from '@stamp-ledger/ports';
import { openEmbeddedReadModels, sleep } from '@stamp-ledger/wiring';

/** One life of a ledger in this process, on a directory that outlives it. */
export interface Life {
  readonly ledger: Ledger;
  readonly store: EventStore;
  readonly readModels: ReadModels;
  /** A second process that does the same jobs, as one would that does not know of the first. */
  workToo(): { end(): Promise<void> };
  /** Ends as a crash would: jobs stop where they are; what was not in the log is gone. */
  end(): Promise<void>;
}

/** A directory on which ledgers live one after another. */
export async function scene(): Promise<{ readonly directory: string; remove(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'stamp-ledger-faults-'));
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) };
}

/** What may stand between the ledger and its real store and read models. */
export interface Between {
  readonly store?: (store: EventStore) => EventStore;
  readonly readModels?: (readModels: ReadModels) => ReadModels;
  /** The published transparency log; absent where it is not at hand. */
  readonly log?: (store: EventStore) => PublishedLog;
  /** Milliseconds that anything sleeps at most: for jobs that look at intervals. */
  readonly longestSleep?: number;
}

/** Opens the ledger on its real store and read models. */
export async function begin(directory: string, between: Between = {}): Promise<Life> {
  const real = await openEmbeddedEventStore({
    directory,
    onFatal: (error) => {
      throw error;
    },
  });
  const runtime = testRuntime(0, between.longestSleep);
  const readModels = await openEmbeddedReadModels({ directory, store: real, now: runtime.clock.now });
  const log = between.log?.(real);
  const context = createContext({
    store: between.store?.(real) ?? real,
    readModels: between.readModels?.(readModels) ?? readModels,
    runtime,
    ...(log && { log }),
  });
  const worker = work(context);
  return {
    ledger: createLedger(context),
    store: real,
    readModels,
    workToo: () =>
      work(
        createContext({
          store: real,
          readModels,
          runtime: testRuntime(0, between.longestSleep),
          ...(log && { log }),
        }),
      ),
    end: async () => {
      await worker.end();
      await readModels.close();
      await real.close();
    },
  };
}

function work(context: Context): { end(): Promise<void> } {
  const stopping = new AbortController();
  const jobs = runJobs(context, { signal: stopping.signal, onPortError: () => undefined }).catch(
    (error: unknown) => {
      if (!(error instanceof Crash)) throw error;
    },
  );
  return {
    end: () => {
      stopping.abort();
      return jobs;
    },
  };
}

/** The process died here. */
export class Crash extends Error {}

let nextCommand = 0;
/** A caller with a fresh command id, or the one that `name` names. */
export function caller(name = `command ${nextCommand++}`): Caller {
  const commandId = deriveCommandId('test', name);
  return { actor: 'tester', commandId, correlationId: commandId, requestHash: sha256Hex(name) };
}

/** A runtime whose clock is `ahead` milliseconds before the others' and never stands still. */
export function testRuntime(ahead = 0, longestSleep = Number.POSITIVE_INFINITY): Runtime {
  let latest = Date.parse('2024-09-06T13:00:00Z') + ahead;
  return {
    clock: {
      now: () => new Date(latest++).toISOString() as Instant,
      monotonicMilliseconds: () => performance.now(),
      sleep: (milliseconds, signal) => sleep(Math.min(milliseconds, longestSleep), signal),
    },
    ids: { commandId: () => deriveCommandId('test', `id ${nextCommand++}`) as CommandId },
    serials: serialDeriver(Buffer.alloc(32, 7)),
    tickets: ticketSealer(Buffer.alloc(32, 8)),
  };
}

/** A store that hands every call on: for doubles that change one of them. */
export const passing = (store: EventStore): EventStore => ({
  append: (appends) => store.append(appends),
  readStream: (request) => store.readStream(request),
  readAll: (request) => store.readAll(request),
  head: () => store.head(),
  last: () => store.last(),
  follow: (request) => store.follow(request),
  streamChanged: (request) => store.streamChanged(request),
  close: () => store.close(),
});

/** As long as anything here may take. */
export const patience = (): AbortSignal => AbortSignal.timeout(20_000);

/** Looks again whenever the read models move, until it is so; the test's own patience ends it otherwise. */
export async function until({ readModels }: Life, isSo: () => Promise<boolean>): Promise<void> {
  const signal = patience();
  while (!(await isSo())) {
    if (signal.aborted) throw new Error('it did not come to be so');
    await readModels.advanced(AbortSignal.any([signal, AbortSignal.timeout(200)]));
  }
}
