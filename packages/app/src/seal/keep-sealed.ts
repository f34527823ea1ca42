import { type EventStore, LIMITS } from '@stamp-ledger/ports';
import { signedTree } from './recover.js';
import { refill } from './refill.js';
import { runSealer, type SealerRun } from './run-sealer.js';
import type { SealSource } from './source.js';
import { type Halt, haltOf } from './status.js';

export interface KeepSealedRun extends SealerRun {
  readonly store: Pick<EventStore, 'append'> & SealSource;
  /** See {@link ImportRequest.inOrderAppends}. */
  readonly inOrderAppends: boolean;
}

/**
 * As {@link runSealer}, and puts back the events that a restored backup of the event store lost, then goes on. Everybody
 * who appends must stop at the status `refilling`, and may go on at `running`: before anything is put back, they are given
 * {@link LIMITS.sealQuietMilliseconds} to see it and to end what they have begun.
 */
export async function keepSealed(run: KeepSealedRun): Promise<void> {
  let missing: Halt['missing'];
  try {
    while (!run.signal.aborted) {
      missing = await sealUntilBehind(run);
      if (missing === undefined) return;
      await run.sleep(LIMITS.sealQuietMilliseconds, run.signal);
      if (run.signal.aborted) return;
      const signed = await signedTree(run);
      const { store, tiles, inOrderAppends } = run;
      await refill({ store, tiles, signed, inOrderAppends });
    }
  } catch (error) {
    const halt = haltOf(error);
    if (halt === undefined) throw error;
    run.onStatus({ kind: 'halted', halt: { ...halt, ...(missing && { missing }) } });
  }
}

/** Seals until the end; the missing events when the event store turns out to lack some. */
async function sealUntilBehind(run: KeepSealedRun): Promise<Halt['missing']> {
  let missing: Halt['missing'];
  await runSealer({
    ...run,
    onStatus: (status) => {
      if (status.kind === 'halted' && status.halt.missing !== undefined) {
        missing = status.halt.missing;
        run.onStatus({ kind: 'refilling', missing });
      } else run.onStatus(status);
    },
  });
  return missing;
}
