import { recordedAt } from '@stamp-ledger/codec';
import type { EventStore, PortError } from '@stamp-ledger/ports';
import { openPostgresProbe } from '@stamp-ledger/postgres';
import { closeAll } from '../close-all.js';
import type { RisingClock } from '../runtime.js';
import { EngineWatch } from './engine-watch.js';

/** Whether the engines of one process answer. */
export interface WatchedEngines {
  /** Those that do not, one sentence each. */
  away(): readonly string[];
  /** Whether the log has events; unknown before it has answered. From then on the clock tells no time before its last. */
  logHasEvents(): boolean | 'unknown';
  close(): Promise<void>;
}

interface Given {
  readonly store: EventStore;
  readonly url: string;
  readonly clock: RisingClock;
  readonly onAway: (engine: string) => (error: PortError) => void;
  readonly onFatal: (error: unknown) => void;
}

/** Begins to watch the log and the database. Rejects when the database has tables of another version. */
export async function watchEngines({ store, url, clock, onAway, onFatal }: Given): Promise<WatchedEngines> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const probe = openPostgresProbe({ url });
  let logHasEvents: boolean | 'unknown' = 'unknown';
  const askLog = async (): Promise<void> => {
    const last = await store.last();
    const time = last && recordedAt(last);
    if (time !== undefined) clock.notBefore(time);
    logHasEvents = last !== undefined;
  };
  const watch = (engine: string, ask: () => Promise<void>): Promise<EngineWatch> =>
    EngineWatch.start({ engine, ask, onAway: onAway(engine), signal, onFatal });
  const close = async (): Promise<void> => {
    stopping.abort();
    await closeAll([probe]);
  };
  try {
    const watches = await Promise.all([
      watch('EventStoreDB', askLog),
      watch('PostgreSQL', () => probe.ask()),
    ]);
    return {
      away: () => watches.flatMap((each) => each.failing()),
      logHasEvents: () => logHasEvents,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
