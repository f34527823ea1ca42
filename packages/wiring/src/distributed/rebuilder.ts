import { type RunStatus, readThrough } from '@stamp-ledger/app';
import { serde } from '@stamp-ledger/codec';
import { type EventStore, PortError } from '@stamp-ledger/ports';
import {
  openPostgresProjectionStore,
  openPostgresRebuilds,
  type PostgresRebuilds,
  type RebuildTurn,
} from '@stamp-ledger/postgres';
import type { Logger } from '../logger.js';
import { sleep } from '../sleep.js';

/** Milliseconds between two looks for a rebuild that was asked for. */
const LOOK_MILLISECONDS = 1_000;

interface RebuilderOptions {
  readonly url: string;
  readonly log: EventStore;
  readonly logger: Logger;
  readonly onFatal: (error: unknown) => void;
}

/** Does the rebuilds that anybody asked for, one at a time among all workers, until stopped. */
export function startRebuilder(options: RebuilderOptions): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const running = run(options, stopping.signal).catch(options.onFatal);
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

async function run(options: RebuilderOptions, signal: AbortSignal): Promise<void> {
  const rebuilds = await openPostgresRebuilds({ url: options.url });
  try {
    while (!signal.aborted) {
      await once(options, rebuilds, signal).catch((error: unknown) => {
        if (!(error instanceof PortError)) throw error;
        options.logger.warn({ kind: error.kind, reason: error.message }, 'a rebuild waits');
      });
      await sleep(LOOK_MILLISECONDS, signal);
    }
  } finally {
    await rebuilds.close();
  }
}

/**
 * The next generation takes over the live one's offsets of the bus before the log is read: whatever lies before them is
 * in the log by then. After the swap the workers go on from those offsets, and leave out what the log had told already.
 */
async function once(
  options: RebuilderOptions,
  rebuilds: PostgresRebuilds,
  signal: AbortSignal,
): Promise<void> {
  const turn = await rebuilds.claimRebuild();
  if (turn === undefined) return;
  const over = AbortSignal.any([signal, turn.lost]);
  try {
    await rebuilds.dropOldGenerations();
    const generation = await rebuilds.createGeneration();
    do {
      await fill(options, { turn, generation, signal: over });
      if (over.aborted) return;
    } while (!(await rebuilds.swapGeneration(generation, over)));
    await turn.endRebuild({ status: 'done' });
  } finally {
    await turn.release();
  }
}

/** Reads the log into the generation up to where it ends now. Rejects when a projection halts. */
async function fill(
  { url, log }: RebuilderOptions,
  {
    turn,
    generation,
    signal,
  }: { readonly turn: RebuildTurn; readonly generation: number; readonly signal: AbortSignal },
): Promise<void> {
  const store = await openPostgresProjectionStore({ url, generation });
  let halted: string | undefined;
  try {
    await readThrough({
      read: (request) => log.readAll(request),
      readStream: (request) => log.readStream(request),
      decode: serde.decode,
      store,
      signal,
      onStatus: (statuses: readonly RunStatus[]) => {
        halted ??= statuses.find((status) => status.halted !== undefined)?.halted;
        const eventsDone = Math.min(...statuses.map(({ events }) => events));
        void turn.reportRebuild({ eventsDone, eventsTotal: eventsDone }).catch(() => undefined);
      },
      sleep,
    });
  } finally {
    await store.close();
  }
  if (halted !== undefined) await turn.endRebuild({ status: 'failed', detail: halted });
  if (halted !== undefined) throw new PortError('corrupt', halted);
}
