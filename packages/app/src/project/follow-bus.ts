import type { LedgerEvent, Position, RecordedEvent } from '@stamp-ledger/codec';
import {
  type BusConsumer,
  type BusMark,
  type BusTransaction,
  type Delivery,
  LIMITS,
  type Partition,
  type ProjectionName,
  type ProjectionTransactions,
  type SharedProjectionStore,
  type Taken,
} from '@stamp-ledger/ports';
import type { EventSource, Projected } from './batch.js';
import { isPassing, ProjectionFault, unexplained } from './fault.js';
import { PROJECTION_NAMES, PROJECTIONS, type Projections } from './follow-log.js';
import { decodeOrFault } from './guard.js';

export interface BusProjectionRun extends EventSource {
  readonly consumer: BusConsumer;
  readonly store: SharedProjectionStore;
  /** The log, for what the bus does not have any more. */
  readonly read: (request: {
    readonly after?: Position;
    readonly limit: number;
  }) => Promise<readonly RecordedEvent[]>;
  readonly projections?: Projections;
  readonly signal: AbortSignal;
  /** Called whenever the bus answered. */
  readonly onAlive: () => void;
  readonly onHalted: (projection: ProjectionName, reason: string) => void;
}

type Offsets = Map<Partition, bigint>;

/** What every projection is given of one take. */
interface Given {
  readonly deliveries: readonly Delivery[];
  readonly decode: EventSource['decode'];
}

/** What became of deliveries for one projection. `gaps`: the next offset wanted where deliveries begin behind it. */
type Fed = { readonly kind: 'fed' } | { readonly kind: 'gaps'; readonly gaps: Offsets };

/**
 * Keeps the projections up with the bus until `signal` aborts. Each keeps the offsets it has seen with its rows, in one
 * transaction: what comes again is left out, and where messages are missing the bus is asked to go back. What the bus
 * has no more is read from the log. An event that cannot be applied halts that projection alone.
 */
export async function runBusProjections(run: BusProjectionRun): Promise<void> {
  const halted = new Map<ProjectionName, string>();
  /** Those that this worker has said are going. */
  const going = new Set<ProjectionName>();
  /** Where the bus was asked to go back to: if it then begins later again, the messages are gone. */
  const asked: Offsets = new Map();

  async function take(deliveries: readonly Delivery[]): Promise<Taken> {
    const rewind: Offsets = new Map();
    const given: Given = { deliveries, decode: decodingOnce(run.decode) };
    // Side by side: while one waits for the database another is worked out.
    for (const wanted of await allOf(PROJECTION_NAMES.map((name) => takeUnlessHalted(name, given))))
      for (const [partition, offset] of wanted) rewind.set(partition, least(rewind.get(partition), offset));
    for (const { partition } of deliveries) asked.delete(partition);
    for (const [partition, to] of rewind) asked.set(partition, to);
    return rewind.size === 0 ? { kind: 'taken' } : { kind: 'rewind', to: rewind };
  }

  async function takeUnlessHalted(name: ProjectionName, given: Given): Promise<Offsets> {
    const known = halted.get(name);
    // Said with every delivery: another worker that starts takes it back.
    if (known !== undefined || !going.has(name)) await run.store.setHalted(name, known);
    if (known !== undefined) return new Map();
    going.add(name);
    return takeFor(name, given);
  }

  /** Feeds one projection; answers what it wants again. */
  async function takeFor(name: ProjectionName, given: Given): Promise<Offsets> {
    try {
      const fed = await feed(run, name, given);
      if (fed.kind === 'fed') return new Map();
      const gone = given.deliveries.filter(({ partition }) => {
        const [from, to] = [asked.get(partition), fed.gaps.get(partition)];
        return from !== undefined && to !== undefined && from <= to;
      });
      if (gone.length === 0) return fed.gaps;
      await catchUpFromLog(run, name, new Map(gone.map(({ partition, first }) => [partition, first])));
      return takeFor(name, given);
    } catch (error) {
      if (!(error instanceof ProjectionFault)) throw error;
      const sound = given.deliveries.map((delivery) => before(error.position, delivery));
      await feed(run, name, { ...given, deliveries: sound }).catch(ignoreFault);
      halted.set(name, error.message);
      run.onHalted(name, error.message);
      await run.store.setHalted(name, error.message);
      return new Map();
    }
  }

  await run.consumer.consume({ take, signal: run.signal, onAlive: run.onAlive });
}

