import {
  type AllocationId,
  type BatchId,
  DIRECT_CHANNEL,
  type OrderId,
  type StampCommand,
  type StampEvent,
  type StampState,
  stampDecider,
} from '@stamp-ledger/domain';
import t from 'tap';
import {
  ALPHA,
  affix,
  allocate,
  at,
  BETA,
  correction,
  DOCUMENT_A,
  DOCUMENT_B,
  EVIDENCE,
  mint,
  OTHER_SERIAL,
  report,
  reserve,
  resolve,
  SERIAL,
  STAMP_NAMES,
  STAMPS,
  type StampName,
  sell,
  sellDirect,
  verification,
  voiding,
} from './stamps.js';
import { after, byState, eventsOf, fold, isOneSentence, outcome, refusalOf } from './support.js';

const reserveB: StampCommand = { ...reserve, document: DOCUMENT_B };
const affixB: StampCommand = { ...affix, document: DOCUMENT_B };
const refund: StampCommand = { kind: 'void', reason: 'refund', orderId: 'order-1' as OrderId };

/** Every command on every stage: which outcome on which stamps. */
const ROWS: readonly (readonly [string, StampCommand, Readonly<Record<string, readonly StampName[]>>])[] = [
  [
    'mint',
    mint,
    {
      StampMinted: ['unminted'],
      unchanged: ['minted', 'allocated', 'sold', 'reserved', 'unknown', 'affixed', 'resolved', 'voided'],
    },
  ],
  [
    'mint into another batch',
    { ...mint, batchId: 'batch-2' as BatchId },
    {
      StampMinted: ['unminted'],
      'already-minted': [
        'minted',
        'allocated',
        'sold',
        'reserved',
        'unknown',
        'affixed',
        'resolved',
        'voided',
      ],
    },
  ],
  [
    'mint at another place of the batch',
    { ...mint, index: 8 },
    {
      StampMinted: ['unminted'],
      'already-minted': [
        'minted',
        'allocated',
        'sold',
        'reserved',
        'unknown',
        'affixed',
        'resolved',
        'voided',
      ],
    },
  ],
  [
    'allocate',
    allocate,
    {
      'unknown-serial': ['unminted'],
      StampAllocated: ['minted'],
      unchanged: ['allocated'],
      'wrong-state': ['sold', 'reserved', 'unknown', 'affixed', 'resolved', 'voided'],
    },
  ],
  [
    'allocate by another allocation',
    { ...allocate, allocationId: 'allocation-2' as AllocationId },
    {
      'unknown-serial': ['unminted'],
      StampAllocated: ['minted'],
      'wrong-state': ['allocated', 'sold', 'reserved', 'unknown', 'affixed', 'resolved', 'voided'],
    },
  ],
  [
    'allocate to the issuer',
    { ...allocate, channel: DIRECT_CHANNEL },
    {
      'unknown-serial': ['unminted'],
      'channel-not-allocatable': [
        'minted',
        'allocated',
        'sold',
        'reserved',
        'unknown',
        'affixed',
        'resolved',
        'voided',
      ],
    },
  ],
  [
    'deallocate',
    { kind: 'deallocate', reason: 'returned' },
    {
      'unknown-serial': ['unminted'],
      unchanged: ['minted'],
      StampDeallocated: ['allocated'],
      'wrong-state': ['sold', 'reserved', 'unknown', 'affixed', 'resolved', 'voided'],
    },
  ],
  [
    'sell from the channel, for an order',
    sell,
    {
      'unknown-serial': ['unminted'],
      'wrong-channel': ['minted'],
      StampSold: ['allocated'],
      unchanged: ['sold', 'reserved', 'unknown', 'affixed', 'resolved'],
      'stamp-voided': ['voided'],
    },
  ],
  [
    'sell from the channel, for another order',
    { ...sell, orderId: 'order-2' as OrderId },
    {
      'unknown-serial': ['unminted'],
      'wrong-channel': ['minted'],
      StampSold: ['allocated'],
      'already-sold': ['sold', 'reserved', 'unknown', 'affixed', 'resolved'],
      'stamp-voided': ['voided'],
    },
  ],
  [
    'sell for the same order to another holder',
    { ...sell, holder: 'holder-2' },
    {
      'unknown-serial': ['unminted'],
      'wrong-channel': ['minted'],
      StampSold: ['allocated'],
      'already-sold': ['sold', 'reserved', 'unknown', 'affixed', 'resolved'],
      'stamp-voided': ['voided'],
    },
  ],
  [
    'sell directly',
    sellDirect,
    {
      'unknown-serial': ['unminted'],
      StampSold: ['minted'],
      'wrong-channel': ['allocated'],
      'already-sold': ['sold', 'reserved', 'unknown', 'affixed', 'resolved'],
      'stamp-voided': ['voided'],
    },
  ],
  [
    'reserve',
    reserve,
    {
      'unknown-serial': ['unminted'],
      'not-sold': ['minted', 'allocated'],
      StampReserved: ['sold'],
      unchanged: ['reserved'],
      'outcome-unknown': ['unknown'],
      'already-affixed': ['affixed', 'resolved'],
      'stamp-voided': ['voided'],
    },
  ],
  [
    'reserve for another document',
    reserveB,
    {
      'unknown-serial': ['unminted'],
      'not-sold': ['minted', 'allocated'],
      StampReserved: ['sold'],
      'already-reserved': ['reserved'],
      'outcome-unknown': ['unknown'],
      'already-affixed': ['affixed', 'resolved'],
      'stamp-voided': ['voided'],
    },
  ],
  [
    'reserve for another document when the time is over',
    { ...reserveB, at: at(5), expiresAt: at(9) },
    {
      'unknown-serial': ['unminted'],
      'not-sold': ['minted', 'allocated'],
      StampReserved: ['sold'],
      'StampReleased+StampReserved': ['reserved'],
      'outcome-unknown': ['unknown'],
      'already-affixed': ['affixed', 'resolved'],
      'stamp-voided': ['voided'],
    },
  ],
  [
    'reserve for the same document when the time is over',
    { ...reserve, at: at(6), expiresAt: at(9) },
    {
      'unknown-serial': ['unminted'],
      'not-sold': ['minted', 'allocated'],
      StampReserved: ['sold'],
      'StampReleased+StampReserved': ['reserved'],
      'outcome-unknown': ['unknown'],
      'already-affixed': ['affixed', 'resolved'],
      'stamp-voided': ['voided'],
    },
  ],
  [
    'release',
    { kind: 'release', reason: 'signing-failed' },
    {
      'unknown-serial': ['unminted'],
      'not-reserved': ['minted', 'allocated'],
      unchanged: ['sold'],
      StampReleased: ['reserved'],
      'wrong-state': ['unknown', 'affixed', 'resolved', 'voided'],
    },
  ],
  [
    'expire a reservation a moment before its end',
    { kind: 'expire-reservation', at: at(4) },
    { unchanged: STAMP_NAMES },
  ],
  [
    'expire a reservation at its end',
    { kind: 'expire-reservation', at: at(5) },
    {
      StampReleased: ['reserved'],
      unchanged: ['unminted', 'minted', 'allocated', 'sold', 'unknown', 'affixed', 'resolved', 'voided'],
    },
  ],
  [
    'affix',
    affix,
    {
      'unknown-serial': ['unminted'],
      'not-sold': ['minted', 'allocated'],
      StampAffixed: ['sold', 'reserved'],
      'outcome-unknown': ['unknown'],
      unchanged: ['affixed', 'resolved'],
      'stamp-voided': ['voided'],
    },
  ],
  [
    'affix after the end of the reservation for it',
    { ...affix, at: at(9) },
    {
      'unknown-serial': ['unminted'],
      'not-sold': ['minted', 'allocated'],
      StampAffixed: ['sold', 'reserved'],
      'outcome-unknown': ['unknown'],
      unchanged: ['affixed', 'resolved'],
      'stamp-voided': ['voided'],
    },
  ],
  [
    'affix to another document',
    affixB,
    {
      'unknown-serial': ['unminted'],
      'not-sold': ['minted', 'allocated'],
      StampAffixed: ['sold'],
      'reserved-for-another-document': ['reserved'],
      'outcome-unknown': ['unknown'],
      'already-affixed': ['affixed', 'resolved'],
      'stamp-voided': ['voided'],
    },
  ],
  [
    'affix to another document after the end of a reservation',
    { ...affixB, at: at(5) },
    {
      'unknown-serial': ['unminted'],
      'not-sold': ['minted', 'allocated'],
      StampAffixed: ['sold'],
      'StampReleased+StampAffixed': ['reserved'],
      'outcome-unknown': ['unknown'],
      'already-affixed': ['affixed', 'resolved'],
      'stamp-voided': ['voided'],
    },
  ],
  [
    'report the outcome unknown',
    report,
    {
      'unknown-serial': ['unminted'],
      'not-reserved': ['minted', 'allocated', 'sold'],
      AffixOutcomeUnknown: ['reserved'],
      unchanged: ['unknown'],
      'already-affixed': ['affixed', 'resolved'],
      'stamp-voided': ['voided'],
    },
  ],
  [
    'resolve as affixed',
    resolve,
    {
      'unknown-serial': ['unminted'],
      'wrong-state': ['minted', 'allocated', 'sold', 'reserved', 'affixed', 'voided'],
      AffixOutcomeResolved: ['unknown'],
      unchanged: ['resolved'],
    },
  ],
  [
    'resolve as not affixed',
    { ...resolve, result: 'not-affixed' },
    {
      'unknown-serial': ['unminted'],
      'wrong-state': ['minted', 'allocated', 'sold', 'reserved', 'affixed', 'voided'],
      AffixOutcomeResolved: ['unknown'],
      'outcome-already-resolved': ['resolved'],
    },
  ],
  [
    'void',
    voiding,
    {
      'unknown-serial': ['unminted'],
      StampVoided: ['minted', 'allocated', 'sold', 'reserved', 'unknown'],
      'void-reason-not-allowed': ['affixed', 'resolved'],
      unchanged: ['voided'],
    },
  ],
  [
    'void for a refund, without a policy',
    refund,
    {
      'unknown-serial': ['unminted'],
      'void-reason-not-allowed': ['minted', 'allocated', 'affixed', 'resolved'],
      'policy-version-required': ['sold', 'reserved', 'unknown'],
      'stamp-voided': ['voided'],
    },
  ],
  [
    'void for a refund, with its policy',
    { ...refund, policyVersion: 'refund/2024-09-09' },
    {
      'unknown-serial': ['unminted'],
      'void-reason-not-allowed': ['minted', 'allocated', 'affixed', 'resolved'],
      StampVoided: ['sold', 'reserved', 'unknown'],
      'stamp-voided': ['voided'],
    },
  ],
  [
    'void as misaffixed, without evidence',
    { kind: 'void', reason: 'misaffixed' },
    {
      'unknown-serial': ['unminted'],
      StampVoided: ['minted', 'allocated', 'sold', 'reserved', 'unknown'],
      'evidence-required': ['affixed', 'resolved'],
      'stamp-voided': ['voided'],
    },
  ],
  [
    'void as revoked, with evidence',
    { kind: 'void', reason: 'revoked', evidence: EVIDENCE },
    {
      'unknown-serial': ['unminted'],
      StampVoided: ['minted', 'allocated', 'sold', 'reserved', 'unknown', 'affixed', 'resolved'],
      'stamp-voided': ['voided'],
    },
  ],
  ['record a verification', verification, { StampVerified: STAMP_NAMES }],
  [
    'correct an earlier event',
    correction,
    {
      'unknown-serial': ['unminted'],
      EventCorrected: ['minted', 'allocated', 'sold', 'reserved', 'unknown', 'affixed', 'resolved', 'voided'],
    },
  ],
];

