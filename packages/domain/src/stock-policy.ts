import { accept, type Decider, type Decision, refuse, unchanged } from './decision.js';
import { refuseDenomination } from './denomination.js';
import type { StockPolicyEvent } from './events.js';
import { type Channel, DIRECT_CHANNEL, type StockPolicyId } from './ids.js';
import { equals } from './money.js';
import { given } from './optional.js';
import type { Money, Refill } from './wire.generated.js';

/** When the stock of one channel and denomination is low, and what may then be allocated without asking. */
export interface StockPolicy {
  readonly policyId: StockPolicyId;
  readonly channel: Channel;
  readonly denomination: Money;
  readonly lowBelow: number;
  /** Absent: nothing is allocated by itself. */
  readonly refill?: Refill;
}

export type StockPolicies = ReadonlyMap<StockPolicyId, StockPolicy>;

export type StockPolicyCommand = { readonly kind: 'set' } & StockPolicy;

const POLICIES_MAX = 1_000;

/** Every policy, in the order in which they were first set: stream `stock-policies`. */
export const stockPolicyDecider: Decider<StockPolicies, StockPolicyCommand, StockPolicyEvent> = {
  initialState: new Map(),
  decide: set,
  evolve: (policies, { data }) => {
    const { policyId, channel, denomination, lowBelow, refill } = data;
    const id = policyId as StockPolicyId;
    return new Map(policies).set(id, {
      policyId: id,
      channel: channel as Channel,
      denomination,
      lowBelow,
      ...given('refill', refill),
    });
  },
};

function set(
  policies: StockPolicies,
  { policyId, channel, denomination, lowBelow, refill }: StockPolicyCommand,
): Decision<StockPolicyEvent> {
  const refusal = refuseDenomination(denomination);
  if (refusal !== undefined) return refusal;
  if (channel === DIRECT_CHANNEL && refill !== undefined)
    return refuse('channel-not-allocatable', 'The issuer sells its own stock; nothing is allocated to it.');
  const known = policies.get(policyId);
  if (known === undefined && policies.size >= POLICIES_MAX)
    return refuse('too-many-stock-policies', 'There are too many stock policies.', {
      policies: policies.size,
    });
  if (
    known?.lowBelow === lowBelow &&
    equals(known.denomination, denomination) &&
    known.refill?.quantity === refill?.quantity &&
    known.refill?.perDay === refill?.perDay
  )
    return unchanged;
  return accept({
    type: 'StockPolicySet',
    data: { policyId, channel, denomination, lowBelow, ...given('refill', refill) },
  });
}
