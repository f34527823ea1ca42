import type { ProjectionStatus } from '@stamp-ledger/ports';
import { closePool, openPool, withConnection } from './connect.js';
import { portError } from './errors.js';
import { LiveGeneration, onLive } from './generations.js';
import { POSTGRES_LIMITS } from './limits.js';
import { requireMigrated } from './probe.js';
import { readStandings, statusOf } from './read-models/progress-table.js';
import { Session } from './statements.js';

/** Where the live projections stand, for those who ask again and again. */
export interface PostgresStatus {
  read(): Promise<{ readonly statuses: readonly ProjectionStatus[]; readonly generation: number }>;
  close(): Promise<void>;
}

export async function openPostgresStatus({ url }: { readonly url: string }): Promise<PostgresStatus> {
  const pool = openPool({ url, purpose: 'status', connections: POSTGRES_LIMITS.controlConnections });
  const live = new LiveGeneration(pool);
  try {
    await requireMigrated(pool, 'opening the status of the read models');
  } catch (error) {
    await closePool(pool);
    throw error;
  }
  return {
    async read() {
      try {
        return await onLive(live, async (generation) => {
          const standings = await withConnection(pool, (connection) =>
            readStandings(new Session(connection, generation)),
          );
          return { statuses: standings.map(statusOf), generation };
        });
      } catch (error) {
        throw portError(error, 'reading the status of the read models');
      }
    },
    close: () => closePool(pool),
  };
}