t.test('every command on every stage', async (t) => {
  for (const [name, command, row] of ROWS) {
    for (const [stamp, expected] of byState(row, STAMP_NAMES)) {
      const decision = stampDecider.decide(STAMPS[stamp], command);
      t.equal(outcome(decision), expected, `${name}, on ${stamp}: ${expected}`);
      const refusal = refusalOf(decision);
      if (refusal !== undefined) t.ok(isOneSentence(refusal.detail), refusal.detail);
    }
  }
});

t.test('a channel touches no other channel’s stamps', async (t) => {
  const commands: readonly StampCommand[] = [
    sell,
    reserve,
    { kind: 'release', reason: 'signing-failed' },
    affix,
    report,
    resolve,
  ];
  for (const command of commands) {
    for (const stamp of STAMP_NAMES.filter((name) => name !== 'unminted' && name !== 'minted')) {
      const decide = (actingChannel: typeof ALPHA) =>
        outcome(stampDecider.decide(STAMPS[stamp], { ...command, actingChannel } as StampCommand));
      t.equal(decide(BETA), 'wrong-channel', `${command.kind} on ${stamp} by another channel`);
      t.equal(
        decide(ALPHA),
        outcome(stampDecider.decide(STAMPS[stamp], command)),
        `${command.kind} on ${stamp} by its own channel`,
      );
    }
  }
  const decide = (state: StampState, command: StampCommand) => outcome(stampDecider.decide(state, command));
  t.equal(decide(STAMPS.allocated, { ...sell, channel: BETA }), 'wrong-channel', 'stock of another channel');
  t.equal(
    decide(STAMPS.allocated, { ...sell, channel: BETA, actingChannel: ALPHA }),
    'wrong-channel',
    'a sale in another channel’s name',
  );
  t.equal(decide(STAMPS.minted, { ...sell, actingChannel: ALPHA }), 'wrong-channel', 'the issuer’s stock');
  t.equal(decide(STAMPS.minted, { ...sellDirect, actingChannel: ALPHA }), 'wrong-channel', 'as the issuer');
  t.equal(decide(STAMPS.minted, { ...sellDirect, actingChannel: DIRECT_CHANNEL }), 'StampSold');
});

