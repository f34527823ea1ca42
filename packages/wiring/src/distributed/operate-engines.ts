import { createTopics as createKafkaTopics } from '@stamp-ledger/kafka';
import { migratePostgres } from '@stamp-ledger/postgres';
import { type Environment, valueIn } from '../configuration.js';
import { ConfigurationError } from '../configuration-error.js';
import { type Engines, readEngines } from '../engines.js';

/** Brings the tables in PostgreSQL to this version; answers the migrations that were applied. */
export function migrate(environment: Environment): Promise<readonly string[]> {
  return migratePostgres(engine(environment, 'database', 'LEDGER_DATABASE_URL'));
}

/** Creates the topics that are missing; answers their names. */
export function createTopics(
  environment: Environment,
  options: {
    readonly stampsPartitions: number;
    readonly ordersPartitions: number;
    readonly replicationFactor: number;
  },
): Promise<readonly string[]> {
  return createKafkaTopics({ ...engine(environment, 'kafka', 'LEDGER_KAFKA_BROKERS'), ...options });
}

function engine<Name extends keyof Engines>(
  environment: Environment,
  name: Name,
  variable: string,
): Engines[Name] {
  const faults: string[] = [];
  const settings = readEngines(valueIn(environment), faults)[name];
  if (faults.length > 0) throw new ConfigurationError(faults.join('\n'));
  if (settings === undefined) throw new ConfigurationError(`${variable} must be set`);
  return settings;
}
