import { PortError } from '@stamp-ledger/ports';
import type { Job } from './job.js';

/** A lot under way: thousands of stamps that a job works through chunk by chunk. */
export interface Lot {
  /** Works through the next chunk; true when the lot is done. */
  step(): Promise<boolean>;
}

/**
 * A job that works through several lots side by side, one chunk of each in a round: a small lot does not wait for a
 * large one, and a stop waits for one chunk at most. A lot that fails is begun anew in a later round, from what the log
 * holds, and does not keep the others from going on.
 */
export function lotsJob<Id>({
  name,
  due,
  ready,
  begin,
  term,
}: {
  readonly name: string;
  /** Lots that the read model shows as not done. */
  readonly due: () => Promise<readonly Id[]>;
  /** Whether the read models are those of the whole log, so that a lot may be begun. Asked once in a round at most. */
  readonly ready: () => Promise<boolean>;
  /** A lot from where the log says that it stands; undefined when it is done already. */
  readonly begin: (id: Id) => Promise<Lot | undefined>;
  /** Changes when lots may have been worked on by another process meanwhile: all are begun anew. */
  readonly term: () => number;
}): Job {
  const underWay = new Map<Id, Lot>();
  let begunIn = term();
  return {
    name,
    round: async (signal) => {
      if (term() !== begunIn) underWay.clear();
      begunIn = term();
      let isReady: boolean | undefined;
      let worked = false;
      let failure: PortError | undefined;
      for (const id of await due()) {
        if (signal.aborted) break;
        try {
          if (!underWay.has(id)) isReady ??= await ready();
          if (!underWay.has(id) && isReady !== true)
            throw new PortError('unavailable', 'the read models are behind the log');
          const lot = underWay.get(id) ?? (await begin(id));
          if (lot === undefined) continue;
          underWay.set(id, lot);
          if (await lot.step()) underWay.delete(id);
          worked = true;
        } catch (error) {
          if (!(error instanceof PortError)) throw error;
          underWay.delete(id);
          failure = error;
        }
      }
      if (!worked && failure !== undefined) throw failure;
      return worked ? 'worked' : 'idle';
    },
  };
}
