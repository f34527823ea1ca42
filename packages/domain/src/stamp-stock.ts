import { accept, type Decision, refuse, unchanged } from './decision.js';
import type { StampEvent } from './events.js';
import { DIRECT_CHANNEL } from './ids.js';
import { equals } from './money.js';
import { given } from './optional.js';
import type { MintedStamp, StampCommandOf, StampIn, StampState } from './stamp.js';

/** Brings a serial into being; the same serial, batch and index again changes nothing. */
export function mint(state: StampState, command: StampCommandOf<'mint'>): Decision<StampEvent> {
  if (state.stage !== 'unminted') {
    const same =
      state.serial === command.serial && state.batchId === command.batchId && state.index === command.index;
    return same
      ? unchanged
      : refuse('already-minted', 'This serial was minted before.', { state: state.stage });
  }
  const { serial, batchId, series, denomination, index } = command;
  return accept({ type: 'StampMinted', data: { serial, batchId, series, denomination, index } });
}

/** Gives a stamp in the issuer's stock to a channel. */
export function allocate(state: MintedStamp, command: StampCommandOf<'allocate'>): Decision<StampEvent> {
  if (command.channel === DIRECT_CHANNEL) {
    return refuse('channel-not-allocatable', 'The issuer sells its own stock; nothing is allocated to it.');
  }
  if (state.stage === 'allocated' && state.allocationId === command.allocationId) return unchanged;
  if (state.stage !== 'minted')
    return wrongState(state, 'Only a stamp in the stock of the issuer can be allocated.');
  return accept({
    type: 'StampAllocated',
    data: { serial: state.serial, allocationId: command.allocationId, channel: command.channel },
  });
}

/** Takes a channel's unsold stamp back into the issuer's stock. */
export function deallocate(state: MintedStamp, command: StampCommandOf<'deallocate'>): Decision<StampEvent> {
  if (state.stage === 'minted') return unchanged;
  if (state.stage !== 'allocated')
    return wrongState(state, 'Only allocated stock can go back to the issuer.');
  return accept({
    type: 'StampDeallocated',
    data: { serial: state.serial, channel: state.channel, reason: command.reason },
  });
}

/** Gives an unsold stamp its holder. Only the channel whose stock it is can sell it, and only once. */
export function sell(state: MintedStamp, command: StampCommandOf<'sell'>): Decision<StampEvent> {
  if (command.actingChannel !== undefined && command.actingChannel !== command.channel) {
    return refuse('wrong-channel', 'A channel can sell only for itself.');
  }
  switch (state.stage) {
    case 'minted':
    case 'allocated':
      return sellFromStock(state, command);
    case 'voided':
      return refuse('stamp-voided', 'This stamp was voided.');
    default:
      return isSameSale(state, command)
        ? unchanged
        : refuse('already-sold', 'This stamp was sold before.', { state: state.stage });
  }
}

function sellFromStock(
  state: StampIn<'minted' | 'allocated'>,
  command: StampCommandOf<'sell'>,
): Decision<StampEvent> {
  if (command.channel !== state.channel) {
    return refuse('wrong-channel', 'This stamp is not in the stock of that channel.');
  }
  if (command.payment !== undefined && !equals(command.payment, state.denomination)) {
    return refuse('payment-mismatch', 'The payment is not the denomination of this stamp.');
  }
  return accept({
    type: 'StampSold',
    data: {
      serial: state.serial,
      channel: command.channel,
      holder: command.holder,
      ...given('orderId', command.orderId),
      ...given('payment', command.payment),
    },
  });
}

/** Without an order nothing tells one sale to a holder from another, so such a repetition never counts as the same. */
function isSameSale(
  state: StampIn<'sold' | 'reserved' | 'outcome-unknown' | 'affixed'>,
  command: StampCommandOf<'sell'>,
): boolean {
  return (
    command.orderId !== undefined &&
    command.orderId === state.orderId &&
    command.holder === state.holder &&
    command.channel === state.channel
  );
}

function wrongState(state: MintedStamp, detail: string): Decision<StampEvent> {
  return refuse('wrong-state', detail, { state: state.stage });
}
