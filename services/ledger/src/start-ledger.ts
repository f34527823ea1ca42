import { createApi, createAuthenticator } from '@stamp-ledger/api';
import {
  adminTokenPath,
  type Configuration,
  createLogger,
  type Logger,
  openLedger,
  readConfiguration,
} from '@stamp-ledger/wiring';

/** Exit codes of the process; 0 after a drain. */
const EXIT = { fatal: 70, cannotStart: 71, badConfiguration: 78 } as const;
/** Milliseconds a drain may take before the process ends all the same. */
const DRAIN_MILLISECONDS = 9_500;

/**
 * The whole ledger in one process: log, read models, jobs and HTTP. Prints the ready line, drains on SIGTERM and SIGINT.
 * When it cannot start, one line on standard error says why, and the process ends.
 */
export async function startLedger(environment: NodeJS.ProcessEnv): Promise<void> {
  const read = readConfiguration(environment);
  if (!read.ok) {
    process.stderr.write(`${read.faults.join('\n')}\n`);
    process.exitCode = EXIT.badConfiguration;
    return;
  }
  const logger = createLogger(read.configuration.logLevel);
  try {
    await start(read.configuration, logger);
  } catch (error) {
    logger.debug({ err: error }, 'the ledger cannot start');
    process.stderr.write(`stamp-ledger cannot start: ${reasonOf(error)}\n`);
    process.exit(EXIT.cannotStart);
  }
}

/** In one line, for whoever started the process. Where in the code it came from is logged at the level debug. */
const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\s*\n\s*/g, ' ');

async function start(configuration: Configuration, logger: Logger): Promise<void> {
  const onFatal = (error: unknown): void => {
    logger.fatal({ err: error }, 'the ledger stops: what follows could not be kept');
    logger.flush();
    process.exit(EXIT.fatal);
  };

  const opened = await openLedger({ configuration, logger, onFatal });
  const { ledger, idempotencyKeys, runtime, adminToken, health } = opened;
  const { publicUrl, identity } = configuration;
  const api = createApi({
    ledger,
    idempotencyKeys,
    runtime,
    authenticator: createAuthenticator(identity, adminToken),
    health,
    logger,
    ...(publicUrl === undefined ? {} : { publicUrl }),
  });
  const { url } = await api.listen(configuration);
  opened.startBackground();

  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => onFatal(new Error('the drain took too long')), DRAIN_MILLISECONDS).unref();
    void (async () => {
      // The jobs end while the last requests do: what they leave is for the next start.
      await Promise.all([api.close(), opened.stopBackground()]);
      await opened.close();
      process.exit(0);
    })().catch(onFatal);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.stdout.write(`stamp-ledger ready ${url}\n`);
  announce(configuration);
}

/** For the person at the terminal; standard output keeps to its one line. */
function announce({ identity, dataDirectory }: Configuration): void {
  if (identity.kind === 'local')
    process.stderr.write(`administrator's token: ${adminTokenPath(dataDirectory)}\n`);
}
