/** The engines of the distributed ledger. */
export interface Engines {
  readonly eventStoreDb: EventStoreDbSettings;
  readonly kafka: KafkaSettings;
  readonly database: DatabaseSettings;
}

export interface EventStoreDbSettings {
  readonly url: string;
  readonly user?: string;
  readonly password?: string;
}

export interface KafkaSettings {
  readonly brokers: readonly string[];
  readonly security?: { readonly tls: boolean; readonly user?: string; readonly password?: string };
}

export interface DatabaseSettings {
  readonly url: string;
}

type Value = (name: string) => string | undefined;

const ENGINE_VARIABLES = ['LEDGER_EVENTSTOREDB_URL', 'LEDGER_KAFKA_BROKERS', 'LEDGER_DATABASE_URL'] as const;
const EVENTSTOREDB = /^(esdb|kurrentdb)(\+discover)?:\/\/[^\s@]+$/;
const BROKER = /^[A-Za-z0-9._-]+:\d{1,5}$/;

/** The engines that the environment names, each by itself; `faults` gets a sentence for each wrong variable. */
export function readEngines(value: Value, faults: string[]): Partial<Engines> {
  const eventStoreDb = readEventStoreDb(value, faults);
  const kafka = readKafka(value, faults);
  const database = readDatabase(value, faults);
  return { ...(eventStoreDb && { eventStoreDb }), ...(kafka && { kafka }), ...(database && { database }) };
}

/** All engines or none: a ledger keeps everything in one process, or nothing. */
export function allOrNone(engines: Partial<Engines>, value: Value, faults: string[]): Engines | undefined {
  const { eventStoreDb, kafka, database } = engines;
  if (eventStoreDb !== undefined && kafka !== undefined && database !== undefined)
    return { eventStoreDb, kafka, database };
  const set = ENGINE_VARIABLES.filter((name) => value(name) !== undefined);
  if (set.length > 0 && set.length < ENGINE_VARIABLES.length)
    faults.push(`${ENGINE_VARIABLES.join(', ')} must be set together, or none of them`);
  return undefined;
}

function readEventStoreDb(value: Value, faults: string[]): EventStoreDbSettings | undefined {
  const url = value('LEDGER_EVENTSTOREDB_URL');
  const user = value('LEDGER_EVENTSTOREDB_USER');
  const password = value('LEDGER_EVENTSTOREDB_PASSWORD');
  if ((user === undefined) !== (password === undefined))
    faults.push('LEDGER_EVENTSTOREDB_USER and LEDGER_EVENTSTOREDB_PASSWORD must be set together');
  if (url === undefined) return undefined;
  if (!EVENTSTOREDB.test(url)) {
    faults.push(
      'LEDGER_EVENTSTOREDB_URL must be an esdb:// or kurrentdb:// address without user and password, which have variables of their own',
    );
    return undefined;
  }
  return user === undefined || password === undefined ? { url } : { url, user, password };
}

function readKafka(value: Value, faults: string[]): KafkaSettings | undefined {
  const brokers = value('LEDGER_KAFKA_BROKERS')?.split(',');
  const tls = value('LEDGER_KAFKA_TLS');
  const user = value('LEDGER_KAFKA_USER');
  const password = value('LEDGER_KAFKA_PASSWORD');
  if (tls !== undefined && tls !== 'true' && tls !== 'false')
    faults.push('LEDGER_KAFKA_TLS must be true or false');
  if ((user === undefined) !== (password === undefined))
    faults.push('LEDGER_KAFKA_USER and LEDGER_KAFKA_PASSWORD must be set together');
  if (brokers === undefined) return undefined;
  if (!brokers.every((broker) => BROKER.test(broker))) {
    faults.push('LEDGER_KAFKA_BROKERS must be host:port, several of them separated by commas');
    return undefined;
  }
  if (tls !== 'true' && user === undefined) return { brokers };
  const login = user === undefined || password === undefined ? {} : { user, password };
  return { brokers, security: { tls: tls === 'true', ...login } };
}

function readDatabase(value: Value, faults: string[]): DatabaseSettings | undefined {
  const url = value('LEDGER_DATABASE_URL');
  if (url === undefined) return undefined;
  if (!/^postgres(ql)?:\/\/\S+$/.test(url) || !URL.canParse(url)) {
    faults.push('LEDGER_DATABASE_URL must be a postgres:// address');
    return undefined;
  }
  return { url };
}
