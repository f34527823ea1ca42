import assert from 'node:assert/strict';
import {
  type AllocationId,
  type BatchId,
  type Channel,
  DIRECT_CHANNEL,
  type OrderId,
  type StampCommand,
  type StampEvent,
  type StampState,
  stampDecider,
} from '@stamp-ledger/domain';
import fc from 'fast-check';
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
  report,
  reserve,
  resolve,
  SERIAL,
  STAMP_NAMES,
  STAMPS,
  sell,
  verification,
  voiding,
} from './stamps.js';
import { eventsOf, fold } from './support.js';

type Stage = StampState['stage'];

/** The life-cycle diagram, written down a second time: from a stage, by an event, to these stages. */
const DIAGRAM: Readonly<Record<Stage, Readonly<Partial<Record<StampEvent['type'], readonly Stage[]>>>>> = {
  unminted: { StampMinted: ['minted'], StampVerified: ['unminted'] },
  minted: {
    StampAllocated: ['allocated'],
    StampSold: ['sold'],
    StampVoided: ['voided'],
    StampVerified: ['minted'],
    EventCorrected: ['minted'],
  },
  allocated: {
    StampDeallocated: ['minted'],
    StampSold: ['sold'],
    StampVoided: ['voided'],
    StampVerified: ['allocated'],
    EventCorrected: ['allocated'],
  },
  sold: {
    StampReserved: ['reserved'],
    StampAffixed: ['affixed'],
    StampVoided: ['voided'],
    StampVerified: ['sold'],
    EventCorrected: ['sold'],
  },
  reserved: {
    StampReleased: ['sold'],
    StampAffixed: ['affixed'],
    AffixOutcomeUnknown: ['outcome-unknown'],
    StampVoided: ['voided'],
    StampVerified: ['reserved'],
    EventCorrected: ['reserved'],
  },
  'outcome-unknown': {
    AffixOutcomeResolved: ['affixed', 'sold'],
    StampVoided: ['voided'],
    StampVerified: ['outcome-unknown'],
    EventCorrected: ['outcome-unknown'],
  },
  affixed: { StampVoided: ['voided'], StampVerified: ['affixed'], EventCorrected: ['affixed'] },
  voided: { StampVerified: ['voided'], EventCorrected: ['voided'] },
};

/** One of the optional fields, present now and then. */
const optional = <Key extends string, Value>(key: Key, values: readonly Value[]) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant({}) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(...values).map((value) => ({ [key]: value })),
    },
  );

const channel = fc.constantFrom<Channel>(DIRECT_CHANNEL, ALPHA, ALPHA, BETA);
const document = fc.constantFrom(DOCUMENT_A, DOCUMENT_A, DOCUMENT_B);
const minute = fc.integer({ min: 0, max: 20 }).map(at);
const acting = optional('actingChannel', [DIRECT_CHANNEL, ALPHA, BETA]);
const reason = fc.constantFrom('damaged', 'refund', 'misaffixed', 'revoked');
const evidence = optional('evidence', [EVIDENCE, 'letter-4']);

/** A command of some kind from `base`, with the generated fields over it. */
const command = <Base extends StampCommand>(base: Base, ...fields: readonly fc.Arbitrary<object>[]) =>
  fc.tuple(...fields).map((parts): StampCommand => Object.assign({}, base, ...parts));

const randomCommand: fc.Arbitrary<StampCommand> = fc.oneof(
  command(
    mint,
    fc.record({ batchId: fc.constantFrom('batch-1', 'batch-1', 'batch-2') as fc.Arbitrary<BatchId> }),
  ),
  command(
    allocate,
    fc.record({
      allocationId: fc.constantFrom('allocation-1', 'allocation-2') as fc.Arbitrary<AllocationId>,
      channel,
    }),
  ),
  command({ kind: 'deallocate', reason: 'returned' }),
  {
    weight: 3,
    arbitrary: command(
      sell,
      fc.record({ channel, holder: fc.constantFrom('holder-1', 'holder-2') }),
      fc.constantFrom<{ orderId?: OrderId | undefined }>({ orderId: 'order-2' as OrderId }, {}),
      acting,
    ),
  },
  {
    weight: 3,
    arbitrary: command(reserve, fc.record({ document, at: minute, expiresAt: minute }), acting),
  },
  command({ kind: 'release', reason: 'signing-failed' }, acting),
  command({ kind: 'expire-reservation', at: at(0) }, fc.record({ at: minute })),
  command(affix, fc.record({ document, at: minute }), acting),
  { weight: 2, arbitrary: command(report, evidence, acting) },
  command(
    resolve,
    fc.record({ result: fc.constantFrom('affixed' as const, 'not-affixed' as const) }),
    acting,
  ),
  command(voiding, fc.record({ reason }), evidence, optional('policyVersion', ['p1'])),
  command(verification),
  command(correction),
);

/** Starts most lives with a minting, so that the walk gets somewhere. */
const life = fc
  .tuple(
    fc.constantFrom<readonly StampCommand[]>([mint], [mint, allocate], []),
    fc.array(randomCommand, { maxLength: 40 }),
  )
  .map(([start, rest]): readonly StampCommand[] => [...start, ...rest]);

/** Walks `commands` and hands every event with the states around it to `see`. */
function walk(
  commands: readonly StampCommand[],
  see: (before: StampState, event: StampEvent, after: StampState) => void,
): StampState {
  return commands.reduce<StampState>(
    (start, command) =>
      eventsOf(stampDecider.decide(start, command)).reduce<StampState>((before, event) => {
        const next = stampDecider.evolve(before, event);
        see(before, event, next);
        return next;
      }, start),
    stampDecider.initialState,
  );
}