t.test('what the events say', async (t) => {
  const says = (state: StampState, command: StampCommand, ...expected: readonly StampEvent[]) =>
    t.strictSame(eventsOf(stampDecider.decide(state, command)), expected, command.kind);
  const { unminted, minted, allocated, sold, reserved, unknown, affixed } = STAMPS;
  const { kind: _mint, ...mintedData } = mint;
  says(unminted, mint, { type: 'StampMinted', data: mintedData });
  says(minted, allocate, {
    type: 'StampAllocated',
    data: { serial: SERIAL, allocationId: 'allocation-1', channel: 'alpha' },
  });
  says(
    allocated,
    { kind: 'deallocate', reason: 'returned' },
    {
      type: 'StampDeallocated',
      data: { serial: SERIAL, channel: 'alpha', reason: 'returned' },
    },
  );
  const payment = { reference: 'pay-1', amount: '10000', currency: 'IDR', paidAt: at(0) };
  says(
    allocated,
    { ...sell, payment },
    {
      type: 'StampSold',
      data: { serial: SERIAL, channel: 'alpha', holder: 'holder-1', orderId: 'order-1', payment },
    },
  );
  for (const wrong of [
    { amount: '9999', currency: 'IDR' },
    { amount: '10000', currency: 'USD' },
    { amount: '10000', currency: 'ZZZ' },
  ]) {
    const decision = stampDecider.decide(allocated, { ...sell, payment: { ...payment, ...wrong } });
    t.match(decision, { kind: 'refused', refusal: { code: 'payment-mismatch' } }, wrong.amount);
  }
  says(minted, sellDirect, {
    type: 'StampSold',
    data: { serial: SERIAL, channel: 'direct', holder: 'holder-1' },
  });
  says(sold, reserve, {
    type: 'StampReserved',
    data: { serial: SERIAL, document: DOCUMENT_A, expiresAt: at(5) },
  });
  says(
    reserved,
    { kind: 'release', reason: 'signing-failed' },
    {
      type: 'StampReleased',
      data: { serial: SERIAL, reason: 'signing-failed' },
    },
  );
  says(
    reserved,
    { ...affix, document: DOCUMENT_B, signedSha256: 'd'.repeat(64), at: at(6) },
    { type: 'StampReleased', data: { serial: SERIAL, reason: 'expired' } },
    {
      type: 'StampAffixed',
      data: { serial: SERIAL, document: DOCUMENT_B, signedSha256: 'd'.repeat(64) },
    },
  );
  says(reserved, report, { type: 'AffixOutcomeUnknown', data: { serial: SERIAL, document: DOCUMENT_A } });
  says(
    reserved,
    { ...report, evidence: 'adapter-97' },
    {
      type: 'AffixOutcomeUnknown',
      data: { serial: SERIAL, document: DOCUMENT_A, evidence: 'adapter-97' },
    },
  );
  says(
    unknown,
    { ...resolve, result: 'not-affixed' },
    {
      type: 'AffixOutcomeResolved',
      data: { serial: SERIAL, result: 'not-affixed', document: DOCUMENT_A, evidence: EVIDENCE },
    },
  );
  says(
    sold,
    { kind: 'void', reason: 'refund', policyVersion: 'p1', orderId: 'order-1' as OrderId },
    {
      type: 'StampVoided',
      data: { serial: SERIAL, reason: 'refund', policyVersion: 'p1', orderId: 'order-1' },
    },
  );
  says(
    affixed,
    { kind: 'void', reason: 'misaffixed', evidence: EVIDENCE },
    {
      type: 'StampVoided',
      data: { serial: SERIAL, reason: 'misaffixed', evidence: EVIDENCE },
    },
  );
  says(unminted, verification, {
    type: 'StampVerified',
    data: {
      serial: SERIAL,
      verdict: 'not-genuine',
      reasons: ['not-affixed'],
      document: { sha256: DOCUMENT_A.sha256 },
    },
  });
  const { kind: _correct, ...correctionData } = correction;
  says(sold, correction, { type: 'EventCorrected', data: { serial: SERIAL, ...correctionData } });
  says(
    sold,
    { ...correction, evidence: 'letter-4' },
    { type: 'EventCorrected', data: { serial: SERIAL, ...correctionData, evidence: 'letter-4' } },
  );
});