function feed(run: BusProjectionRun, name: ProjectionName, { deliveries, decode }: Given): Promise<Fed> {
  return inTransaction(run, name, async (project, bus) => {
    const offsets = await bus.loadOffsets();
    const wanted = (partition: Partition): bigint => offsets.get(partition) ?? 0n;
    const gaps: Offsets = new Map();
    const events: LedgerEvent[] = [];
    const marks: BusMark[] = [];
    const reached: Offsets = new Map();
    for (const { partition, first, next, messages } of deliveries) {
      if (first > wanted(partition)) gaps.set(partition, wanted(partition));
      if (next > wanted(partition)) reached.set(partition, next);
      for (const message of messages) {
        if (message.offset < wanted(partition)) continue;
        if (message.kind === 'mark') marks.push(message.mark);
        else events.push(decodeOrFault(message.event, { decode }));
      }
    }
    if (gaps.size > 0) return { kind: 'gaps', gaps };
    if (reached.size === 0) return { kind: 'fed' };
    // Partitions are uneven; the order of the log leaves the projections the least to put right.
    events.sort((a, b) => (a.position < b.position ? -1 : 1));
    if (events.length > 0) await project(events);
    await bus.saveOffsets({ offsets: reached, marks });
    return { kind: 'fed' };
  });
}

/** The part of a delivery that comes before an event of the log. */
function before(position: Position, delivery: Delivery): Delivery {
  const end = delivery.messages.findIndex(
    (message) => message.kind === 'event' && message.event.position >= position,
  );
  const cut = delivery.messages[end];
  return cut === undefined
    ? delivery
    : { ...delivery, next: cut.offset, messages: delivery.messages.slice(0, end) };
}

/**
 * Applies the log from where the projection is settled to its end as it is now: whatever was on the bus before `offsets`
 * is in it. Then those offsets are reached.
 */
async function catchUpFromLog(run: BusProjectionRun, name: ProjectionName, offsets: Offsets): Promise<void> {
  let after = (await run.store.settled()).get(name)?.position;
  for (;;) {
    const page = await run.read({ limit: LIMITS.projectionEvents, ...(after && { after }) });
    const events = page.map((recorded) => decodeOrFault(recorded, run));
    after = events.at(-1)?.position ?? after;
    const isEnd = page.length < LIMITS.projectionEvents;
    const position = after;
    await inTransaction(run, name, async (project, bus) => {
      const projected = events.length === 0 ? undefined : await project(events);
      if (!isEnd) return;
      const recordedAt = projected?.progress?.recordedAt;
      const marks =
        position === undefined || recordedAt === undefined
          ? []
          : [{ position, recordedAt, offsets: new Map<Partition, bigint>() }];
      await bus.saveOffsets({ offsets, marks });
    });
    if (isEnd) return;
  }
}

/** Runs work on one projection and its place on the bus; what the projection throws becomes a fault or a PortError. */
function inTransaction<Result>(
  { store, readStream, decode, projections = PROJECTIONS }: BusProjectionRun,
  name: ProjectionName,
  work: (
    project: (events: readonly LedgerEvent[]) => Promise<Projected>,
    bus: BusTransaction,
  ) => Promise<Result>,
): Promise<Result> {
  const source = { readStream, decode };
  const run = <Name extends ProjectionName>(
    of: Name,
    projectWith: (
      transaction: ProjectionTransactions[Name],
      events: readonly LedgerEvent[],
    ) => Promise<Projected>,
  ): Promise<Result> =>
    store.transactFromBus(of, (transaction, bus) =>
      work((events) => explaining(of, events, () => projectWith(transaction, events)), bus),
    );
  switch (name) {
    case 'inventory':
      return run(name, (transaction, events) => projections[name].project(transaction, events, source));
    case 'verification':
      return run(name, (transaction, events) => projections[name].project(transaction, events, source));
    case 'audit-index':
      return run(name, (transaction, events) => projections[name].project(transaction, events, source));
  }
}

/** Whatever is neither a port's passing failure nor a fault already is one of the first event it was about. */
async function explaining(
  name: ProjectionName,
  [first]: readonly LedgerEvent[],
  work: () => Promise<Projected>,
): Promise<Projected> {
  try {
    return await work();
  } catch (error) {
    if (isPassing(error) || error instanceof ProjectionFault || first === undefined) throw error;
    throw unexplained(name, first, error);
  }
}

/** All the answers, once every one is in: what is still under way must not run beside the next attempt. */
async function allOf<Answer>(promises: readonly Promise<Answer>[]): Promise<Answer[]> {
  const failures = (await Promise.allSettled(promises)).flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
  );
  if (failures.length > 0) throw failures.find((failure) => !isPassing(failure)) ?? failures[0];
  return Promise.all(promises);
}

/** Every projection is given the same events; each is decoded for the first of them. Kept for one take. */
function decodingOnce(decode: EventSource['decode']): EventSource['decode'] {
  const decoded = new Map<RecordedEvent, LedgerEvent>();
  return (recorded) => {
    const known = decoded.get(recorded) ?? decode(recorded);
    decoded.set(recorded, known);
    return known;
  };
}

const least = (a: bigint | undefined, b: bigint): bigint => (a === undefined || b < a ? b : a);

function ignoreFault(error: unknown): void {
  if (!(error instanceof ProjectionFault)) throw error;
}
