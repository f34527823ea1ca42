import { rm } from 'node:fs/promises';
import { eventStoreContract, type StoreUnderTest } from '@stamp-ledger/contracts';
import { type EventStoreDbOptions, openEventStoreDb } from '@stamp-ledger/eventstoredb';
import type { EventStore } from '@stamp-ledger/ports';
import t from 'tap';
import { startEventStoreDouble } from '../support/eventstoredb/double.js';
import { temporaryDirectory } from './embedded-stores.js';

/** Far more than it takes, for a loaded machine. */
t.setTimeout(120_000);

/** The adapter on a server. Nothing is deleted there: the suite's streams have names of their own. */
async function adapter(
  options: EventStoreDbOptions,
  server: { readonly restart?: () => Promise<void>; readonly remove?: () => Promise<void> },
): Promise<StoreUnderTest> {
  const opened: EventStore[] = [];
  const open = async (): Promise<EventStore> => {
    const store = await openEventStoreDb(options);
    opened.push(store);
    return store;
  };
  const { restart } = server;
  return {
    store: await open(),
    async reopen() {
      await opened.at(-1)?.close();
      return open();
    },
    ...(restart === undefined
      ? {}
      : {
          /** What the server acknowledged is in its file, and only that is there after its memory is gone. */
          async crash() {
            await restart();
            return open();
          },
        }),
    async destroy() {
      await Promise.all(opened.map((store) => store.close()));
      await server.remove?.();
    },
  };
}

async function onDouble(): Promise<StoreUnderTest> {
  const directory = await temporaryDirectory();
  const double = await startEventStoreDouble({ directory });
  double.misbehave({ systemEventEvery: 3 });
  return adapter(
    { url: double.url },
    {
      restart: () => double.restart(),
      async remove() {
        await double.stop();
        await rm(directory, { recursive: true });
      },
    },
  );
}

for (const { name, run } of eventStoreContract({ name: 'eventstoredb on the double', open: onDouble }))
  t.test(name, () => run());

const {
  LEDGER_EVENTSTOREDB_URL: url,
  LEDGER_EVENTSTOREDB_USER: user,
  LEDGER_EVENTSTOREDB_PASSWORD: password,
} = process.env;
if (url) {
  const options = { url, ...(user ? { user } : {}), ...(password ? { password } : {}) };
  for (const { name, run } of eventStoreContract({
    name: 'eventstoredb on the server',
    open: () => adapter(options, {}),
  }))
    t.test(name, () => run());
} else {
  t.comment('NOT RUN AGAINST A REAL EVENTSTOREDB: set LEDGER_EVENTSTOREDB_URL to do so');
}
