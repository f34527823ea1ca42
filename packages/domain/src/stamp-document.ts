import { accept, type Decision, refuse, unchanged } from './decision.js';
import type { EventOf, StampEvent } from './events.js';
import type { Instant, Serial } from './ids.js';
import { given } from './optional.js';
import type { MintedStamp, StampCommandOf, StampIn, StampState } from './stamp.js';
import type { Document } from './wire.generated.js';

/** Reserves a sold stamp for one document. A reservation whose time is over at `at` gives way. */
export function reserve(state: MintedStamp, command: StampCommandOf<'reserve'>): Decision<StampEvent> {
  const reserved: StampEvent = {
    type: 'StampReserved',
    data: { serial: state.serial, document: command.document, expiresAt: command.expiresAt },
  };
  switch (state.stage) {
    case 'sold':
      return command.orderClosed === true ? refuseClosedOrder(state) : accept(reserved);
    case 'reserved':
      if (command.orderClosed === true) return refuseClosedOrder(state);
      if (isExpired(state, command.at))
        return accept<StampEvent>(released(state.serial, 'expired'), reserved);
      return isFor(state, command.document)
        ? unchanged
        : refuse('already-reserved', 'This stamp is reserved for another document.', {
            expiresAt: state.expiresAt,
          });
    default:
      return refuseDocument(state);
  }
}

/** Ends a reservation before its time; the stamp is the holder's as before. */
export function release(state: MintedStamp, command: StampCommandOf<'release'>): Decision<StampEvent> {
  switch (state.stage) {
    case 'reserved':
      return accept(released(state.serial, command.reason));
    case 'sold':
      return unchanged;
    case 'minted':
    case 'allocated':
      return notReserved(state);
    default:
      return refuse('wrong-state', 'The reservation of this stamp has already led on to something else.', {
        state: state.stage,
      });
  }
}

/** Ends a reservation whose time is over at `at` and leaves everything else alone. */
export function expireReservation(
  state: StampState,
  command: StampCommandOf<'expire-reservation'>,
): Decision<StampEvent> {
  return state.stage === 'reserved' && isExpired(state, command.at)
    ? accept(released(state.serial, 'expired'))
    : unchanged;
}

/**
 * Binds a sold stamp to one document, for good; the same document again changes nothing. The document that the stamp
 * is reserved for may still be affixed after the reservation's end: nobody else came, so the holder loses nothing.
 */
export function affix(state: MintedStamp, command: StampCommandOf<'affix'>): Decision<StampEvent> {
  const affixed: StampEvent = {
    type: 'StampAffixed',
    data: {
      serial: state.serial,
      document: command.document,
      ...given('signedSha256', command.signedSha256),
    },
  };
  switch (state.stage) {
    case 'sold':
      return command.orderClosed === true ? refuseClosedOrder(state) : accept(affixed);
    case 'reserved':
      if (command.orderClosed === true) return refuseClosedOrder(state);
      if (isFor(state, command.document)) return accept(affixed);
      return isExpired(state, command.at)
        ? accept<StampEvent>(released(state.serial, 'expired'), affixed)
        : refuse('reserved-for-another-document', 'This stamp is reserved for another document.', {
            expiresAt: state.expiresAt,
          });
    case 'affixed':
      return isFor(state, command.document) && isSigned(state, command) ? unchanged : refuseDocument(state);
    default:
      return refuseDocument(state);
  }
}

/** Records that an affixing was tried and nobody knows whether it happened. The same serial waits for the answer. */
export function reportOutcomeUnknown(
  state: MintedStamp,
  command: StampCommandOf<'report-outcome-unknown'>,
): Decision<StampEvent> {
  switch (state.stage) {
    case 'reserved':
      return accept({
        type: 'AffixOutcomeUnknown',
        data: { serial: state.serial, document: state.document, ...given('evidence', command.evidence) },
      });
    case 'outcome-unknown':
      return unchanged;
    case 'affixed':
    case 'voided':
      return refuseDocument(state);
    default:
      return notReserved(state);
  }
}

/** Records what became of a doubtful affixing: affixed to its document, or the holder's as before. */
export function resolveOutcome(
  state: MintedStamp,
  command: StampCommandOf<'resolve-outcome'>,
): Decision<StampEvent> {
  if (state.stage === 'outcome-unknown') {
    const { serial, document } = state;
    return accept({
      type: 'AffixOutcomeResolved',
      data: { serial, result: command.result, document, evidence: command.evidence },
    });
  }
  if (state.stage === 'affixed' && state.resolved === true) {
    return command.result === 'affixed'
      ? unchanged
      : refuse('outcome-already-resolved', 'The doubtful affixing of this stamp was resolved as affixed.', {
          state: state.stage,
        });
  }
  return refuse('wrong-state', 'No affixing of this stamp is in doubt.', { state: state.stage });
}

/** Why a stamp in this stage takes no document. */
function refuseDocument(
  state: StampIn<'minted' | 'allocated' | 'outcome-unknown' | 'affixed' | 'voided'>,
): Decision<StampEvent> {
  switch (state.stage) {
    case 'minted':
    case 'allocated':
      return refuse('not-sold', 'This stamp has not been sold.', { state: state.stage });
    case 'outcome-unknown':
      return refuse(
        'outcome-unknown',
        'An earlier affixing of this stamp is in doubt and must be resolved first; this same stamp can be used then.',
      );
    case 'affixed':
      return refuse('already-affixed', 'This stamp is affixed to a document, and stays as it was affixed.');
    case 'voided':
      return refuse('stamp-voided', 'This stamp was voided.');
  }
}

function notReserved(state: MintedStamp): Decision<StampEvent> {
  return refuse('not-reserved', 'This stamp is not reserved for a document.', { state: state.stage });
}

function refuseClosedOrder(state: MintedStamp): Decision<StampEvent> {
  return refuse('wrong-state', 'The order of this stamp was refunded or cancelled.', { state: state.stage });
}

/** A repetition may leave the signed document's hash out, but not bring another than is recorded. */
function isSigned(state: StampIn<'affixed'>, { signedSha256 }: StampCommandOf<'affix'>): boolean {
  return signedSha256 === undefined || signedSha256 === state.signedSha256;
}

function released(serial: Serial, reason: string): EventOf<'StampReleased'> {
  return { type: 'StampReleased', data: { serial, reason } };
}

function isFor(state: StampIn<'reserved' | 'affixed'>, document: Document): boolean {
  return state.document.sha256 === document.sha256;
}

/** A reservation ends at `expiresAt`, that moment included. Text order is time order ({@link Instant}). */
function isExpired(state: StampIn<'reserved'>, at: Instant): boolean {
  return at >= state.expiresAt;
}
