import type { RefusalCode } from '@stamp-ledger/domain';
import type { ProblemName } from './table.js';

/** Each refusal of the domain is a problem of its own, by the same name: the compiler sees to it that none is forgotten. */
export const refusalProblem: (code: RefusalCode) => ProblemName = (code) => code satisfies ProblemName;

/** Refusals of what the body says, whatever the state of things, and the member that is at fault. */
const MEMBER_AT_FAULT: Partial<Record<RefusalCode, string>> = {
  'unknown-currency': '/denomination/currency',
  'invalid-amount': '/denomination/amount',
  'serials-quantity-mismatch': '/serials',
  'duplicate-serial': '/serials',
  'channel-not-allocatable': '/channel',
  'evidence-required': '/evidence',
  'policy-version-required': '/policyVersion',
  'refund-amount-mismatch': '/amount',
  'incident-ends-before-start': '/endedAt',
  'opening-in-the-past': '/opensAt',
  'occurred-after-recording': '/occurredAt',
  'occurred-outside-incident': '/occurredAt',
};

/** A JSON Pointer to the member of the body that a refusal is about, when it is about one. */
export const memberAtFault = (code: RefusalCode): string | undefined => MEMBER_AT_FAULT[code];
