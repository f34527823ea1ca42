import { allocationStream } from '@stamp-ledger/codec';
import { type AllocationId, type AllocationState, DIRECT_CHANNEL } from '@stamp-ledger/domain';
import { LIMITS, type StockItem } from '@stamp-ledger/ports';
import type { CommandSource } from '../aggregate.js';
import type { Context } from '../context.js';
import { caughtUp, mustBeCaughtUp } from '../freshness.js';
import { queueKey } from '../queue-key.js';
import { fromProcess } from '../sources.js';
import { WORK_KEYS } from '../work-keys.js';
import { appendOneEach, type StampStep } from './append-one-each.js';
import type { Job } from './job.js';
import { type Lot, lotsJob } from './lots.js';
import { StockWalk } from './stock-walk.js';

type Allocating = Extract<AllocationState, { status: 'allocating' }>;

/**
 * Gives the issuer's stock to channels, chunk after chunk. What was given before a crash is counted by the read model
 * once it has caught up; an allocation that finds too little stock completes with what there is.
 */
export function allocateJob(context: Context): Job {
  const walks = new Map<string, StockWalk>();
  return lotsJob({
    name: 'allocation',
    due: async () =>
      context.share.owns(WORK_KEYS.allocation)
        ? context.readModels.allocationsToDo({ limit: LIMITS.queryRows })
        : [],
    term: () => context.share.term(),
    // Stock and progress must be those of the whole log, or a stamp given before a crash would be given twice.
    ready: async () => {
      const isReady = await caughtUp(context);
      if (isReady) walks.clear();
      return isReady;
    },
    begin: (id) => beginAllocation(context, { id, walkOf: (state) => walkOf(context, walks, state) }),
  });
}

function walkOf(
  { readModels }: Context,
  walks: Map<string, StockWalk>,
  { denomination, batchId }: Allocating,
): StockWalk {
  const filter = { channel: DIRECT_CHANNEL, denomination, ...(batchId === undefined ? {} : { batchId }) };
  const key = `${queueKey(filter)}\n${batchId ?? ''}`;
  const walk = walks.get(key) ?? new StockWalk(readModels, filter);
  walks.set(key, walk);
  return walk;
}

async function beginAllocation(
  context: Context,
  { id, walkOf }: { readonly id: AllocationId; readonly walkOf: (allocation: Allocating) => StockWalk },
): Promise<Lot | undefined> {
  const { state } = await context.aggregates.allocations.load(allocationStream(id));
  if (state.status !== 'allocating') return undefined;
  const source = fromProcess('allocation', id);
  let allocated = await context.readModels.allocated(id);
  const give = async (page: readonly StockItem[]): Promise<boolean> => {
    const steps = page.map((item) => allocationStep(state, item, source));
    const { appended, conflicted } = await appendOneEach(context, steps, context.runtime.clock.now());
    allocated += appended.length;
    return conflicted.length === 0;
  };
  return {
    step: async () => {
      const missing = state.quantity - allocated;
      if (missing > 0) {
        const walk = walkOf(state);
        const offered = await walk.step(Math.min(LIMITS.stampChunk, missing), give);
        if (allocated < state.quantity && offered > 0) return false;
        if (allocated < state.quantity && walk.passedBy) {
          // A stamp that had only been checked meanwhile is still in stock: once more from the front.
          await mustBeCaughtUp(context);
          walk.restart();
          return false;
        }
      }
      await context.aggregates.allocations.execute({
        stream: allocationStream(id),
        source,
        command: () => ({ kind: 'complete', allocated }),
      });
      return true;
    },
  };
}

const allocationStep = (
  { allocationId, channel }: Allocating,
  { serial, revision }: StockItem,
  source: CommandSource,
): StampStep => ({
  serial,
  expected: revision,
  source,
  event: { type: 'StampAllocated', data: { serial, allocationId, channel } },
});
