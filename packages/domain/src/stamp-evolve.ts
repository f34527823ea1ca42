import type { EventData, StampEvent } from './events.js';
import {
  type AllocationId,
  type BatchId,
  type Channel,
  DIRECT_CHANNEL,
  type Instant,
  type OrderId,
  type Serial,
} from './ids.js';
import { cannotFollow, impossible } from './invariant.js';
import { given } from './optional.js';
import type { MintedStamp, StampIdentity, StampIn, StampSale, StampState } from './stamp.js';
import type { Document } from './wire.generated.js';

type SoldStamp = StampIn<'sold' | 'reserved' | 'outcome-unknown' | 'affixed'>;

/**
 * The state after `event`.
 *
 * @throws Error when the event cannot follow: the stream is broken
 */
export function evolveStamp(state: StampState, event: StampEvent): StampState {
  if (event.type === 'StampVerified') return state;
  if (state.stage === 'unminted') {
    return event.type === 'StampMinted'
      ? minted(event.data)
      : cannotFollow(event.type, 'a serial that was not minted');
  }
  return evolveMinted(state, event);
}

function evolveMinted(
  state: MintedStamp,
  event: Exclude<StampEvent, { readonly type: 'StampVerified' }>,
): StampState {
  const broken = () => cannotFollow(event.type, `stage ${state.stage} of stamp ${state.serial}`);
  if (event.data.serial !== state.serial) return broken();
  switch (event.type) {
    case 'StampMinted':
      return broken();
    case 'StampAllocated':
      return state.stage === 'minted' ? allocated(state, event.data) : broken();
    case 'StampDeallocated':
      return state.stage === 'allocated'
        ? { stage: 'minted', channel: DIRECT_CHANNEL, ...identityOf(state) }
        : broken();
    case 'StampSold':
      return state.stage === 'minted' || state.stage === 'allocated' ? sold(state, event.data) : broken();
    case 'StampReserved':
      return state.stage === 'sold' ? reserved(state, event.data) : broken();
    case 'StampReleased':
      return state.stage === 'reserved' ? soldAgain(state) : broken();
    case 'AffixOutcomeUnknown':
      return state.stage === 'reserved' && isBoundFor(state, event.data.document)
        ? { stage: 'outcome-unknown', document: state.document, ...saleOf(state) }
        : broken();
    case 'AffixOutcomeResolved':
      return state.stage === 'outcome-unknown' && isBoundFor(state, event.data.document)
        ? resolved(state, event.data.result)
        : broken();
    case 'StampAffixed':
      return state.stage === 'sold' || (state.stage === 'reserved' && isBoundFor(state, event.data.document))
        ? affixed(state, event.data)
        : broken();
    case 'StampVoided':
      return state.stage === 'voided' ? broken() : voided(state, event.data);
    case 'EventCorrected':
      return state;
    default:
      return impossible(event);
  }
}

function minted(data: EventData['StampMinted']): StampState {
  return {
    stage: 'minted',
    channel: DIRECT_CHANNEL,
    serial: data.serial as Serial,
    batchId: data.batchId as BatchId,
    series: data.series,
    denomination: data.denomination,
    index: data.index,
  };
}

function allocated(state: StampIn<'minted'>, data: EventData['StampAllocated']): StampState {
  return {
    stage: 'allocated',
    ...identityOf(state),
    channel: data.channel as Channel,
    allocationId: data.allocationId as AllocationId,
  };
}

function sold(state: StampIn<'minted' | 'allocated'>, data: EventData['StampSold']): StampState {
  if (data.channel !== state.channel)
    return cannotFollow('StampSold', `stock of another channel: ${state.serial}`);
  return {
    stage: 'sold',
    ...identityOf(state),
    channel: state.channel,
    holder: data.holder,
    ...given('orderId', data.orderId as OrderId | undefined),
  };
}

function soldAgain(state: SoldStamp): StampState {
  return { stage: 'sold', ...saleOf(state) };
}

function reserved(state: StampIn<'sold'>, data: EventData['StampReserved']): StampState {
  return {
    stage: 'reserved',
    ...saleOf(state),
    document: data.document,
    expiresAt: data.expiresAt as Instant,
  };
}

function affixed(state: StampIn<'sold' | 'reserved'>, data: EventData['StampAffixed']): StampState {
  return {
    stage: 'affixed',
    ...saleOf(state),
    document: data.document,
    ...given('signedSha256', data.signedSha256),
  };
}

function resolved(state: StampIn<'outcome-unknown'>, result: 'affixed' | 'not-affixed'): StampState {
  return result === 'affixed'
    ? { stage: 'affixed', ...saleOf(state), document: state.document, resolved: true }
    : soldAgain(state);
}

/** Keeps the document only of a stamp that was bound to one: a reservation or a doubt binds nothing. */
function voided(state: MintedStamp, data: EventData['StampVoided']): StampState {
  return {
    stage: 'voided',
    ...identityOf(state),
    channel: state.channel,
    reason: data.reason,
    ...given('document', state.stage === 'affixed' ? state.document : undefined),
  };
}

function isBoundFor(state: { readonly document: Document }, document: Document): boolean {
  return state.document.sha256 === document.sha256;
}

/** What is kept from stage to stage, named field by field so that nothing of a past stage lingers. */
function identityOf(state: MintedStamp): StampIdentity {
  const { serial, batchId, series, denomination, index } = state;
  return { serial, batchId, series, denomination, index };
}

function saleOf(state: SoldStamp): StampIdentity & StampSale & { readonly channel: Channel } {
  const { channel, holder, orderId } = state;
  return { ...identityOf(state), channel, holder, ...given('orderId', orderId) };
}
