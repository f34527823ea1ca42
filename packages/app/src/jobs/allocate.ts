import { allocationStream } from '@stamp-ledger/codec';
import { type AllocationId, type AllocationState, DIRECT_CHANNEL } from '@stamp-ledger/domain';
import { LIMITS, type StockCursor, type StockItem } from '@stamp-ledger/ports';
import type { CommandSource } from '../aggregate.js';
import type { Context } from '../context.js';
import { mustBeCaughtUp } from '../freshness.js';
import { fromProcess } from '../sources.js';
import { appendOneEach, type StampStep } from './append-one-each.js';
import type { Job } from './job.js';

type Allocating = Extract<AllocationState, { status: 'allocating' }>;

/**
 * Gives the issuer's stock to channels, one allocation after another. What was given before a crash is counted by the
 * read model once it has caught up; an allocation that finds too little stock completes with what there is.
 */
export function allocateJob(context: Context): Job {
  const completed = new Set<AllocationId>();
  return {
    name: 'allocation',
    round: async () => {
      const due = (await context.readModels.allocationsToDo({ limit: LIMITS.queryRows })).filter(
        (id) => !completed.has(id),
      );
      if (due.length === 0) {
        completed.clear();
        return 'idle';
      }
      for (const id of due) {
        await allocate(context, id);
        completed.add(id);
      }
      return 'worked';
    },
  };
}

async function allocate(context: Context, id: AllocationId): Promise<void> {
  const { state } = await context.aggregates.allocations.load(allocationStream(id));
  if (state.status !== 'allocating') return;
  // Stock and progress must be those of the whole log, or a stamp given before a crash would be given twice.
  await mustBeCaughtUp(context);
  let allocated = await context.readModels.allocated(id);
  const source = fromProcess('allocation', id);
  let after: StockCursor | undefined;
  while (allocated < state.quantity) {
    const page = await context.readModels.stock({
      channel: DIRECT_CHANNEL,
      denomination: state.denomination,
      limit: Math.min(LIMITS.stampChunk, state.quantity - allocated),
      ...(state.batchId === undefined ? {} : { batchId: state.batchId }),
      ...(after === undefined ? {} : { after }),
    });
    if (page.length === 0) break;
    after = page.at(-1)?.cursor;
    const steps = page.map(({ serial, revision }) => allocationStep(state, { serial, revision }, source));
    const { appended } = await appendOneEach(context, steps, context.runtime.clock.now());
    allocated += appended.length;
  }
  await context.aggregates.allocations.execute({
    stream: allocationStream(id),
    source,
    command: () => ({ kind: 'complete', allocated }),
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
