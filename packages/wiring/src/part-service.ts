import { randomUUID } from 'node:crypto';
import { OperationsRecorder, PortError } from '@stamp-ledger/app';
import { openPostgresOperationsJournal } from '@stamp-ledger/postgres';
import type { Part } from './distributed/relay.js';
import { startHealthServer } from './health-server.js';
import type { DistributedGiven, Service } from './run-service.js';
import { monotoneClock } from './runtime.js';
import { VERSION } from './version.js';

/** A part of the distributed ledger as a service: the part, and a server that says how it stands. */
export async function servePart(
  given: DistributedGiven,
  {
    part,
    service,
  }: {
    readonly part: Part;
    /** What its runs are called in the journal; absent for a part that records them itself. */
    readonly service?: string;
  },
): Promise<Service> {
  const { host, port } = given.configuration;
  const server = await startHealthServer({ host, port, watched: part });
  const run = service === undefined ? undefined : await recordRun(given, service);
  return {
    url: server.url,
    stop: async () => {
      server.drain();
      await Promise.all([part.stop(), run?.end()]);
      await server.close();
    },
  };
}

/** Tells the journal of this process from its start to its stop. */
async function recordRun(
  { engines, logger }: DistributedGiven,
  service: string,
): Promise<{ end(): Promise<void> } | undefined> {
  const onPortError = (error: PortError): void =>
    logger.warn({ kind: error.kind, reason: error.message }, 'the journal cannot be written');
  const journal = await openPostgresOperationsJournal(engines.database).catch((error: unknown) => {
    // A part does its work whether or not it is written down that it does.
    if (!(error instanceof PortError)) throw error;
    onPortError(error);
  });
  if (journal === undefined) return undefined;
  const recorder = new OperationsRecorder({
    journal,
    clock: monotoneClock(),
    run: { service, version: VERSION, instance: randomUUID() },
    lags: async () => [],
    onPortError,
  });
  recorder.start();
  return {
    end: async () => {
      await recorder.stop();
      // Not waited for: a write that hangs would hold up the end, and the connections end with the process.
      void journal.close().catch(() => undefined);
    },
  };
}
