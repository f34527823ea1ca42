import type { LedgerEvent, Position, RecordedEvent } from '@stamp-ledger/codec';
import {
  LIMITS,
  type ProjectionName,
  type ProjectionProgress,
  type ProjectionStatus,
  type ProjectionStore,
} from '@stamp-ledger/ports';
import { auditIndexProjection } from './audit-index.js';
import type { EventSource, Projected, Projection } from './batch.js';
import { isPassing, ProjectionFault, unexplained } from './fault.js';
import { decodeOrFault } from './guard.js';
import { inventoryProjection } from './inventory.js';
import { verificationProjection } from './verification.js';

/** All read models. */
export interface Projections {
  readonly inventory: Projection<'inventory'>;
  readonly verification: Projection<'verification'>;
  readonly 'audit-index': Projection<'audit-index'>;
}

export const PROJECTIONS: Projections = {
  inventory: inventoryProjection,
  verification: verificationProjection,
  'audit-index': auditIndexProjection,
};

/** Where one projection stands in this run. */
export interface RunStatus extends ProjectionStatus {
  /** Events it has seen since it began, this run's and earlier ones'. */
  readonly events: number;
  /** Events of this run that it had to read from the store because they had not been delivered. */
  readonly repaired: number;
}

export interface ProjectionRun extends EventSource {
  /** As {@link EventStore.readAll}. */
  readonly read: (request: {
    readonly after?: Position;
    readonly limit: number;
  }) => Promise<readonly RecordedEvent[]>;
  readonly store: ProjectionStore;
  readonly projections?: Projections;
  /** The projections to run; all of them unless told. */
  readonly names?: readonly ProjectionName[];
  readonly signal: AbortSignal;
  /** Called at the start, when look-ups show a page, after every page and when a projection halts. */
  readonly onStatus: (statuses: readonly RunStatus[]) => void;
  /** Resolves when the log may have events after `after`, or `signal` aborts. */
  readonly waitForMore: (after: Position | undefined, signal: AbortSignal) => Promise<void>;
  /** Resolves after so many milliseconds, or at once when `signal` aborts. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** What reading and feeding need of a run. */
type Feeding = Omit<ProjectionRun, 'waitForMore'>;

/** A projection's place in the run; changes as it goes. */
export interface Runner {
  readonly name: ProjectionName;
  progress: ProjectionProgress | undefined;
  repaired: number;
  halted: string | undefined;
}

/** A page of the log: what can be decoded, and the fault behind it when the rest cannot. */
export interface Page {
  readonly events: readonly LedgerEvent[];
  readonly fault: ProjectionFault | undefined;
}

export const PROJECTION_NAMES: readonly ProjectionName[] = ['verification', 'inventory', 'audit-index'];

/**
 * Keeps the projections up with an ordered, gap-free log until `signal` aborts: asks the sink where each stands, reads
 * after the one furthest behind, and gives each what it has not seen, in a transaction of its own of at most
 * {@link LIMITS.projectionEvents} events. An event that cannot be applied halts that projection where it stands, with
 * everything before it applied; the others go on. An unavailable log or sink is tried again.
 */
export async function runProjections(run: ProjectionRun): Promise<void> {
  const runners = await retrying(run, () => startRunners(run));
  if (runners === undefined) return;
  report(run, runners);
  while (!run.signal.aborted) {
    const running = runners.filter(({ halted }) => halted === undefined);
    if (running.length === 0) return;
    const after = furthestBehind(running);
    const page = await retrying(run, () => readPage(run, after));
    if (page === undefined) return;
    if (page === 'unreadable') {
      for (const runner of running) runner.halted = 'the log cannot be read';
      report(run, runners);
    } else if (page.events.length === 0 && page.fault === undefined) {
      await run.waitForMore(after, run.signal);
    } else {
      for (const runner of running) {
        await feed(run, runner, page);
        // Whoever looks a stamp up need not wait for what the other models make of the page.
        if (runner.name === 'verification') report(run, runners);
      }
      report(run, runners);
    }
  }
}

export async function startRunners({ store, names = PROJECTION_NAMES }: Feeding): Promise<Runner[]> {
  const progress = await store.progress();
  return names.map((name) => ({ name, progress: progress.get(name), repaired: 0, halted: undefined }));
}

function furthestBehind(runners: readonly Runner[]): Position | undefined {
  let least: Position | undefined;
  for (const [index, { progress }] of runners.entries()) {
    if (progress === undefined) return undefined;
    if (index === 0 || least === undefined || progress.position < least) least = progress.position;
  }
  return least;
}

export async function readPage(run: Feeding, after: Position | undefined): Promise<Page | 'unreadable'> {
  try {
    const recorded = await run.read({
      limit: LIMITS.projectionEvents,
      ...(after === undefined ? {} : { after }),
    });
    return decodePage(recorded, run);
  } catch (error) {
    if (isPassing(error)) throw error;
    return 'unreadable';
  }
}

function decodePage(recorded: readonly RecordedEvent[], source: EventSource): Page {
  const events: LedgerEvent[] = [];
  for (const each of recorded) {
    try {
      events.push(decodeOrFault(each, source));
    } catch (error) {
      if (error instanceof ProjectionFault) return { events, fault: error };
      throw error;
    }
  }
  return { events, fault: undefined };
}

/** Gives one projection what it has not seen of the page, up to the first event that it cannot take. */
export async function feed(run: Feeding, runner: Runner, page: Page): Promise<void> {
  const seen = runner.progress?.position;
  const unseen = seen === undefined ? page.events : page.events.filter(({ position }) => position > seen);
  const fault = await applyUnseen(run, runner, unseen);
  if (fault === undefined) {
    if (page.fault !== undefined && !run.signal.aborted) runner.halted = page.fault.message;
    return;
  }
  const before = unseen.filter(({ position }) => position < fault.position);
  const earlier = before.length < unseen.length ? await applyUnseen(run, runner, before) : undefined;
  runner.halted = (earlier ?? fault).message;
}

async function applyUnseen(
  run: Feeding,
  runner: Runner,
  events: readonly LedgerEvent[],
): Promise<ProjectionFault | undefined> {
  const [first] = events;
  if (first === undefined) return undefined;
  const result = await retrying(run, async () => {
    try {
      return await projectBatch(run, runner.name, events);
    } catch (error) {
      if (isPassing(error)) throw error;
      return error instanceof ProjectionFault ? error : unexplained(runner.name, first, error);
    }
  });
  if (result === undefined || result instanceof ProjectionFault) return result;
  runner.progress = result.progress;
  runner.repaired += result.repaired;
  return undefined;
}

/** Applies one batch to one projection in one transaction. Rejects with a ProjectionFault or a PortError. */
export function projectBatch(
  {
    store,
    projections = PROJECTIONS,
    readStream,
    decode,
  }: EventSource & { readonly store: ProjectionStore; readonly projections?: Projections },
  name: ProjectionName,
  events: readonly LedgerEvent[],
): Promise<Projected> {
  const source = { readStream, decode };
  switch (name) {
    case 'inventory':
      return store.transact(name, (transaction) => projections[name].project(transaction, events, source));
    case 'verification':
      return store.transact(name, (transaction) => projections[name].project(transaction, events, source));
    case 'audit-index':
      return store.transact(name, (transaction) => projections[name].project(transaction, events, source));
  }
}

/** Does the work again, at growing intervals, until it does not fail for a passing reason; undefined when aborted. */
export async function retrying<Result>(
  { signal, sleep }: Feeding,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  for (let pause: number = LIMITS.projectionRetryMilliseconds; !signal.aborted; ) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error)) throw error;
      await sleep(pause, signal);
      pause = Math.min(pause * 2, LIMITS.projectionRetryMillisecondsMax);
    }
  }
  return undefined;
}

export function report(run: Feeding, runners: readonly Runner[]): void {
  run.onStatus(
    runners.map(({ name, progress, repaired, halted }) => ({
      projection: name,
      events: progress?.events ?? 0,
      repaired,
      ...(progress === undefined ? {} : { position: progress.position, recordedAt: progress.recordedAt }),
      ...(halted === undefined ? {} : { halted }),
    })),
  );
}
