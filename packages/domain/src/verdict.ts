import type { StampState } from './stamp.js';
import type { Verdict, VerificationReason } from './wire.generated.js';

/** What a verdict is made from. */
export interface Judgement {
  /** The stamp as the reader knows it, or `malformed` when the text is no serial at all. */
  readonly state: StampState | 'malformed';
  /** SHA-256 of the document that the relying party holds, lower-case hexadecimal; absent when it showed none. */
  readonly presentedSha256?: string;
  /** Another relying party had this stamp verified before. */
  readonly verifiedByAnother: boolean;
  /** More stamps than this one are bound to the document. */
  readonly documentHasSeveralStamps: boolean;
  /** The state may lag behind the ledger by more than a reader should accept unseen. */
  readonly stale: boolean;
}

/** In the order in which reasons are listed. Those of the last group never decide: they warn. */
const REASONS = {
  'unknown-serial': 'not-genuine',
  'malformed-serial': 'not-genuine',
  'not-sold': 'not-genuine',
  'not-affixed': 'not-genuine',
  'document-mismatch': 'not-genuine',
  'no-document-presented': 'undetermined',
  voided: 'not-genuine',
  'outcome-unknown': 'undetermined',
  'already-verified-elsewhere': 'genuine',
  'document-has-several-stamps': 'genuine',
  stale: 'genuine',
} as const satisfies Record<VerificationReason, Verdict>;

const REASONS_IN_ORDER = Object.keys(REASONS) as readonly VerificationReason[];

/**
 * The verdict on a stamp and the document presented with it, with every reason that holds. `genuine` only when the
 * stamp is affixed and the presented document is the bound one.
 */
export function judge(input: Judgement): {
  readonly verdict: Verdict;
  readonly reasons: readonly VerificationReason[];
} {
  const holding = new Set([...reasonsOfStamp(input), ...warnings(input)]);
  const reasons = REASONS_IN_ORDER.filter((reason) => holding.has(reason));
  const verdicts = reasons.map((reason) => REASONS[reason]);
  if (verdicts.includes('not-genuine')) return { verdict: 'not-genuine', reasons };
  if (verdicts.includes('undetermined')) return { verdict: 'undetermined', reasons };
  return { verdict: 'genuine', reasons };
}

function reasonsOfStamp({ state, presentedSha256 }: Judgement): readonly VerificationReason[] {
  // Without a stamp there is nothing that a document could be compared with.
  if (state === 'malformed') return ['malformed-serial'];
  if (state.stage === 'unminted') return ['unknown-serial'];
  const ofDocument: VerificationReason[] = presentedSha256 === undefined ? ['no-document-presented'] : [];
  switch (state.stage) {
    case 'minted':
    case 'allocated':
      return ['not-sold', 'not-affixed', ...ofDocument];
    case 'sold':
    case 'reserved':
      return ['not-affixed', ...ofDocument];
    case 'outcome-unknown':
      return ['outcome-unknown', ...ofDocument];
    case 'affixed':
      return [...mismatch(state.document.sha256, presentedSha256), ...ofDocument];
    case 'voided':
      return ['voided', ...mismatch(state.document?.sha256, presentedSha256), ...ofDocument];
  }
}

function mismatch(bound: string | undefined, presented: string | undefined): readonly VerificationReason[] {
  return bound !== undefined && presented !== undefined && bound !== presented ? ['document-mismatch'] : [];
}

function warnings(input: Judgement): readonly VerificationReason[] {
  const warned: VerificationReason[] = [];
  if (input.verifiedByAnother) warned.push('already-verified-elsewhere');
  if (input.documentHasSeveralStamps) warned.push('document-has-several-stamps');
  if (input.stale) warned.push('stale');
  return warned;
}