t.test('what the states keep', async (t) => {
  const identity = {
    serial: SERIAL,
    batchId: 'batch-1',
    series: '2024-a',
    denomination: { amount: '10000', currency: 'IDR' },
    index: 7,
  };
  const sale = { ...identity, channel: 'alpha', holder: 'holder-1', orderId: 'order-1' };
  const is = (state: StampState, expected: unknown) => t.strictSame(state, expected);
  is(STAMPS.unminted, { stage: 'unminted' });
  is(STAMPS.minted, { stage: 'minted', channel: 'direct', ...identity });
  is(STAMPS.allocated, { stage: 'allocated', channel: 'alpha', allocationId: 'allocation-1', ...identity });
  is(STAMPS.sold, { stage: 'sold', ...sale });
  is(STAMPS.reserved, { stage: 'reserved', document: DOCUMENT_A, expiresAt: at(5), ...sale });
  is(STAMPS.unknown, { stage: 'outcome-unknown', document: DOCUMENT_A, ...sale });
  is(STAMPS.affixed, { stage: 'affixed', document: DOCUMENT_A, ...sale });
  is(STAMPS.resolved, { stage: 'affixed', document: DOCUMENT_A, resolved: true, ...sale });
  is(STAMPS.voided, { stage: 'voided', channel: 'alpha', reason: 'damaged', ...identity });
  is(after(stampDecider, mint, allocate, { kind: 'deallocate', reason: 'returned' }), STAMPS.minted);
  is(after(stampDecider, mint, allocate, sell, reserve, { kind: 'release', reason: 'x' }), STAMPS.sold);
  is(
    after(stampDecider, mint, allocate, sell, reserve, report, { ...resolve, result: 'not-affixed' }),
    STAMPS.sold,
  );
  is(after(stampDecider, mint, sellDirect), {
    stage: 'sold',
    ...identity,
    channel: 'direct',
    holder: 'holder-1',
  });
  is(after(stampDecider, mint, allocate, sell, { ...affix, signedSha256: 'd'.repeat(64) }), {
    ...STAMPS.affixed,
    signedSha256: 'd'.repeat(64),
  });
});

