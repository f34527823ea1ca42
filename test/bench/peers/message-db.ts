import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { plainEnvironment } from '../../support/server-process.js';
import { PAYLOAD } from '../harness/payload.js';
import type { Appender } from './appender.js';
import { peerDirectory } from './install.js';

const INSTALL_MILLISECONDS = 60_000;
const NO_STREAM = -1;
const WRITE = 'SELECT message_store.write_message($1, $2, $3, $4, $5, $6)';
const WRITE_MANY = `SELECT message_store.write_message(id, stream, $3, data::jsonb, $5::jsonb, $6)
  FROM unnest($1::text[], $2::text[], $4::text[]) AS each (id, stream, data)`;

export interface MessageDb extends Appender {
  /** New streams, one event each, in one statement. */
  appendStreams(from: number, count: number): Promise<void>;
}

/** Its own script makes the database. */
export async function openMessageDb(
  { port }: { readonly port: number },
  { database, connections }: { readonly database: string; readonly connections: number },
): Promise<MessageDb> {
  const install = join(peerDirectory('servers'), 'node_modules/@eventide/message-db/database/install.sh');
  await promisify(execFile)('bash', [install], {
    cwd: dirname(install),
    timeout: INSTALL_MILLISECONDS,
    env: {
      ...plainEnvironment(),
      PGHOST: '127.0.0.1',
      PGPORT: String(port),
      PGUSER: 'ledger',
      DATABASE_NAME: database,
    },
  });
  const pool = new pg.Pool({
    connectionString: `postgres://ledger@127.0.0.1:${port}/${database}`,
    max: connections,
    // Its functions name each other without their schema.
    options: '-c search_path=message_store,public',
  });
  return {
    append: (index) =>
      pool.query({
        name: 'write',
        text: WRITE,
        values: [
          PAYLOAD.id(index),
          `stamp-${index}`,
          PAYLOAD.type,
          PAYLOAD.data(index),
          PAYLOAD.metadata,
          NO_STREAM,
        ],
      }),
    appendStreams: async (from, count) => {
      const indices = Array.from({ length: count }, (_, index) => from + index);
      await pool.query(WRITE_MANY, [
        indices.map(PAYLOAD.id),
        indices.map((index) => `stamp-${index}`),
        PAYLOAD.type,
        indices.map(PAYLOAD.data),
        PAYLOAD.metadata,
        NO_STREAM,
      ]);
    },
    close: () => pool.end(),
  };
}
