import {
  CodecError,
  parseStream,
  type RecordedEvent,
  recordedAt,
  type Serde,
  type StreamName,
} from '@stamp-ledger/codec';
import type { Instant } from '@stamp-ledger/domain';
import {
  type BusPublisher,
  type EventStore,
  LIMITS,
  PortError,
  type PublisherTurn,
  type Routed,
} from '@stamp-ledger/ports';
import { WeightedLru } from './weighted-lru.js';

export interface RelayRun {
  readonly store: Pick<EventStore, 'follow' | 'readAll' | 'readStream'>;
  readonly serde: Pick<Serde, 'decode'>;
  readonly publisher: BusPublisher;
  readonly signal: AbortSignal;
  /** Resolves after so many milliseconds, or at once when `signal` aborts. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly onStatus: (status: RelayStatus) => void;
  /** Called each time that the bus answers. */
  readonly onAlive: () => void;
  /** Called when the log was read while leading, and when the bus has taken a page of it. */
  readonly onProgress: () => void;
  readonly onPortError: (error: PortError) => void;
}

export type RelayStatus =
  /** The bus has not taken this relay in. */
  | { readonly kind: 'joining' }
  | { readonly kind: 'standing-by' }
  /** Everything up to `position` is on the bus. */
  | { readonly kind: 'leading'; readonly position?: string };

/**
 * Carries the log to the bus until `signal` aborts: waits for the turn, asks the bus what was published last, goes on
 * after that. At least once, in order for each key. The bus owns the place, so nothing is kept here. A failing log or bus
 * is tried again; any other error rejects.
 */
export async function runRelay(run: RelayRun): Promise<void> {
  const route = createRouter(run);
  for (let failures = 0; !run.signal.aborted; ) {
    run.onStatus({ kind: 'joining' });
    try {
      const turn = await run.publisher.lead({
        signal: run.signal,
        onStandBy: () => run.onStatus({ kind: 'standing-by' }),
        onAlive: run.onAlive,
      });
      if (turn === undefined) return;
      await publishDuring(run, turn, {
        route,
        onPublished: () => {
          failures = 0;
        },
      });
    } catch (error) {
      if (!(error instanceof PortError) || error.kind === 'corrupt') throw error;
      if (run.signal.aborted) return;
      run.onPortError(error);
      await run.sleep(pauseAfter(failures++), run.signal);
    }
  }
}

const pauseAfter = (failures: number): number =>
  Math.min(LIMITS.relayRetryMilliseconds * 2 ** Math.min(failures, 16), LIMITS.relayRetryMillisecondsMax);

type Route = (event: RecordedEvent) => Promise<Routed>;

interface Publishing {
  readonly route: Route;
  readonly onPublished: () => void;
}

/** Publishes until the turn or the run is over. What an engine that is away still owes then is not waited for. */
async function publishDuring(run: RelayRun, turn: PublisherTurn, publishing: Publishing): Promise<void> {
  const settled = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    if (run.signal.aborted) resolve();
    else run.signal.addEventListener('abort', () => resolve(), { once: true, signal: settled.signal });
  });
  try {
    await Promise.race([publishPages(run, turn, publishing), stopped]);
  } finally {
    settled.abort();
    await turn.resign();
  }
}

async function publishPages(
  { store, signal, onStatus, onProgress }: RelayRun,
  turn: PublisherTurn,
  { route, onPublished }: Publishing,
): Promise<void> {
  const over = AbortSignal.any([signal, turn.ended]);
  let latest = turn.mark?.recordedAt;
  const showPosition = (position: string | undefined): void =>
    onStatus({ kind: 'leading', ...(position === undefined ? {} : { position }) });
  showPosition(turn.mark?.position);
  const after = turn.mark?.position;
  // A follower that waits for something new does not say that it can read.
  await store.readAll({ limit: 1, ...(after && { after }) });
  onProgress();
  const pages = store.follow({ limit: LIMITS.relayEvents, signal: over, ...(after && { after }) });
  for await (const page of pages) {
    const last = page.at(-1);
    if (last === undefined || over.aborted) continue;
    const messages: Routed[] = [];
    for (const event of page) messages.push(await route(event));
    latest = latestOf(latest, page);
    if (over.aborted) return;
    // An event without a time of recording is for the projections to refuse; until one has a time, so has no mark.
    await turn.publish({ messages, position: last.position, recordedAt: latest ?? EPOCH });
    onPublished();
    onProgress();
    showPosition(last.position);
  }
}

const EPOCH = '1970-01-01T00:00:00.000Z' as Instant;

function latestOf(latest: Instant | undefined, page: readonly RecordedEvent[]): Instant | undefined {
  let later = latest;
  for (const event of page) {
    const time = recordedAt(event);
    if (time !== undefined && (later === undefined || time > later)) later = time;
  }
  return later;
}

/** Stamps go by serial, orders by channel, which only an order's first event names, everything else by its stream. */
function createRouter({ store, serde }: Pick<RelayRun, 'store' | 'serde'>): Route {
  const channels = new WeightedLru<StreamName, string>(LIMITS.relayedOrders);

  function channelIn(event: RecordedEvent | undefined): string | undefined {
    if (event === undefined) return undefined;
    try {
      const decoded = serde.decode(event);
      return decoded.type === 'OrderPlaced' ? decoded.data.channel : undefined;
    } catch (error) {
      if (error instanceof CodecError) return undefined;
      throw error;
    }
  }

  async function channelOf(event: RecordedEvent): Promise<string> {
    const { stream, revision } = event;
    const known = channels.get(stream);
    if (known !== undefined) return known;
    const first = revision === 0 ? event : (await store.readStream({ stream, limit: 1 })).events[0];
    // An order that cannot be read still has a key of its own.
    const channel = channelIn(first) ?? stream;
    channels.set(stream, channel, 1);
    return channel;
  }

  return async (event) => {
    const parsed = parseStream(event.stream);
    switch (parsed?.kind) {
      case 'stamp':
        return { topic: 'stamps', key: parsed.id, event };
      case 'order':
        return { topic: 'orders', key: await channelOf(event), event };
      case 'batch':
      case 'allocation':
      case 'incident':
      case 'queue':
      case 'stock':
      case 'log':
      case undefined:
        return { topic: 'control', key: event.stream, event };
    }
  };
}
