import type { Part } from './distributed/relay.js';
import { startHealthServer } from './health-server.js';
import type { DistributedGiven, Service } from './run-service.js';

/** A part of the distributed ledger as a service: the part, and a server that says how it stands. */
export async function servePart(given: DistributedGiven, part: Part): Promise<Service> {
  const { host, port } = given.configuration;
  const server = await startHealthServer({ host, port, watched: part });
  return {
    url: server.url,
    stop: async () => {
      server.drain();
      await part.stop();
      await server.close();
    },
  };
}
