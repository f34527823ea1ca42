import { type LedgerEvent, type Position, type RecordedEvent, recordedAt } from '@stamp-ledger/codec';
import type { Instant } from '@stamp-ledger/domain';
import {
  type BusConsumer,
  type BusLineage,
  type BusMark,
  type BusTransaction,
  type Delivery,
  type KnownLineage,
  LIMITS,
  type LineageId,
  type Partition,
  type ProjectionName,
  type ProjectionTransactions,
  type Settled,
  type SharedProjectionStore,
  type Taken,
} from '@stamp-ledger/ports';
import { KeyedQueue } from '../keyed-queue.js';
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
  readonly monotonicMilliseconds: () => number;
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

/**
 * What became of deliveries for one projection. `back`: they are not what its offsets are about. `gaps`: the next offset
 * wanted where deliveries begin behind it.
 */
type Fed =
  | { readonly kind: 'fed' }
  | { readonly kind: 'back' | 'gaps'; readonly to: Offsets; readonly lineage: LineageId | undefined };

/** `unfinished`: the same deliveries once more. */
type Outcome = Fed | { readonly kind: 'unfinished' };

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
  const trust = new Trust();
  const turns = new KeyedQueue<ProjectionName>(LIMITS.takesUnderWay);

  async function take(deliveries: readonly Delivery[]): Promise<Taken> {
    const given: Given = { deliveries, decode: decodingOnce(run.decode) };
    // Side by side: while one waits for the database another is worked out.
    const outcomes = await allOf(
      PROJECTION_NAMES.map(async (name) => ({
        name,
        outcome: await turns.run(name, () => takeUnlessHalted(name, given)),
      })),
    );
    if (outcomes.some(({ outcome }) => outcome.kind === 'unfinished')) return { kind: 'unfinished' };
    const rewind: Offsets = new Map();
    for (const { name, outcome } of outcomes) {
      if (outcome.kind !== 'back' && outcome.kind !== 'gaps') continue;
      trust.gain(name, outcome);
      for (const [partition, offset] of outcome.to)
        rewind.set(partition, least(rewind.get(partition), offset));
    }
    for (const { partition } of deliveries) asked.delete(partition);
    for (const [partition, to] of rewind) asked.set(partition, to);
    return rewind.size === 0 ? { kind: 'taken' } : { kind: 'rewind', to: rewind };
  }

  async function takeUnlessHalted(name: ProjectionName, given: Given): Promise<Outcome> {
    const known = halted.get(name);
    // Said with every delivery: another worker that starts takes it back.
    if (known !== undefined || !going.has(name)) await run.store.setHalted(name, known);
    if (known !== undefined) return { kind: 'fed' };
    going.add(name);
    return takeFor(name, given);
  }

  /** Feeds one projection; answers what it wants again. */
  async function takeFor(name: ProjectionName, given: Given): Promise<Outcome> {
    try {
      const fed = await feed(run, { name, given, trust });
      if (fed.kind !== 'gaps') return fed;
      const gone = given.deliveries.filter(({ partition }) => {
        const [from, to] = [asked.get(partition), fed.to.get(partition)];
        const isAnswer = trust.has(name, fed.lineage, partition);
        return isAnswer && from !== undefined && to !== undefined && from <= to;
      });
      if (gone.length === 0) return fed;
      const isDone = await catchUpFromLog(run, name, {
        lineage: fed.lineage,
        offsets: new Map(gone.map(({ partition, first }) => [partition, first])),
      });
      return isDone ? takeFor(name, given) : { kind: 'unfinished' };
    } catch (error) {
      if (!(error instanceof ProjectionFault)) throw error;
      const sound = given.deliveries.map((delivery) => before(error.position, delivery));
      await feed(run, { name, given: { ...given, deliveries: sound }, trust }).catch(ignoreFault);
      halted.set(name, error.message);
      run.onHalted(name, error.message);
      await run.store.setHalted(name, error.message);
      return { kind: 'fed' };
    }
  }

  await run.consumer.consume({ take, signal: run.signal, onAlive: run.onAlive });
}

/**
 * Of which partitions what comes was asked for since the lineage is known. Another worker may have taken the projection
 * over to that lineage while what is in hand here was fetched under the one before, where its offsets meant other messages.
 */
class Trust {
  readonly #known = new Map<
    ProjectionName,
    { readonly lineage: LineageId; readonly asked: Set<Partition> }
  >();

  has(name: ProjectionName, lineage: LineageId | undefined, partition: Partition): boolean {
    if (lineage === undefined) return true;
    const known = this.#known.get(name);
    return known?.lineage === lineage && known.asked.has(partition);
  }

  /** The bus goes back in these partitions. */
  gain(
    name: ProjectionName,
    { lineage, to }: { readonly lineage: LineageId | undefined; readonly to: Offsets },
  ): void {
    if (lineage === undefined) return;
    const known = this.#known.get(name);
    const asked = known?.lineage === lineage ? known.asked : new Set<Partition>();
    for (const partition of to.keys()) asked.add(partition);
    this.#known.set(name, { lineage, asked });
  }
}

interface Feeding {
  readonly name: ProjectionName;
  readonly given: Given;
  readonly trust: Trust;
}

