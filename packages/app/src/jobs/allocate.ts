import { allocationStream } from '@stamp-ledger/codec';
import { type AllocationId, type AllocationState, DIRECT_CHANNEL } from '@stamp-ledger/domain';
import { LIMITS, type StockCursor, type StockItem } from '@stamp-ledger/ports';
import type { CommandSource } from '../aggregate.js';
import type { Context } from '../context.js';
import { caughtUp, mustBeCaughtUp } from '../freshness.js';
import { fromProcess } from '../sources.js';
import { WORK_KEYS } from '../work-keys.js';
import { appendOneEach, type StampStep } from './append-one-each.js';
import type { Job } from './job.js';
import { type Lot, lotsJob } from './lots.js';

type Allocating = Extract<AllocationState, { status: 'allocating' }>;

/**
 * Gives the issuer's stock to channels, chunk after chunk. What was given before a crash is counted by the read model
 * once it has caught up; an allocation that finds too little stock completes with what there is.
 */
export const allocateJob = (context: Context): Job =>
  lotsJob({
    name: 'allocation',
    due: async () =>
      context.share.owns(WORK_KEYS.allocation)
        ? context.readModels.allocationsToDo({ limit: LIMITS.queryRows })
        : [],
    term: () => context.share.term(),
    // Stock and progress must be those of the whole log, or a stamp given before a crash would be given twice.
    ready: () => caughtUp(context),
    begin: (id) => beginAllocation(context, id),
  });

async function beginAllocation(context: Context, id: AllocationId): Promise<Lot | undefined> {
  const { state } = await context.aggregates.allocations.load(allocationStream(id));
  if (state.status !== 'allocating') return undefined;
  const source = fromProcess('allocation', id);
  let allocated = await context.readModels.allocated(id);
  let after: StockCursor | undefined;
  let passedBy = false;
  return {
    step: async () => {
      const page = await stockFor(context, state, { missing: state.quantity - allocated, after });
      after = page.at(-1)?.cursor ?? after;
      const steps = page.map((item) => allocationStep(state, item, source));
      if (steps.length > 0) {
        const { appended, conflicted } = await appendOneEach(context, steps, context.runtime.clock.now());
        allocated += appended.length;
        passedBy ||= conflicted.length > 0;
        if (allocated < state.quantity) return false;
      }
      if (allocated < state.quantity && passedBy) {
        // A stamp that had only been checked meanwhile is still in stock: once more from the front.
        await mustBeCaughtUp(context);
        after = undefined;
        passedBy = false;
        return false;
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

async function stockFor(
  { readModels }: Context,
  { denomination, batchId }: Allocating,
  { missing, after }: { readonly missing: number; readonly after: StockCursor | undefined },
) {
  if (missing <= 0) return [];
  return readModels.stock({
    channel: DIRECT_CHANNEL,
    denomination,
    limit: Math.min(LIMITS.stampChunk, missing),
    ...(batchId === undefined ? {} : { batchId }),
    ...(after === undefined ? {} : { after }),
  });
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
