import {
  type Judgement,
  judge,
  type StampState,
  stampDecider,
  type VerificationReason,
} from '@stamp-ledger/domain';
import fc from 'fast-check';
import t from 'tap';
import {
  affix,
  allocate,
  DOCUMENT_A,
  DOCUMENT_B,
  EVIDENCE,
  mint,
  STAMP_NAMES,
  STAMPS,
  sell,
} from './stamps.js';
import { after } from './support.js';

const A = DOCUMENT_A.sha256;
const B = DOCUMENT_B.sha256;
const revoked = after(stampDecider, mint, allocate, sell, affix, {
  kind: 'void',
  reason: 'revoked',
  evidence: EVIDENCE,
});

const calm = { verifiedByAnother: false, documentHasSeveralStamps: false, stale: false };
const judged = (state: Judgement['state'], presented?: string, warned: Partial<typeof calm> = {}) => {
  const { verdict, reasons } = judge({
    state,
    ...calm,
    ...warned,
    ...(presented === undefined ? {} : { presentedSha256: presented }),
  });
  return [verdict, ...reasons];
};

t.test('verdicts and reasons', async (t) => {
  const { unminted, minted, allocated, sold, reserved, unknown, affixed, resolved, voided } = STAMPS;
  const cases: readonly (readonly [string, Judgement['state'], string | undefined, readonly string[]])[] = [
    ['affixed, its document', affixed, A, ['genuine']],
    ['affixed after a doubt, its document', resolved, A, ['genuine']],
    ['affixed, another document', affixed, B, ['not-genuine', 'document-mismatch']],
    ['affixed, nothing shown', affixed, undefined, ['undetermined', 'no-document-presented']],
    ['malformed', 'malformed', A, ['not-genuine', 'malformed-serial']],
    ['malformed, nothing shown', 'malformed', undefined, ['not-genuine', 'malformed-serial']],
    ['unminted', unminted, A, ['not-genuine', 'unknown-serial']],
    ['unminted, nothing shown', unminted, undefined, ['not-genuine', 'unknown-serial']],
    ['minted', minted, A, ['not-genuine', 'not-sold', 'not-affixed']],
    ['allocated', allocated, A, ['not-genuine', 'not-sold', 'not-affixed']],
    [
      'minted, nothing shown',
      minted,
      undefined,
      ['not-genuine', 'not-sold', 'not-affixed', 'no-document-presented'],
    ],
    ['sold', sold, A, ['not-genuine', 'not-affixed']],
    ['sold, nothing shown', sold, undefined, ['not-genuine', 'not-affixed', 'no-document-presented']],
    ['reserved for it', reserved, A, ['not-genuine', 'not-affixed']],
    ['in doubt', unknown, A, ['undetermined', 'outcome-unknown']],
    [
      'in doubt, nothing shown',
      unknown,
      undefined,
      ['undetermined', 'no-document-presented', 'outcome-unknown'],
    ],
    ['voided before use', voided, A, ['not-genuine', 'voided']],
    ['voided, nothing shown', voided, undefined, ['not-genuine', 'no-document-presented', 'voided']],
    ['revoked, its document', revoked, A, ['not-genuine', 'voided']],
    ['revoked, another document', revoked, B, ['not-genuine', 'document-mismatch', 'voided']],
  ];
  for (const [name, state, presented, expected] of cases) {
    t.strictSame(judged(state, presented), expected, name);
  }
});

t.test('warnings', async (t) => {
  const { affixed, sold } = STAMPS;
  t.strictSame(judged(affixed, A, { verifiedByAnother: true }), ['genuine', 'already-verified-elsewhere']);
  t.strictSame(judged(affixed, A, { documentHasSeveralStamps: true }), [
    'genuine',
    'document-has-several-stamps',
  ]);
  t.strictSame(judged(affixed, A, { stale: true }), ['genuine', 'stale']);
  t.strictSame(judged(sold, A, { verifiedByAnother: true, documentHasSeveralStamps: true, stale: true }), [
    'not-genuine',
    'not-affixed',
    'already-verified-elsewhere',
    'document-has-several-stamps',
    'stale',
  ]);
});

t.test('genuine exactly when affixed to the presented document; reasons in their order', async (t) => {
  const order: readonly VerificationReason[] = [
    'unknown-serial',
    'malformed-serial',
    'not-sold',
    'not-affixed',
    'document-mismatch',
    'no-document-presented',
    'voided',
    'outcome-unknown',
    'already-verified-elsewhere',
    'document-has-several-stamps',
    'stale',
  ];
  const states: readonly Judgement['state'][] = [
    ...STAMP_NAMES.map((name): StampState => STAMPS[name]),
    revoked,
    'malformed',
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...states),
      fc.constantFrom(A, B, undefined),
      fc.record({
        verifiedByAnother: fc.boolean(),
        documentHasSeveralStamps: fc.boolean(),
        stale: fc.boolean(),
      }),
      (state, presented, warned) => {
        const [verdict, ...reasons] = judged(state, presented, warned);
        const genuine = state !== 'malformed' && state.stage === 'affixed' && presented === A;
        const places = reasons.map((reason) => order.indexOf(reason as VerificationReason));
        const ascending = places.every((place, i) => i === 0 || place > (places[i - 1] ?? -1));
        return (verdict === 'genuine') === genuine && ascending && !places.includes(-1);
      },
    ),
  );
  t.pass('held');
});
