import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Api, type ApiDependencies, createAdminTokenAuthenticator, createApi } from '@stamp-ledger/api';
import { type Configuration, createLogger, type OpenLedger, openLedger } from '@stamp-ledger/wiring';
import type { Test } from 'tap';
import { type Caller, caller, type Witness } from './http.js';

export const logger = createLogger('silent');

/** A fresh directory, and how to be rid of it. */
export function temporaryDirectory(): { readonly directory: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-'));
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/** A fresh directory that goes with the test. */
export function directoryFor(t: Test): string {
  const { directory, remove } = temporaryDirectory();
  t.teardown(remove);
  return directory;
}

/** A whole embedded ledger with its background work, in a directory. */
export async function openTestLedger(
  directory: string,
  change: Partial<Configuration> = {},
): Promise<OpenLedger> {
  const configuration: Configuration = {
    host: '127.0.0.1',
    port: 0,
    dataDirectory: directory,
    origin: 'stamp-ledger.test/log',
    identity: { kind: 'local' },
    logLevel: 'silent',
    gate: { isOn: true },
    waitingRoom: { opensUnderPressure: true },
    witnesses: { witnesses: [], quorum: 1, strict: false },
    ...change,
  };
  const opened = await openLedger({
    configuration,
    logger,
    jobs: true,
    service: 'ledger',
    onFatal: (error) => {
      throw error;
    },
  });
  opened.startBackground();
  return opened;
}

export interface Served {
  readonly api: Api;
  readonly url: string;
  /** Calls with the administrator's token. */
  readonly call: Caller;
}

/** The API of an open ledger on a free port; parts of what it works with can be replaced. */
export async function serve(
  opened: OpenLedger,
  { witness, ...replaced }: Partial<ApiDependencies> & { readonly witness?: Witness } = {},
): Promise<Served> {
  const { ledger, idempotencyKeys, runtime, receipts, adminToken = '' } = opened;
  const api = createApi({
    ledger,
    idempotencyKeys,
    runtime,
    authenticator: createAdminTokenAuthenticator(adminToken),
    health: () => opened.health(),
    logger,
    receipts,
    ...replaced,
  });
  const { url } = await api.listen({ host: '127.0.0.1', port: 0 });
  return { api, url, call: caller(url, adminToken, witness) };
}

/** Opens the ledger with its API, does something, and stops it, whatever became of that. */
export async function during<Result>(
  directory: string,
  work: (served: Served, opened: OpenLedger) => Promise<Result>,
  origin?: string,
): Promise<Result> {
  const opened = await openTestLedger(directory, origin === undefined ? {} : { origin });
  const served = await serve(opened);
  try {
    return await work(served, opened);
  } finally {
    await served.api.close();
    await opened.close();
  }
}
