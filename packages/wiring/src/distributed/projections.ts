import { performance } from 'node:perf_hooks';
import { runBusProjections } from '@stamp-ledger/app';
import { serde } from '@stamp-ledger/codec';
import { openEventStoreDb } from '@stamp-ledger/eventstoredb';
import { openKafkaConsumer } from '@stamp-ledger/kafka';
import type { PortError, ProjectionName } from '@stamp-ledger/ports';
import { openPostgresProbe, openPostgresProjectionStore } from '@stamp-ledger/postgres';
import { atMost, closeAll } from '../close-all.js';
import type { DistributedGiven } from '../run-service.js';
import { EngineWatch } from './engine-watch.js';
import { startRebuilder } from './rebuilder.js';
import type { Part } from './relay.js';

/** Milliseconds without a word from Kafka after which a worker is not ready, and after which it should be started anew. */
const SILENT_MILLISECONDS = 15_000;
const STUCK_MILLISECONDS = 120_000;
/** Milliseconds that what is under way may take to end: a transaction that is cut off is done again by another worker. */
const STOP_MILLISECONDS = 5_000;

/** Starts one worker of the projections: Kafka in, PostgreSQL out, and rebuilds when they are asked for. */
export async function openProjections({ engines, logger, onFatal }: DistributedGiven): Promise<Part> {
  const { url } = engines.database;
  const log = await openEventStoreDb(engines.eventStoreDb);
  const store = await openPostgresProjectionStore({ url });
  const consumer = await openKafkaConsumer({
    ...engines.kafka,
    clientId: 'stamp-ledger-projections',
    group: 'ledger-projections',
  });
  const stopping = new AbortController();
  const halted = new Map<ProjectionName, string>();
  const probe = openPostgresProbe({ url });
  const onAway =
    (engine: string) =>
    ({ kind, message }: PortError): void =>
      logger.warn({ kind, reason: message }, `${engine} cannot be reached`);
  const [database, events] = await Promise.all([
    EngineWatch.start({
      engine: 'PostgreSQL',
      ask: () => probe.ask(),
      onAway: onAway('PostgreSQL'),
      signal: stopping.signal,
      onFatal,
    }),
    EngineWatch.start({
      engine: 'EventStoreDB',
      ask: async () => void (await log.head()),
      onAway: onAway('EventStoreDB'),
      signal: stopping.signal,
      onFatal,
    }),
  ]);
  const startedAt = performance.now();
  /** Absent before Kafka took this worker in. */
  let aliveAt: number | undefined;
  const running = runBusProjections({
    consumer,
    store,
    read: (request) => log.readAll(request),
    readStream: (request) => log.readStream(request),
    decode: serde.decode,
    signal: stopping.signal,
    monotonicMilliseconds: () => performance.now(),
    onAlive: () => {
      aliveAt = performance.now();
    },
    onHalted: (projection, reason) => {
      halted.set(projection, reason);
      logger.error({ projection, reason }, 'a projection halted: an operator has to look');
    },
  }).catch(onFatal);
  const rebuilder = startRebuilder({ url, log, logger, onFatal });
  const silentFor = (): number => performance.now() - (aliveAt ?? startedAt);
  return {
    // Before Kafka took this worker in, its silence is Kafka's: a worker started anew would wait no less.
    live: () => aliveAt === undefined || silentFor() < STUCK_MILLISECONDS,
    health: () => {
      const failing = [...halted].map(([name, reason]) => `projection ${name} halted: ${reason}`);
      failing.push(...database.failing(), ...events.failing());
      if (aliveAt === undefined) failing.push('Kafka has not taken this worker in yet');
      else if (silentFor() > SILENT_MILLISECONDS) failing.push('Kafka cannot be reached');
      return { ready: failing.length === 0, failing };
    },
    gauges: () => ({
      ledger_projections_halted: halted.size,
      ledger_bus_silent_seconds: silentFor() / 1_000,
    }),
    stop: async () => {
      stopping.abort();
      await atMost(STOP_MILLISECONDS, Promise.all([running, rebuilder.stop()]));
      await closeAll([consumer, store, probe, log]);
    },
  };
}