t.test('a voided stamp remembers only a document that it was bound to', async (t) => {
  const revoke: StampCommand = { kind: 'void', reason: 'revoked', evidence: EVIDENCE };
  const voidedFrom = (name: StampName) =>
    fold(stampDecider, eventsOf(stampDecider.decide(STAMPS[name], revoke)), STAMPS[name]);
  for (const name of ['affixed', 'resolved'] as const) t.match(voidedFrom(name), { document: DOCUMENT_A });
  for (const name of ['sold', 'reserved', 'unknown'] as const) {
    t.notOk('document' in voidedFrom(name), `nothing was bound when ${name}`);
  }
});

t.test('the same serial is used again after a doubt that came to nothing', async (t) => {
  const state = after(
    stampDecider,
    mint,
    allocate,
    sell,
    reserve,
    report,
    { ...resolve, result: 'not-affixed' },
    affix,
  );
  t.match(state, { stage: 'affixed', serial: SERIAL, holder: 'holder-1' });
});

t.test('events that cannot follow break loudly', async (t) => {
  const breaks = (state: StampState, event: StampEvent) =>
    t.throws(() => stampDecider.evolve(state, event), /Broken invariant/, event.type);
  const document = DOCUMENT_B;
  breaks(STAMPS.reserved, { type: 'StampAffixed', data: { serial: SERIAL, document } });
  breaks(STAMPS.reserved, { type: 'AffixOutcomeUnknown', data: { serial: SERIAL, document } });
  breaks(STAMPS.unknown, {
    type: 'AffixOutcomeResolved',
    data: { serial: SERIAL, document, result: 'affixed', evidence: 'x' },
  });
  breaks(STAMPS.sold, { type: 'StampAffixed', data: { serial: OTHER_SERIAL, document } });
  breaks(STAMPS.allocated, {
    type: 'StampSold',
    data: { serial: SERIAL, channel: 'beta', holder: 'holder-1' },
  });
  breaks(STAMPS.sold, { type: 'StampShredded', data: { serial: SERIAL } } as unknown as StampEvent);
});

