import { closePool, openPool, withConnection } from './connect.js';
import { portError } from './errors.js';
import { checkMigrated } from './migrate.js';

/** Finds out whether the database answers. */
export interface PostgresProbe {
  /** Rejects with a PortError: `unavailable` while it does not, `corrupt` when its tables are of another version. */
  ask(): Promise<void>;
  close(): Promise<void>;
}

export function openPostgresProbe({ url }: { readonly url: string }): PostgresProbe {
  const pool = openPool({ url, purpose: 'probe', connections: 1 });
  return {
    ask: () =>
      withConnection(pool, checkMigrated).catch((error: unknown) => {
        throw portError(error, 'asking whether it is there');
      }),
    close: () => closePool(pool),
  };
}

/**
 * Refuses tables of another version. A server that is away is no reason not to open: every call says so by itself, and
 * whoever runs the process watches with a probe.
 */
export async function requireMigrated(
  pool: Parameters<typeof withConnection>[0],
  doing: string,
): Promise<void> {
  try {
    await withConnection(pool, checkMigrated);
  } catch (error) {
    const failure = portError(error, doing);
    if (failure.kind === 'corrupt') throw failure;
  }
}