function feed(run: BusProjectionRun, { name, given, trust }: Feeding): Promise<Fed> {
  const { deliveries, decode } = given;
  return inTransaction(run, name, async (project, bus) => {
    const [offsets, lineage] = await Promise.all([bus.loadOffsets(), bus.loadLineage()]);
    const wanted = (partition: Partition): bigint => offsets.get(partition) ?? 0n;
    const isOwn = (partition: Partition): boolean => trust.has(name, lineage?.id, partition);
    const strange = deliveries.filter(({ partition, messages }) => messages.length > 0 && !isOwn(partition));
    if (strange.length > 0) {
      // Also behind what is wanted: in a lineage that follows, marks may stand there.
      const to = strange.map(({ partition, first }) => [partition, least(first, wanted(partition))] as const);
      return { kind: 'back', to: new Map(to), lineage: lineage?.id };
    }
    const gaps = new Map(
      deliveries
        .filter(({ partition, first }) => first > wanted(partition))
        .map(({ partition }) => [partition, wanted(partition)] as const),
    );
    // First of all: a lineage that came between may be told of there.
    if (gaps.size > 0) return { kind: 'gaps', to: gaps, lineage: lineage?.id };
    const entry = entryOf(deliveries, { lineage, offsets });
    if (entry !== undefined) {
      await bus.enterLineage(entry);
      const to = deliveries.map(({ partition }) => [partition, entry.offsets.get(partition) ?? 0n] as const);
      return { kind: 'back', to: new Map(to), lineage: entry.lineage.id };
    }
    const events: LedgerEvent[] = [];
    const marks: BusMark[] = [];
    const reached: Offsets = new Map();
    for (const { partition, next, messages } of deliveries) {
      if (next > wanted(partition)) reached.set(partition, next);
      for (const message of messages) {
        if (message.offset < wanted(partition)) continue;
        if (message.kind === 'event') events.push(decodeOrFault(message.event, { decode }));
        else if (message.lineage.id === lineage?.id) marks.push(message.mark);
      }
    }
    if (reached.size === 0) return { kind: 'fed' };
    // Partitions are uneven; the order of the log leaves the projections the least to put right.
    events.sort((a, b) => (a.position < b.position ? -1 : 1));
    if (events.length > 0) await project(events);
    await bus.saveOffsets({ offsets: reached, marks });
    return { kind: 'fed' };
  });
}

type Entry = Parameters<BusTransaction['enterLineage']>[0] & { readonly lineage: BusLineage };

interface Place {
  readonly lineage: KnownLineage | undefined;
  readonly offsets: ReadonlyMap<Partition, bigint>;
}

/**
 * Where the marks lead from a place: absent when they are all of its lineage or of earlier ones. What a lineage has lost is
 * published again behind its start, so that is where to go on, settled as far at most; of one that follows no lineage known
 * here nothing was seen, and nothing says how far what the rows have is complete.
 */
function entryOf(deliveries: readonly Delivery[], { lineage, offsets }: Place): Entry | undefined {
  let entry: Entry | undefined;
  for (const { messages } of deliveries)
    for (const message of messages) {
      if (message.kind === 'event') continue;
      const at: Place = entry ?? { lineage, offsets };
      const { id, ancestors, start, from } = message.lineage;
      if (id === at.lineage?.id || at.lineage?.ancestors.includes(id) === true) continue;
      const isNext = at.lineage !== undefined && ancestors[0] === at.lineage.id;
      const settled = earlier(entry?.settled, from);
      entry = {
        lineage: message.lineage,
        offsets: isNext ? lower(at.offsets, start) : new Map(),
        ...(isNext && settled && { settled }),
      };
    }
  return entry;
}

const earlier = (a: Settled | undefined, b: Settled | undefined): Settled | undefined =>
  a === undefined || (b !== undefined && b.position < a.position) ? b : a;

function lower(a: ReadonlyMap<Partition, bigint>, b: ReadonlyMap<Partition, bigint>): Offsets {
  const both: Offsets = new Map();
  for (const [partition, offset] of a) {
    const other = b.get(partition);
    if (other !== undefined) both.set(partition, least(other, offset));
  }
  return both;
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
 * is in it. Then those offsets are reached. Each page is settled, so that a call goes on where the one before came to.
 * Answers false when its time is over first, when the run is, or when the offsets are of another lineage by then.
 */
async function catchUpFromLog(
  run: BusProjectionRun,
  name: ProjectionName,
  { lineage, offsets }: { readonly lineage: LineageId | undefined; readonly offsets: Offsets },
): Promise<boolean> {
  const end = run.monotonicMilliseconds() + LIMITS.catchUpMilliseconds;
  let settled = (await run.store.settled()).get(name);
  for (;;) {
    const after = settled?.position;
    const page = await run.read({ limit: LIMITS.projectionEvents, ...(after && { after }) });
    const events = page.map((recorded) => decodeOrFault(recorded, run));
    const isEnd = page.length < LIMITS.projectionEvents;
    settled = settledBehind(page, settled);
    const marks: readonly BusMark[] = settled === undefined ? [] : [{ ...settled, offsets: new Map() }];
    const isKept = await inTransaction(run, name, async (project, bus) => {
      if ((await bus.loadLineage())?.id !== lineage) return false;
      if (events.length > 0) await project(events);
      await bus.saveOffsets({ offsets: isEnd ? offsets : new Map(), marks });
      return true;
    });
    if (isEnd || !isKept) return isKept;
    if (run.signal.aborted || run.monotonicMilliseconds() >= end) return false;
  }
}

/** An event without a time of recording is for the projections to refuse. */
function settledBehind(page: readonly RecordedEvent[], settled: Settled | undefined): Settled | undefined {
  let next = settled;
  for (const event of page) {
    const time: Instant | undefined = recordedAt(event);
    if (time === undefined) continue;
    next = { position: event.position, recordedAt: next && next.recordedAt > time ? next.recordedAt : time };
  }
  return next;
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
