import { accept, type Decider, type Decision, refuse, unchanged } from './decision.js';
import type { StampEvent } from './events.js';
import { given } from './optional.js';
import type { MintedStamp, StampCommand, StampCommandOf, StampState } from './stamp.js';
import {
  affix,
  expireReservation,
  release,
  reportOutcomeUnknown,
  reserve,
  resolveOutcome,
} from './stamp-document.js';
import { evolveStamp } from './stamp-evolve.js';
import { allocate, deallocate, mint, sell } from './stamp-stock.js';

/** The life of one stamp: stream `stamp-<serial>`. */
export const stampDecider: Decider<StampState, StampCommand, StampEvent> = {
  initialState: { stage: 'unminted' },
  decide: decideStamp,
  evolve: evolveStamp,
};

function decideStamp(state: StampState, command: StampCommand): Decision<StampEvent> {
  switch (command.kind) {
    case 'mint':
      return mint(state, command);
    case 'expire-reservation':
      return expireReservation(state, command);
    case 'record-verification':
      return recordVerification(command);
    default:
      return state.stage === 'unminted'
        ? refuse('unknown-serial', 'No stamp with this serial was minted.')
        : decideMinted(state, command);
  }
}

type CommandToMinted = Exclude<
  StampCommand,
  StampCommandOf<'mint' | 'expire-reservation' | 'record-verification'>
>;

function decideMinted(state: MintedStamp, command: CommandToMinted): Decision<StampEvent> {
  const actingChannel = 'actingChannel' in command ? command.actingChannel : undefined;
  if (actingChannel !== undefined && actingChannel !== state.channel) {
    return refuse('wrong-channel', 'This stamp belongs to another channel.');
  }
  switch (command.kind) {
    case 'allocate':
      return allocate(state, command);
    case 'deallocate':
      return deallocate(state, command);
    case 'sell':
      return sell(state, command);
    case 'reserve':
      return reserve(state, command);
    case 'release':
      return release(state, command);
    case 'affix':
      return affix(state, command);
    case 'report-outcome-unknown':
      return reportOutcomeUnknown(state, command);
    case 'resolve-outcome':
      return resolveOutcome(state, command);
    case 'void':
      return voidStamp(state, command);
    case 'correct':
      return correct(state, command);
  }
}

/** Ends a stamp's validity. An affixed stamp needs one of two reasons, and evidence; a refund needs its policy. */
function voidStamp(state: MintedStamp, command: StampCommandOf<'void'>): Decision<StampEvent> {
  if (state.stage === 'voided') {
    return state.reason === command.reason
      ? unchanged
      : refuse('stamp-voided', 'This stamp was voided for another reason.', { reason: state.reason });
  }
  const refusal = refuseVoiding(state, command);
  if (refusal !== undefined) return refusal;
  return accept({
    type: 'StampVoided',
    data: {
      serial: state.serial,
      reason: command.reason,
      ...given('evidence', command.evidence),
      ...given('policyVersion', command.policyVersion),
      ...given('orderId', command.orderId),
    },
  });
}

function refuseVoiding(
  state: MintedStamp,
  command: StampCommandOf<'void'>,
): Decision<StampEvent> | undefined {
  const facts = { state: state.stage, reason: command.reason };
  if (state.stage === 'affixed') {
    if (command.reason !== 'misaffixed' && command.reason !== 'revoked') {
      return refuse(
        'void-reason-not-allowed',
        'An affixed stamp can be voided only as misaffixed or revoked.',
        facts,
      );
    }
    return command.evidence === undefined
      ? refuse('evidence-required', 'Voiding an affixed stamp needs evidence.', facts)
      : undefined;
  }
  if (command.reason !== 'refund') return undefined;
  if (state.stage === 'minted' || state.stage === 'allocated') {
    return refuse('void-reason-not-allowed', 'A stamp that was not sold cannot be refunded.', facts);
  }
  if ('orderId' in state && state.orderId !== undefined && command.orderId !== state.orderId) {
    return refuse('void-reason-not-allowed', 'This stamp was sold with an order: refund the order.', facts);
  }
  return command.policyVersion === undefined
    ? refuse(
        'policy-version-required',
        'A refund must name the version of the policy that was applied.',
        facts,
      )
    : undefined;
}

/** A check is a fact about the serial, whatever became of the stamp: one that nobody minted is a forgery's trace. */
function recordVerification(command: StampCommandOf<'record-verification'>): Decision<StampEvent> {
  return accept({
    type: 'StampVerified',
    data: {
      serial: command.serial,
      verdict: command.verdict,
      reasons: [...command.reasons],
      ...given(
        'document',
        command.documentSha256 === undefined ? undefined : { sha256: command.documentSha256 },
      ),
    },
  });
}

/** Says what was wrong with an earlier event, which stays. What the stamp is now changes by events of its own. */
function correct(state: MintedStamp, command: StampCommandOf<'correct'>): Decision<StampEvent> {
  return accept({
    type: 'EventCorrected',
    data: {
      serial: state.serial,
      corrects: { ...command.corrects },
      statement: command.statement,
      ...given('evidence', command.evidence),
    },
  });
}
