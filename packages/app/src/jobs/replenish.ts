import {
  allocationStream,
  STOCK_POLICIES_STREAM,
  stockLevelStream,
  toMilliseconds,
} from '@stamp-ledger/codec';
import {
  type AllocationId,
  type ObserveStock,
  type StockLevelState,
  type StockPolicy,
  stockLevelDecider,
} from '@stamp-ledger/domain';
import { LIMITS } from '@stamp-ledger/ports';
import { allocationCommands, uncommittedStock } from '../allocations.js';
import type { Context } from '../context.js';
import { caughtUp } from '../freshness.js';
import { fromProcess } from '../sources.js';
import { eachByItself } from './each-by-itself.js';

/**
 * One look at every stock that has a policy: records that it ran low or recovered, and asks for the allocation that the
 * policy allows. Low and allocation are one event, so the limit of a day holds whatever crashes; the allocation has its
 * id from that event, so asking again asks for the same one. Two processes that do this write each event once.
 */
export async function replenishOnce(context: Context): Promise<void> {
  const { state: policies } = await context.aggregates.stockPolicies.load(STOCK_POLICIES_STREAM);
  await eachByItself([...policies.values()], (policy) => replenish(context, policy));
}

async function replenish(context: Context, policy: StockPolicy): Promise<void> {
  const stream = stockLevelStream(policy.policyId);
  const { state, head } = await context.aggregates.stockLevels.load(stream);
  const refill = state.status === 'low' && state.none === undefined ? state.refills.at(-1) : undefined;
  if (refill !== undefined) await request(context, policy, refill);
  const seen = await observation(context, policy, state, String(head));
  if (stockLevelDecider.decide(state, seen).kind !== 'accepted') return;
  // What is written down must not rest on an old read model, or a stock just filled up would be filled again.
  if (!(await caughtUp(context, LIMITS.readModelWaitMilliseconds, ['inventory']))) return;
  const now = await observation(context, policy, state, String(head));
  if (stockLevelDecider.decide(state, now).kind !== 'accepted') return;
  const result = await context.aggregates.stockLevels.execute({
    stream,
    source: fromProcess('replenishment', policy.policyId, String(head)),
    command: () => now,
  });
  const granted = result.kind === 'done' && result.state.none === undefined && result.state.status === 'low';
  const next = granted ? result.state.refills.at(-1) : undefined;
  if (next !== undefined) await request(context, policy, next);
}

async function observation(
  context: Context,
  policy: StockPolicy,
  state: StockLevelState,
  head: string,
): Promise<ObserveStock> {
  const { readModels, runtime } = context;
  const last = state.refills.at(-1);
  const refill =
    last && (await context.aggregates.allocations.load(allocationStream(last.allocationId))).state;
  const inStock = await readModels.stockCount(policy);
  const isRefilling = refill?.status === 'allocating';
  return {
    kind: 'observe',
    policy,
    inStock,
    // Asked for at every policy in every sweep, so not where nothing follows from it.
    issuerStock: inStock < policy.lowBelow && !isRefilling ? await uncommittedStock(context, policy) : 0,
    isRefilling,
    allocationId:
      last !== undefined && refill?.status === 'none'
        ? // It was refused: another may take its place, under its name, so that only one can ever be given.
          last.allocationId
        : // Named by what it follows.
          (fromProcess('replenishment', policy.policyId, head).commandId as string as AllocationId),
    atMilliseconds: toMilliseconds(runtime.clock.now()),
  };
}

/** Asks for the allocation. Refused, since the stock went elsewhere meanwhile, a smaller one or none takes its place. */
async function request(
  context: Context,
  { channel, denomination }: StockPolicy,
  { allocationId, quantity }: StockLevelState['refills'][number],
): Promise<void> {
  const { state } = await context.aggregates.allocations.load(allocationStream(allocationId));
  if (state.status !== 'none') return;
  const { commandId, correlationId, actor, requestHash } = fromProcess(
    'replenishment',
    'allocate',
    allocationId,
  );
  await allocationCommands(context).request(
    { allocationId, channel, denomination, quantity },
    { commandId, correlationId, actor, requestHash },
  );
}