t.test(
  'a stamp of an order is refunded with its order, and takes no document once that is given up',
  async (t) => {
    const { sold, reserved, affixed } = STAMPS;
    const code = (state: StampState, command: StampCommand): string => {
      const decision = stampDecider.decide(state, command);
      return decision.kind === 'refused' ? decision.refusal.code : decision.kind;
    };
    const alone: StampCommand = { kind: 'void', reason: 'refund', policyVersion: 'p1' };
    t.equal(code(sold, alone), 'void-reason-not-allowed');
    t.equal(code(sold, { ...alone, orderId: 'another' as OrderId }), 'void-reason-not-allowed');
    t.equal(code(sold, { ...alone, orderId: 'order-1' as OrderId }), 'accepted');
    for (const state of [sold, reserved]) {
      t.equal(code(state, { ...affix, orderClosed: true }), 'wrong-state');
      t.equal(code(state, { ...reserve, orderClosed: true }), 'wrong-state');
      t.equal(code(state, { ...affix, orderClosed: false }), 'accepted');
    }
    t.equal(code(affixed, affix), 'unchanged');
    t.equal(
      code(affixed, { ...affix, signedSha256: 'e'.repeat(64) }),
      'already-affixed',
      'no signed hash is dropped in silence',
    );
  },
);
