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
import { LIMITS, PortError } from '@stamp-ledger/ports';
import type { Context } from './context.js';
import { mustBeCaughtUp } from './freshness.js';
import { KeyedQueue } from './keyed-queue.js';
import type { Ledger } from './ledger.js';
import { settled } from './settled.js';
import { fromCaller } from './sources.js';
import { whenAway } from './when-away.js';

/** Allocations: requested as one durable event, carried out behind it. */
export function allocationCommands(context: Context): Ledger['allocations'] {
  const { allocations } = context.aggregates;
  const requests = new KeyedQueue<string>(LIMITS.commandsPerStream);
  return {
    // One after another for a denomination: each sees the request before it, and no stock is promised twice.
    request: (body, caller) =>
      requests.run(`${body.denomination.amount} ${body.denomination.currency}`, async () => {
        const allocationId = (body.allocationId ?? caller.commandId) as AllocationId;
        const stream = allocationStream(allocationId);
        const { state } = await allocations.load(stream);
        if (state.status === 'none') await mustBeCaughtUp(context);
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
      }),
    report: async (id) => {
      const { state, lastPosition } = await allocations.load(allocationStream(id));
      if (state.status === 'none' || lastPosition === undefined) return undefined;
      return {
        state,
        position: lastPosition,
        allocated:
          state.status === 'allocated'
            ? state.allocated
            : await whenAway(context.readModels.allocated(id), 0),
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

const batchOf = ({ batchId }: Pick<RequestAllocation, 'batchId'>) =>
  batchId === undefined ? {} : { batchId: batchId as BatchId };

/** The issuer's stock that no earlier allocation is still waiting for, as the read models know it. */
export async function uncommittedStock(
  context: Context,
  body: Pick<RequestAllocation, 'denomination' | 'batchId'>,
): Promise<number> {
  const { readModels, aggregates } = context;
  // What is still to be given is read before the stock: a chunk given in between makes too little of it, never too much.
  let waitedFor = 0;
  const open = await readModels.allocationsToDo({ limit: LIMITS.queryRows });
  if (open.length >= LIMITS.queryRows) throw new PortError('unavailable', 'too many allocations are open');
  for (const id of open) {
    const { state } = await aggregates.allocations.load(allocationStream(id));
    if (state.status === 'none' || !money.equals(state.denomination, body.denomination)) continue;
    if (body.batchId !== undefined && state.batchId !== undefined && state.batchId !== body.batchId) continue;
    // One that completed a moment ago may have given stamps that the read model still counts as stock.
    const given = state.status === 'allocated' ? state.allocated : state.quantity;
    waitedFor += Math.max(0, given - (await readModels.allocated(id)));
  }
  const inStock = await readModels.stockCount({
    channel: DIRECT_CHANNEL,
    denomination: body.denomination,
    ...batchOf(body),
  });
  return Math.max(0, inStock - waitedFor);
}
