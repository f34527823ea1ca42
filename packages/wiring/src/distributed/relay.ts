import { performance } from 'node:perf_hooks';
import { type RelayStatus, runRelay } from '@stamp-ledger/app';
import { type Position, serde } from '@stamp-ledger/codec';
import { openEventStoreDb } from '@stamp-ledger/eventstoredb';
import { openKafkaPublisher } from '@stamp-ledger/kafka';
import { atMost, closeAll } from '../close-all.js';
import type { Watched } from '../health-server.js';
import type { DistributedGiven } from '../run-service.js';
import { sleep } from '../sleep.js';
import { EngineWatch } from './engine-watch.js';
import { RelayHealth } from './relay-health.js';

/** Milliseconds that the relay may take to give its part up. */
const STOP_MILLISECONDS = 5_000;

/** A running part of the distributed ledger. */
export interface Part extends Watched {
  stop(): Promise<void>;
}

/** Starts carrying the log to Kafka, or standing by for another relay that does. */
export async function openRelay({ engines, logger, onFatal }: DistributedGiven): Promise<Part> {
  const store = await openEventStoreDb(engines.eventStoreDb);
  const stopping = new AbortController();
  let head: Position | undefined;
  const log = await EngineWatch.start({
    engine: 'EventStoreDB',
    ask: async () => {
      head = await store.head();
    },
    onAway: ({ kind, message }) => logger.warn({ kind, reason: message }, 'EventStoreDB cannot be reached'),
    signal: stopping.signal,
    onFatal,
  });
  const publisher = await openKafkaPublisher({
    ...engines.kafka,
    clientId: 'stamp-ledger-relay',
    onError: ({ kind, message }) =>
      logger.warn({ kind, reason: message }, 'the membership of the relays ended'),
  });
  const relay = new RelayHealth(() => performance.now());
  const running = runRelay({
    store,
    serde,
    publisher,
    signal: stopping.signal,
    sleep,
    onStatus: (next: RelayStatus) => {
      if (next.kind !== relay.status.kind) logger.info({ relay: next.kind }, 'the relay changed its part');
      relay.is(next);
    },
    onAlive: () => relay.busAnswered(),
    onProgress: () => relay.progressed(),
    onPortError: (error) => {
      relay.failed();
      logger.warn({ kind: error.kind, reason: error.message }, 'the relay waits for the log or Kafka');
    },
  }).catch(onFatal);
  return {
    // One that cannot reach an engine is not helped by a new process; one that leads and does not get on is.
    live: () => log.failing().length > 0 || !relay.isStuck(head),
    health: () => {
      const failing = [...log.failing(), ...relay.failing()];
      return { ready: failing.length === 0, failing };
    },
    gauges: () => ({ ledger_relay_leading: relay.status.kind === 'leading' ? 1 : 0 }),
    stop: async () => {
      stopping.abort();
      await atMost(STOP_MILLISECONDS, running);
      await closeAll([publisher, store]);
    },
  };
}
