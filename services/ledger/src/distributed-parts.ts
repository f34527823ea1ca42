import {
  type Given,
  openProjections,
  openRelay,
  openSealer,
  type Part,
  type Service,
} from '@stamp-ledger/wiring';

/** Runs the relay, the projections and the sealer beside a service when the configuration names engines. */
export async function withDistributedParts(given: Given, start: () => Promise<Service>): Promise<Service> {
  const { engines } = given.configuration;
  if (engines === undefined) return start();
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
