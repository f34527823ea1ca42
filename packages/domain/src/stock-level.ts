import { accept, type Decider, type Decision, unchanged } from './decision.js';
import type { StockLevelEvent } from './events.js';
import type { AllocationId } from './ids.js';
import { impossible } from './invariant.js';
import type { StockPolicy } from './stock-policy.js';
import type { StockRanLowV1 } from './wire.generated.js';

/** The limit of a policy holds within any span of this length. */
const DAY_MILLISECONDS = 86_400_000;

/** An allocation that a policy brought about. */
export interface GrantedRefill {
  readonly allocationId: AllocationId;
  readonly quantity: number;
  readonly atMilliseconds: number;
}

export interface StockLevelState {
  readonly status: 'enough' | 'low';
  /** Those that still count against the limit of a day, the latest last. */
  readonly refills: readonly GrantedRefill[];
  /** Why none followed when it last ran low. */
  readonly none?: 'not-automatic' | 'limit-reached' | 'issuer-out-of-stock';
}

export interface ObserveStock {
  readonly kind: 'observe';
  readonly policy: StockPolicy;
  /** What the channel can sell. */
  readonly inStock: number;
  /** What the issuer could give: its stock without what it has promised. */
  readonly issuerStock: number;
  /** Whether the last allocation was asked for and is still under way: then none follows it yet. */
  readonly isRefilling: boolean;
  /** Of the allocation that may follow; that of the last one, when this was never asked for. */
  readonly allocationId: AllocationId;
  readonly atMilliseconds: number;
}

/** How the stock that one policy watches ran low and recovered: stream `stock-<policyId>`. */
export const stockLevelDecider: Decider<StockLevelState, ObserveStock, StockLevelEvent> = {
  initialState: { status: 'enough', refills: [] },
  decide: observe,
  evolve,
};

function observe(state: StockLevelState, command: ObserveStock): Decision<StockLevelEvent> {
  const { policy, inStock } = command;
  const { policyId, channel, denomination, lowBelow } = policy;
  if (inStock >= lowBelow)
    return state.status === 'enough'
      ? unchanged
      : accept({ type: 'StockRecovered', data: { policyId, channel, denomination, inStock } });
  if (state.status === 'low' && command.isRefilling) return unchanged;
  const refill = refillFor(state, command);
  // Said once, until the reason is another.
  if (state.status === 'low' && isSaid(state, refill)) return unchanged;
  return accept({
    type: 'StockRanLow',
    data: { policyId, channel, denomination, inStock, lowBelow, refill },
  });
}

function isSaid({ none, refills }: StockLevelState, refill: StockRanLowV1['refill']): boolean {
  if ('none' in refill) return refill.none === none;
  const last = refills.at(-1);
  return (
    none === undefined && last?.allocationId === refill.allocationId && last.quantity === refill.quantity
  );
}

/** Those of a day that were given or may still be: not one whose place another takes. */
const countingFor = (
  refills: StockLevelState['refills'],
  { allocationId, atMilliseconds }: Pick<GrantedRefill, 'allocationId' | 'atMilliseconds'>,
): StockLevelState['refills'] =>
  refills.filter(
    (each) => each.allocationId !== allocationId && atMilliseconds - each.atMilliseconds < DAY_MILLISECONDS,
  );

function refillFor(state: StockLevelState, command: ObserveStock): StockRanLowV1['refill'] {
  const { policy, issuerStock, allocationId, atMilliseconds } = command;
  if (policy.refill === undefined) return { none: 'not-automatic' };
  const given = countingFor(state.refills, command).reduce((sum, { quantity }) => sum + quantity, 0);
  const left = policy.refill.perDay - given;
  if (left <= 0) return { none: 'limit-reached' };
  const quantity = Math.min(policy.refill.quantity, left, issuerStock);
  return quantity <= 0 ? { none: 'issuer-out-of-stock' } : { allocationId, quantity, atMilliseconds };
}

function evolve(state: StockLevelState, event: StockLevelEvent): StockLevelState {
  switch (event.type) {
    case 'StockRanLow': {
      const { refill } = event.data;
      if ('none' in refill) return { status: 'low', refills: state.refills, none: refill.none };
      const granted: GrantedRefill = { ...refill, allocationId: refill.allocationId as AllocationId };
      return { status: 'low', refills: [...countingFor(state.refills, granted), granted] };
    }
    case 'StockRecovered':
      return { status: 'enough', refills: state.refills };
    default:
      return impossible(event);
  }
}
