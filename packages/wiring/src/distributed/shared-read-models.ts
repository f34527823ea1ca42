import type { PortError, ReadModels } from '@stamp-ledger/ports';
import { openPostgresQueries, openPostgresRebuilds, openPostgresStatus } from '@stamp-ledger/postgres';
import { StatusPoll } from './status-poll.js';

/**
 * Read models in PostgreSQL, written by other processes: queries, where those processes stand by asking often, and
 * rebuilds that one of them does.
 */
export async function openSharedReadModels({
  url,
  onAway,
  onFatal,
}: {
  readonly url: string;
  readonly onAway: (error: PortError) => void;
  readonly onFatal: (error: unknown) => void;
}): Promise<ReadModels> {
  const [queries, status, rebuilds] = await Promise.all([
    openPostgresQueries({ url }),
    openPostgresStatus({ url }),
    openPostgresRebuilds({ url }),
  ]);
  const poll = new StatusPoll({ read: async () => (await status.read()).statuses, onAway, onFatal });
  return {
    ...queries,
    status: () => poll.watch.status(),
    reached: (request) => poll.watch.reached(request),
    advanced: (signal) => poll.watch.advanced(signal),
    startRebuild: (rebuildId) => rebuilds.requestRebuild(rebuildId),
    rebuild: (rebuildId) => rebuilds.readRebuild(rebuildId),
    close: async () => {
      await poll.close();
      await Promise.all([status.close(), rebuilds.close(), queries.close()]);
    },
  };
}
