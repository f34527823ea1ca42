import { mkdir } from 'node:fs/promises';
import { hasEmbeddedLog, openEmbeddedEventStore } from '@stamp-ledger/embedded';
import type { EventStore } from '@stamp-ledger/ports';
import { type Environment, readConfiguration, valueIn } from './configuration.js';
import { ConfigurationError } from './configuration-error.js';
import { readEngines } from './engines.js';

/** An event store by itself, for tools that work on the log while no ledger does. */
export interface OpenedStore {
  readonly kind: 'embedded' | 'eventstoredb';
  readonly store: EventStore;
  close(): Promise<void>;
}

/**
 * Opens the event store that the environment describes: EventStoreDB when `LEDGER_EVENTSTOREDB_URL` is set, whatever else
 * is, or the embedded log of `LEDGER_DATA_DIR`, which is refused while a ledger runs on it. Rejects with a ConfigurationError
 * that lists every fault of the environment; with `mustExist` also when the directory holds no log, which is then not made.
 */
export async function openConfiguredEventStore(
  environment: Environment,
  { mustExist }: { readonly mustExist: boolean },
): Promise<OpenedStore> {
  const { LEDGER_KAFKA_BROKERS: _, LEDGER_DATABASE_URL: __, ...rest } = environment;
  const faults: string[] = [];
  const value = valueIn(rest);
  const { eventStoreDb } = readEngines(value, faults);
  const { LEDGER_EVENTSTOREDB_URL: ___, ...embedded } = rest;
  const read = readConfiguration(embedded);
  if (!read.ok) faults.push(...read.faults);
  if (!read.ok || faults.length > 0) throw new ConfigurationError(faults.join('\n'));
  if (eventStoreDb !== undefined) {
    const { openEventStoreDb } = await import('@stamp-ledger/eventstoredb');
    const store = await openEventStoreDb(eventStoreDb);
    return { kind: 'eventstoredb', store, close: () => store.close() };
  }
  const directory = read.configuration.dataDirectory;
  if (mustExist && !hasEmbeddedLog(directory))
    throw new ConfigurationError('there is no ledger in LEDGER_DATA_DIR');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const store = await openEmbeddedEventStore({ directory });
  return { kind: 'embedded', store, close: () => store.close() };
}
