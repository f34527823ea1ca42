import { allocationStream } from '@stamp-ledger/codec';
import {
  type AllocationId,
  type AllocationState,
  type BatchId,
  type Channel,
  DIRECT_CHANNEL,
  money,
  type RequestAllocation,
} from '@stamp-ledger/domain';
import { LIMITS } from '@stamp-ledger/ports';
import type { Context } from './context.js';
import { mustBeCaughtUp } from './freshness.js';
import type { Ledger } from './ledger.js';
import { settled } from './settled.js';
import { fromCaller } from './sources.js';

/** Allocations: requested as one durable event, carried out behind it. */
export function allocationCommands(context: Context): Ledger['allocations'] {
  const { allocations } = context.aggregates;
  return {
    request: async (body, caller) => {
      const allocationId = (body.allocationId ?? caller.commandId) as AllocationId;
      const stream = allocationStream(allocationId);
      const { state } = await allocations.load(stream);
      const inStock = state.status === 'none' ? await uncommittedStock(context, body) : body.quantity;
      return allocations.execute({
        stream,
        source: fromCaller(caller),
        command: () => ({
          kind: 'request',
          allocationId,
          channel: body.channel as Channel,
          denomination: body.denomination,
          quantity: body.quantity,
          inStock,
          ...batchOf(body),
        }),
      });
    },
    report: async (id) => {
      const { state } = await allocations.load(allocationStream(id));
      if (state.status === 'none') return undefined;
      return {
        state,
        allocated: state.status === 'allocated' ? state.allocated : await context.readModels.allocated(id),
      };
    },
    settled: (id, signal) =>
      settled<AllocationState>(context, {
        aggregate: allocations,
        stream: allocationStream(id),
        isSettled: ({ status }) => status === 'allocated',
        signal,
      }),
  };
}

const batchOf = ({ batchId }: RequestAllocation) =>
  batchId === undefined ? {} : { batchId: batchId as BatchId };

/** The issuer's stock that no earlier allocation is still waiting for. */
async function uncommittedStock(context: Context, body: RequestAllocation): Promise<number> {
  await mustBeCaughtUp(context);
  const { readModels, aggregates } = context;
  let inStock = await readModels.stockCount({
    channel: DIRECT_CHANNEL,
    denomination: body.denomination,
    ...batchOf(body),
  });
  for (const id of await readModels.allocationsToDo({ limit: LIMITS.queryRows })) {
    const { state } = await aggregates.allocations.load(allocationStream(id));
    if (state.status !== 'allocating' || !money.equals(state.denomination, body.denomination)) continue;
    if (body.batchId !== undefined && state.batchId !== undefined && state.batchId !== body.batchId) continue;
    inStock -= state.quantity - (await readModels.allocated(id));
  }
  return Math.max(0, inStock);
}
