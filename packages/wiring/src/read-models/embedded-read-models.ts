import type { RunStatus } from '@stamp-ledger/app';
import type { Position } from '@stamp-ledger/codec';
import type { Instant } from '@stamp-ledger/domain';
import { inspectEmbeddedReadModels, readModelsFile } from '@stamp-ledger/embedded';
import { type EventStore, LIMITS, type ProjectionStatus, type ReadModels } from '@stamp-ledger/ports';
import { coalesced } from '../coalesced.js';
import { Generation } from './generation.js';
import { readPointer, removeGenerations, writePointer } from './pointer.js';
import { ProgressWatch } from './progress-watch.js';
import { Rebuilds } from './rebuilds.js';

/** What the read models need of the log in this process: how far it reaches, and to be told when it grows. */
export interface CommittingStore extends Pick<EventStore, 'head'> {
  onCommit(listener: (head: Position) => void): () => void;
}

export interface EmbeddedReadModelsOptions {
  /** Holds the log, and is given the files of the read models. */
  readonly directory: string;
  readonly store: CommittingStore;
  readonly now: () => Instant;
  /** For tests: {@link LIMITS.projectedFromNothing}. */
  readonly projectedFromNothing?: number;
}

/**
 * Opens the read models beside an embedded log. A thread of their own keeps them up with it, another works out
 * reports; look-ups are answered on the calling thread. Read models that are damaged, of another version or ahead of
 * the log (an older log was restored) are built anew: in a rebuild, when the log is long. Rejects with a PortError.
 */
export async function openEmbeddedReadModels({
  directory,
  store,
  now,
  projectedFromNothing = LIMITS.projectedFromNothing,
}: EmbeddedReadModelsOptions): Promise<ReadModels> {
  const end = await store.head();
  const { number, isEmpty } = usableGeneration(directory, end);
  removeGenerations(directory, (each) => each !== number);
  let live = await Generation.start(directory, number);
  const watch = new ProgressWatch();
  const follow = (generation: Generation): void => {
    let entries: readonly Entry[] = [];
    const update = (): void => {
      entries = generation.statuses.map((status) => entryOf(status, entries));
      watch.update(entries.map(({ shown }) => shown));
    };
    generation.onStatus(update);
    update();
  };
  try {
    live.openQueries();
  } catch (error) {
    await live.close();
    throw error;
  }
  follow(live);
  const rebuilds = new Rebuilds({
    directory,
    now,
    live: () => live,
    head: async () => store.head(),
    swap: (next) => {
      live = next;
      follow(next);
    },
  });
  // Positions of the embedded log count its events.
  if (isEmpty && Number(end ?? 0) > projectedFromNothing) {
    await live.pause();
    await rebuilds.start(`from nothing at ${now()}`);
  }
  const unsubscribe = store.onCommit(
    coalesced(LIMITS.commitNoticeMilliseconds, (head) => {
      live.wake(head);
      rebuilds.wake(head);
    }),
  );
  const head = await store.head();
  if (head !== undefined) live.wake(head);
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    unsubscribe();
    await rebuilds.close();
    await live.close();
  };
  return {
    ...delegated(() => live),
    status: () => watch.status(),
    reached: (request) => watch.reached(request),
    advanced: (signal) => watch.advanced(signal),
    startRebuild: (rebuildId) => rebuilds.start(rebuildId),
    rebuild: async (rebuildId) => rebuilds.status(rebuildId),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/** The generation that the pointer names, or a new one when that cannot be used. The pointer names it afterwards. */
function usableGeneration(
  directory: string,
  head: Position | undefined,
): { readonly number: number; readonly isEmpty: boolean } {
  const pointed = readPointer(directory);
  if (pointed !== undefined) {
    const seen = inspectEmbeddedReadModels({ file: readModelsFile(directory, pointed) });
    if (seen === 'absent') return { number: pointed, isEmpty: true };
    const ahead = (position: Position): boolean => head === undefined || position > head;
    if (seen !== 'unusable' && ![...seen.values()].some(({ position }) => ahead(position)))
      return { number: pointed, isEmpty: seen.size === 0 };
  }
  const fresh = (pointed ?? 0) + 1;
  // A rebuild that broke off may have left files of this number, and nobody inspects what the pointer named just now.
  removeGenerations(directory, (each) => each === fresh);
  writePointer(directory, fresh);
  return { number: fresh, isEmpty: true };
}

/** A run's status with what the port shows of it. */
interface Entry {
  readonly status: RunStatus;
  readonly shown: ProjectionStatus;
}

/** The entry there was as long as the projection has seen nothing more: rows that were looked up are still good. */
function entryOf(status: RunStatus, before: readonly Entry[]): Entry {
  const same = before.find(
    (entry) =>
      entry.status.projection === status.projection &&
      entry.status.events === status.events &&
      entry.status.halted === status.halted,
  );
  if (same !== undefined) return same;
  const { events: _, repaired: __, ...shown } = status;
  return { status, shown };
}

/** Every query goes to the generation that is live when it is asked. */
function delegated(
  live: () => Generation,
): Omit<ReadModels, 'status' | 'reached' | 'advanced' | 'startRebuild' | 'rebuild' | 'close'> {
  return {
    stamp: (serial) => live().queries.stamp(serial),
    stampsOfDocument: (sha256, page) => live().queries.stampsOfDocument(sha256, page),
    stampsOfOrder: (orderId) => live().queries.stampsOfOrder(orderId),
    order: (orderId) => live().queries.order(orderId),
    ordersAhead: (filter) => live().queries.ordersAhead(filter),
    ordersToFulfil: (page) => live().queries.ordersToFulfil(page),
    ordersToReturn: (page) => live().queries.ordersToReturn(page),
    unpaidOrders: (page) => live().queries.unpaidOrders(page),
    stock: (page) => live().queries.stock(page),
    stockCount: (filter) => live().queries.stockCount(filter),
    expiredReservations: (page) => live().queries.expiredReservations(page),
    batchMinted: (batchId) => live().queries.batchMinted(batchId),
    batchesToMint: (page) => live().queries.batchesToMint(page),
    allocated: (allocationId) => live().queries.allocated(allocationId),
    allocationsToDo: (page) => live().queries.allocationsToDo(page),
    incidents: (page) => live().queries.incidents(page),
    inventory: (filter, moment) => live().reports.inventory(filter, moment),
    conservation: (moment) => live().reports.conservation(moment),
    findEvents: (filter, page) => live().reports.findEvents(filter, page),
    unfulfilled: (page) => live().reports.unfulfilled(page),
    countEvents: (filter) => live().reports.countEvents(filter),
    payments: (filter, page) => live().reports.payments(filter, page),
  };
}
