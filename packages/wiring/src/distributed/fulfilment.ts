import { openLedger } from '../open-ledger.js';
import type { DistributedGiven } from '../run-service.js';
import type { Part } from './relay.js';

/** Starts a share of minting, allocation, fulfilment, return and expiry. */
export async function openFulfilment({ configuration, logger, onFatal }: DistributedGiven): Promise<Part> {
  const opened = await openLedger({ configuration, logger, onFatal, jobs: true, service: 'fulfilment' });
  opened.startBackground();
  return {
    // What the jobs wait for is the engines; a broken invariant ends the process by itself.
    live: () => true,
    health: () => {
      const failing = [...opened.health().failing, ...opened.away()];
      return { ready: failing.length === 0, failing };
    },
    gauges: () => ({ ledger_read_models_halted: opened.health().failing.length }),
    stop: () => opened.close(),
  };
}
