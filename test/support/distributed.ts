import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cliProcess } from './cli.js';
import { type EventStoreProcess, startEventStoreProcess } from './eventstore-process.js';
import { type Kafka, startKafka } from './kafka-server.js';
import { type Postgres, startPostgres } from './postgres-server.js';
import { type ServiceName, type ServiceProcess, startService } from './service-process.js';

/** The engines, real but for EventStoreDB, whose protocol a double speaks. */
export interface TestEngines {
  readonly kafka: Kafka;
  readonly postgres: Postgres;
  readonly eventStore: EventStoreProcess;
  /** What a service needs to find them. */
  readonly variables: Readonly<Record<string, string>>;
  readonly databaseUrl: string;
  stop(): Promise<void>;
}

/** Starts the three engines on free ports, with tables and topics made by the command line. */
export async function startEngines(): Promise<TestEngines> {
  const directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-distributed-'));
  const [kafka, postgres, eventStore] = await Promise.all([
    startKafka(),
    startPostgres(),
    startEventStoreProcess(join(directory, 'eventstore')),
  ]);
  const databaseUrl = await postgres.createDatabase('ledger');
  const variables = {
    LEDGER_DATA_DIR: join(directory, 'data'),
    LEDGER_EVENTSTOREDB_URL: eventStore.url,
    LEDGER_KAFKA_BROKERS: kafka.brokers.join(','),
    LEDGER_DATABASE_URL: databaseUrl,
  };
  await succeed(['migrate'], variables);
  await succeed(['topics', 'create', '--replication-factor', '1'], variables);
  return {
    kafka,
    postgres,
    eventStore,
    variables,
    databaseUrl,
    stop: async () => {
      await Promise.all([kafka.stop(), postgres.stop(), eventStore.stop()]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function succeed(args: readonly string[], variables: Readonly<Record<string, string>>): Promise<void> {
  const { code, stderr } = await cliProcess(args, '', variables);
  if (code !== 0) throw new Error(`stamp-ledger ${args.join(' ')} ended with ${code}: ${stderr}`);
}

/** The services of a distributed ledger, two of each. */
export interface DistributedLedger {
  readonly services: readonly ServiceProcess[];
  readonly urls: readonly string[];
  readonly token: string;
  stop(): Promise<readonly (number | null)[]>;
}

const NAMES: readonly ServiceName[] = ['api', 'relay', 'projections', 'fulfilment'];

export async function startDistributedLedger(
  { variables }: TestEngines,
  copies = 2,
): Promise<DistributedLedger> {
  const services = await Promise.all(
    NAMES.flatMap((name) => Array.from({ length: copies }, () => startService(name, variables))),
  );
  return {
    services,
    urls: services.filter(({ name }) => name === 'api').map(({ url }) => url),
    token: readFileSync(join(variables.LEDGER_DATA_DIR ?? '', 'admin-token'), 'utf8').trim(),
    stop: () => Promise.all(services.map((service) => service.stop())),
  };
}