const isAffixing = (event: StampEvent) =>
  event.type === 'StampAffixed' || (event.type === 'AffixOutcomeResolved' && event.data.result === 'affixed');

t.test('any history keeps the diagram', async (t) => {
  const reached = new Set<Stage>();
  fc.assert(
    fc.property(life, (commands) => {
      walk(commands, (before, event, next) => {
        const allowed = DIAGRAM[before.stage][event.type] ?? [];
        if (!allowed.includes(next.stage)) {
          throw new Error(`${before.stage} -${event.type}-> ${next.stage} is not in the diagram`);
        }
        reached.add(next.stage);
      });
    }),
    { numRuns: 2000 },
  );
  t.strictSame([...reached].sort(), Object.keys(DIAGRAM).sort(), 'the histories reach every stage');
});

t.test('a stamp is sold, affixed and voided once at most, and affixed never goes back', async (t) => {
  fc.assert(
    fc.property(life, (commands) => {
      const count = { sold: 0, affixed: 0, voided: 0 };
      walk(commands, (before, event, next) => {
        if (event.type === 'StampSold') count.sold += 1;
        if (isAffixing(event)) count.affixed += 1;
        if (event.type === 'StampVoided') count.voided += 1;
        if (before.stage === 'affixed' && next.stage !== 'affixed' && next.stage !== 'voided') {
          throw new Error(`affixed went back to ${next.stage}`);
        }
        if (before.stage === 'affixed' && next.stage === 'affixed' && before.document !== next.document) {
          throw new Error('an affixed stamp changed its document');
        }
      });
      return Object.values(count).every((times) => times <= 1);
    }),
    { numRuns: 2000 },
  );
  t.pass('held');
});

t.test('no failed or doubtful affixing takes the stamp from its holder', async (t) => {
  fc.assert(
    fc.property(life, (commands) => {
      walk(commands, (before, event, next) => {
        if (!('holder' in before) || event.type === 'StampVoided') return;
        if (!('holder' in next) || next.holder !== before.holder || next.orderId !== before.orderId) {
          throw new Error(`${event.type} changed the holder`);
        }
        if (next.serial !== before.serial) throw new Error(`${event.type} changed the serial`);
      });
    }),
    { numRuns: 2000 },
  );
  t.pass('held');
});

t.test('a command repeated right away changes nothing', async (t) => {
  fc.assert(
    fc.property(life, randomCommand, (commands, last) => {
      const state = walk([...commands, last], () => {});
      const again = eventsOf(stampDecider.decide(state, last));
      assert.deepStrictEqual(fold(stampDecider, again, state), state);
      const harmful = again.filter(
        (event) => event.type === 'StampSold' || event.type === 'StampVoided' || isAffixing(event),
      );
      return harmful.length === 0;
    }),
    { numRuns: 2000 },
  );
  t.pass('held');
});

t.test('a reservation holds against every other document until its end', async (t) => {
  fc.assert(
    fc.property(minute, document, fc.boolean(), (now, other, reserving) => {
      const state = STAMPS.reserved;
      const decision = stampDecider.decide(
        state,
        reserving
          ? { ...reserve, document: other, at: now, expiresAt: at(30) }
          : { ...affix, document: other, at: now },
      );
      const held = state.stage === 'reserved' && now < state.expiresAt && other !== DOCUMENT_A;
      return (decision.kind === 'refused') === held;
    }),
  );
  t.pass('held');
});

t.test('evolve takes what the diagram allows and throws on everything else', async (t) => {
  const serial = SERIAL;
  const channelOf = (state: StampState) => ('channel' in state ? state.channel : DIRECT_CHANNEL);
  const samples = (state: StampState): readonly StampEvent[] => [
    {
      type: 'StampMinted',
      data: { serial, batchId: 'b', series: 's', denomination: { amount: '1', currency: 'IDR' }, index: 0 },
    },
    { type: 'StampAllocated', data: { serial, allocationId: 'a', channel: 'alpha' } },
    { type: 'StampDeallocated', data: { serial, channel: channelOf(state), reason: 'returned' } },
    { type: 'StampSold', data: { serial, channel: channelOf(state), holder: 'holder-1' } },
    { type: 'StampReserved', data: { serial, document: DOCUMENT_A, expiresAt: at(5) } },
    { type: 'StampReleased', data: { serial, reason: 'expired' } },
    { type: 'AffixOutcomeUnknown', data: { serial, document: DOCUMENT_A } },
    {
      type: 'AffixOutcomeResolved',
      data: { serial, document: DOCUMENT_A, result: 'affixed', evidence: 'x' },
    },
    {
      type: 'AffixOutcomeResolved',
      data: { serial, document: DOCUMENT_A, result: 'not-affixed', evidence: 'x' },
    },
    { type: 'StampAffixed', data: { serial, document: DOCUMENT_A } },
    { type: 'StampVerified', data: { serial, verdict: 'genuine', reasons: [] } },
    { type: 'StampVoided', data: { serial, reason: 'damaged' } },
    { type: 'EventCorrected', data: { serial, corrects: correction.corrects, statement: 'x' } },
  ];
  for (const name of STAMP_NAMES) {
    const state: StampState = STAMPS[name];
    for (const event of samples(state)) {
      const allowed = DIAGRAM[state.stage][event.type];
      if (allowed === undefined) {
        t.throws(() => stampDecider.evolve(state, event), /Broken invariant/, `${event.type} on ${name}`);
      } else {
        t.ok(allowed.includes(stampDecider.evolve(state, event).stage), `${event.type} on ${name}`);
      }
    }
  }
});
