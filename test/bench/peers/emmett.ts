import { join } from 'node:path';
import { PAYLOAD } from '../harness/payload.js';
import type { Appender } from './appender.js';
import { importPeer, type PeerFolder } from './install.js';

interface EmmettStore {
  readonly schema: { migrate(): Promise<unknown> };
  appendToStream(
    stream: string,
    events: readonly unknown[],
    options: { readonly expectedStreamVersion: unknown },
  ): Promise<unknown>;
  close?(): Promise<void>;
}

interface EmmettPostgres {
  getPostgreSQLEventStore(url: string): EmmettStore;
}

interface EmmettSqlite {
  getSQLiteEventStore(options: {
    readonly fileName: string;
    readonly schema: { readonly autoMigration: 'CreateOrUpdate' };
  }): EmmettStore;
}

interface Emmett {
  readonly STREAM_DOES_NOT_EXIST: unknown;
}

export async function openEmmettPostgres(url: string): Promise<Appender> {
  const { getPostgreSQLEventStore } = await importPeer<EmmettPostgres>(
    'servers',
    '@event-driven-io/emmett-postgresql',
  );
  const store = getPostgreSQLEventStore(url);
  await store.schema.migrate();
  return appenderOf(store, 'servers');
}

export async function openEmmettSqlite(directory: string): Promise<Appender> {
  const { getSQLiteEventStore } = await importPeer<EmmettSqlite>(
    'embedded',
    '@event-driven-io/emmett-sqlite',
  );
  const store = getSQLiteEventStore({
    fileName: join(directory, 'emmett.sqlite'),
    schema: { autoMigration: 'CreateOrUpdate' },
  });
  return appenderOf(store, 'embedded');
}

async function appenderOf(store: EmmettStore, folder: PeerFolder): Promise<Appender> {
  const { STREAM_DOES_NOT_EXIST } = await importPeer<Emmett>(folder, '@event-driven-io/emmett');
  const metadata: unknown = JSON.parse(PAYLOAD.metadata);
  return {
    append: (index) =>
      store.appendToStream(
        `stamp-${index}`,
        [{ type: PAYLOAD.type, data: JSON.parse(PAYLOAD.data(index)), metadata }],
        { expectedStreamVersion: STREAM_DOES_NOT_EXIST },
      ),
    close: async () => store.close?.(),
  };
}
