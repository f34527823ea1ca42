import { type RelayStatus, runRelay } from '@stamp-ledger/app';
import { serde } from '@stamp-ledger/codec';
import { openEventStoreDb } from '@stamp-ledger/eventstoredb';
import { openKafkaPublisher } from '@stamp-ledger/kafka';
import type { Watched } from '../health-server.js';
import type { DistributedGiven } from '../run-service.js';
import { sleep } from '../sleep.js';

/** Milliseconds of failures in a row after which a relay is not ready. */
const TROUBLE_MILLISECONDS = 15_000;

/** A running part of the distributed ledger. */
export interface Part extends Watched {
  stop(): Promise<void>;
}

/** Starts carrying the log to Kafka, or standing by for another relay that does. */
export async function openRelay({ engines, logger, onFatal }: DistributedGiven): Promise<Part> {
  const store = await openEventStoreDb(engines.eventStoreDb);
  const publisher = await openKafkaPublisher({
    ...engines.kafka,
    clientId: 'stamp-ledger-relay',
    onError: ({ kind, message }) =>
      logger.warn({ kind, reason: message }, 'the membership of the relays ended'),
  });
  const stopping = new AbortController();
  let status: RelayStatus = { kind: 'joining' };
  let troubledSince: number | undefined;
  const running = runRelay({
    store,
    serde,
    publisher,
    signal: stopping.signal,
    sleep,
    onStatus: (next) => {
      if (next.kind !== status.kind) logger.info({ relay: next.kind }, 'the relay changed its part');
      if (next.kind !== 'joining') troubledSince = undefined;
      status = next;
    },
    onPortError: (error) => {
      troubledSince ??= performance.now();
      logger.warn({ kind: error.kind, reason: error.message }, 'the relay waits for the log or Kafka');
    },
  }).catch(onFatal);
  const isTroubled = (): boolean =>
    troubledSince !== undefined && performance.now() - troubledSince > TROUBLE_MILLISECONDS;
  return {
    // A relay that cannot reach an engine is not helped by a new process.
    live: () => true,
    health: () =>
      isTroubled()
        ? { ready: false, failing: ['the log or Kafka cannot be reached'] }
        : { ready: true, failing: [] },
    gauges: () => ({ ledger_relay_leading: status.kind === 'leading' ? 1 : 0 }),
    stop: async () => {
      stopping.abort();
      await running;
      await publisher.close();
      await store.close();
    },
  };
}
