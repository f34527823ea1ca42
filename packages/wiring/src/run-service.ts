import { type Configuration, type Environment, readConfiguration } from './configuration.js';
import { ConfigurationError } from './configuration-error.js';
import type { Engines } from './engines.js';
import { boundHeaps } from './heap.js';
import { createLogger, type Logger } from './logger.js';

/** Exit codes of a service; 0 after a drain. */
const EXIT = { fatal: 70, cannotStart: 71, badConfiguration: 78 } as const;
/** Milliseconds a drain may take before the process ends all the same. */
const DRAIN_MILLISECONDS = 9_500;

/** What a service starts with. */
export interface Given {
  readonly configuration: Configuration;
  readonly logger: Logger;
  /** Ends the process at once: what follows could not be kept. */
  readonly onFatal: (error: unknown) => void;
}

export interface DistributedGiven extends Given {
  readonly engines: Engines;
}

/** A service that is ready. */
export interface Service {
  readonly url: string;
  /** For the person at the terminal, after the ready line. */
  readonly announcement?: string;
  /** Takes nothing new, ends what runs, closes everything. */
  stop(): Promise<void>;
}

/**
 * Runs a service as this process: reads the configuration, starts it, prints the ready line, drains on SIGTERM and SIGINT.
 * When it cannot start, one line on standard error says why, and the process ends.
 */
export async function runService(
  environment: Environment,
  start: (given: Given) => Promise<Service>,
): Promise<void> {
  const read = readConfiguration(environment);
  if (!read.ok) {
    process.stderr.write(`${read.faults.join('\n')}\n`);
    process.exitCode = EXIT.badConfiguration;
    return;
  }
  const { configuration } = read;
  boundHeaps();
  const logger = createLogger(configuration.logLevel);
  const onFatal = (error: unknown): void => {
    logger.fatal({ err: error }, 'the service stops: what follows could not be kept');
    logger.flush();
    process.exit(EXIT.fatal);
  };
  try {
    const service = await start({ configuration, logger, onFatal });
    drainOnSignal(service, onFatal);
    process.stdout.write(`stamp-ledger ready ${service.url}\n`);
    if (service.announcement !== undefined) process.stderr.write(`${service.announcement}\n`);
  } catch (error) {
    logger.debug({ err: error }, 'the service cannot start');
    process.stderr.write(`stamp-ledger cannot start: ${reasonOf(error)}\n`);
    process.exit(error instanceof ConfigurationError ? EXIT.badConfiguration : EXIT.cannotStart);
  }
}

/** As {@link runService}, for the parts of the distributed ledger. */
export async function runDistributedService(
  environment: Environment,
  start: (given: DistributedGiven) => Promise<Service>,
): Promise<void> {
  await runService(environment, (given) => {
    const { engines } = given.configuration;
    if (engines === undefined)
      throw new ConfigurationError(
        'LEDGER_EVENTSTOREDB_URL, LEDGER_KAFKA_BROKERS and LEDGER_DATABASE_URL must name the engines that this service works on',
      );
    return start({ ...given, engines });
  });
}

/** In one line, for whoever started the process. Where in the code it came from is logged at the level debug. */
const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\s*\n\s*/g, ' ');

function drainOnSignal(service: Service, onFatal: (error: unknown) => void): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => onFatal(new Error('the drain took too long')), DRAIN_MILLISECONDS).unref();
    service.stop().then(() => process.exit(0), onFatal);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
