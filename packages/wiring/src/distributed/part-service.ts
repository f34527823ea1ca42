import { startHealthServer } from '../health-server.js';
import type { DistributedGiven, Service } from '../run-service.js';
import { recordRun } from './record-run.js';
import type { Part } from './relay.js';

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
  const run = service === undefined ? undefined : await recordRun(given, { service });
  return {
    url: server.url,
    stop: async () => {
      server.drain();
      await Promise.all([part.stop(), run?.end()]);
      await server.close();
    },
  };
}
