import { accept, type Decider, type Decision, refuse, unchanged } from './decision.js';
import { refuseDenomination } from './denomination.js';
import type { AllocationEvent } from './events.js';
import { type AllocationId, type BatchId, type Channel, DIRECT_CHANNEL } from './ids.js';
import { cannotFollow, impossible } from './invariant.js';
import { equals } from './money.js';
import { given } from './optional.js';
import type { Money } from './wire.generated.js';

export interface AllocationTerms {
  readonly allocationId: AllocationId;
  readonly channel: Channel;
  readonly denomination: Money;
  readonly quantity: number;
  readonly batchId?: BatchId;
}

export type AllocationState =
  | { readonly status: 'none' }
  | ({ readonly status: 'allocating' } & AllocationTerms)
  | ({ readonly status: 'allocated'; readonly allocated: number } & AllocationTerms);

export type AllocationCommand =
  /** `inStock`: what the issuer has for these terms, read by the caller. */
  | ({ readonly kind: 'request'; readonly inStock: number } & AllocationTerms)
  | { readonly kind: 'complete'; readonly allocated: number };

/** Stock on its way from the issuer to a channel: stream `allocation-<allocationId>`. */
export const allocationDecider: Decider<AllocationState, AllocationCommand, AllocationEvent> = {
  initialState: { status: 'none' },
  decide: (state, command) =>
    command.kind === 'request' ? request(state, command) : complete(state, command),
  evolve,
};

function request(
  state: AllocationState,
  command: Extract<AllocationCommand, { kind: 'request' }>,
): Decision<AllocationEvent> {
  const { allocationId, channel, denomination, quantity, batchId, inStock } = command;
  if (channel === DIRECT_CHANNEL) {
    return refuse('channel-not-allocatable', 'The issuer sells its own stock; nothing is allocated to it.');
  }
  if (state.status !== 'none') {
    return sameTerms(state, command)
      ? unchanged
      : refuse('allocation-exists', 'An allocation with this identifier exists with other terms.', {
          state: state.status,
        });
  }
  const refusal = refuseDenomination(denomination);
  if (refusal !== undefined) return refusal;
  if (quantity > inStock) {
    return refuse('insufficient-stock', 'The issuer has fewer such stamps in stock than were asked for.', {
      inStock,
    });
  }
  return accept({
    type: 'AllocationRequested',
    data: { allocationId, channel, denomination, quantity, ...given('batchId', batchId) },
  });
}

function complete(
  state: AllocationState,
  command: Extract<AllocationCommand, { kind: 'complete' }>,
): Decision<AllocationEvent> {
  switch (state.status) {
    case 'none':
      return refuse('unknown-allocation', 'There is no such allocation.');
    case 'allocating':
      return accept({
        type: 'AllocationCompleted',
        data: { allocationId: state.allocationId, allocated: command.allocated },
      });
    case 'allocated':
      return state.allocated === command.allocated
        ? unchanged
        : refuse('wrong-state', 'This allocation was completed with another result.', {
            state: state.status,
          });
  }
}

function evolve(state: AllocationState, event: AllocationEvent): AllocationState {
  switch (event.type) {
    case 'AllocationRequested': {
      if (state.status !== 'none') return cannotFollow(event.type, `status ${state.status} of an allocation`);
      const { allocationId, channel, denomination, quantity, batchId } = event.data;
      return {
        status: 'allocating',
        allocationId: allocationId as AllocationId,
        channel: channel as Channel,
        denomination,
        quantity,
        ...given('batchId', batchId as BatchId | undefined),
      };
    }
    case 'AllocationCompleted':
      return state.status === 'allocating' && state.allocationId === event.data.allocationId
        ? { ...state, status: 'allocated', allocated: event.data.allocated }
        : cannotFollow(event.type, `status ${state.status} of an allocation`);
    default:
      return impossible(event);
  }
}

/** The stock at hand is what the caller saw, not what the issuer asked for. */
function sameTerms(state: AllocationTerms, command: AllocationTerms): boolean {
  return (
    state.allocationId === command.allocationId &&
    state.channel === command.channel &&
    state.quantity === command.quantity &&
    state.batchId === command.batchId &&
    equals(state.denomination, command.denomination)
  );
}
