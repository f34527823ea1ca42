import { setImmediate as pause } from 'node:timers/promises';
import { warmCommands } from '@stamp-ledger/codec';
import type { KeptOut } from '@stamp-ledger/ports';
import { adminTokenPath, type Given, type OpenLedger, openLedger, type Service } from '@stamp-ledger/wiring';
import { type Api, createApi } from './api.js';
import { createAuthenticator } from './authentication/create-authenticator.js';

/**
 * Opens the ledger that the configuration describes and serves its HTTP API. With `jobs` this process also does the work
 * behind accepted commands, or its share of it.
 */
export async function startApi(given: Given, { jobs }: { readonly jobs: boolean }): Promise<Service> {
  const { configuration, logger } = given;
  const opened = await openLedger({ ...given, jobs, service: jobs ? 'ledger' : 'api' });
  const { ledger, idempotencyKeys, runtime, adminToken, health } = opened;
  const { publicUrl, identity, dataDirectory, gate } = configuration;
  const api = createApi({
    ledger,
    idempotencyKeys,
    runtime,
    authenticator: createAuthenticator(identity, adminToken),
    health,
    readModels: configuration.engines === undefined ? 'own' : 'shared',
    logger,
    receipts: opened.receipts,
    gate,
    ...(publicUrl === undefined ? {} : { publicUrl }),
  });
  const { url } = await api.listen(configuration);
  void warm(warmCommands());
  opened.startWaitingRoom({ ...configuration.waitingRoom, keptOut: () => keptOut(api) });
  if (jobs) opened.startBackground();
  return {
    url,
    ...(identity.kind === 'local'
      ? { announcement: `administrator's token: ${adminTokenPath(dataDirectory)}` }
      : {}),
    stop: () => stop(api, opened),
  };
}

/** Orders of the class `order` hold a ticket while the waiting room is open, and are everybody's otherwise. */
function keptOut(api: Api): KeptOut {
  if (api.keepsOut('order')) return 'everybody';
  return api.keepsOut('walk-in') ? 'walk-ins' : 'nobody';
}

/** Step by step between the requests, so that none waits for more than one step. */
async function warm(steps: Iterable<void>): Promise<void> {
  for (const _ of steps) await pause();
}

async function stop(api: { close(): Promise<void> }, opened: OpenLedger): Promise<void> {
  // The jobs end while the last requests do: what they leave is for the next start, or for another process.
  await Promise.all([api.close(), opened.stopBackground()]);
  await opened.close();
}
