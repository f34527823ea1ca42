import type { Given, Service } from '@stamp-ledger/wiring';
import type { Part } from '@stamp-ledger/wiring/distributed';

/** Runs the relay, the projections and the sealer beside a service when the configuration names engines. */
export async function withDistributedParts(given: Given, start: () => Promise<Service>): Promise<Service> {
  const { engines } = given.configuration;
  if (engines === undefined) return start();
  const { openProjections, openRelay, openSealer } = await import('@stamp-ledger/wiring/distributed');
  const service = await start();
  const parts: readonly Part[] = await Promise.all([
    openRelay({ ...given, engines }),
    openProjections({ ...given, engines }),
    openSealer({ ...given, engines }),
  ]);
  return {
    ...service,
    stop: async () => {
      await service.stop();
      await Promise.all(parts.map((part) => part.stop()));
    },
  };
}
