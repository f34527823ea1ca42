import { Facts, Faults, LogAudit } from '@stamp-ledger/cli/demo';
import type { Answer, ConservationAnswer, EventAnswer, StampCounts } from '@stamp-ledger/client';
import t from 'tap';

// The demo's closing audit has to notice each way in which a ledger could go wrong.

const NONE: StampCounts = {
  inStock: 0,
  allocated: 0,
  sold: 0,
  reserved: 0,
  outcomeUnknown: 0,
  affixed: 0,
  voided: 0,
};

const report = (counts: Partial<StampCounts>): ConservationAnswer => {
  const zero = { amount: '0', currency: 'IDR' };
  const money = {
    currency: 'IDR',
    paid: zero,
    fulfilled: zero,
    pending: zero,
    refunded: zero,
    difference: zero,
  };
  const group = { batchId: 'b', channel: 'c', denomination: zero, minted: 0, difference: 0 };
  return { asOf: {}, groups: [{ ...group, ...NONE, ...counts }], money };
};

type Brief = [stream: string, type: string, data?: Record<string, unknown>];

/** A log in which everything is in order. */
function log(...briefs: Brief[]): EventAnswer[] {
  const revisions = new Map<string, number>();
  return briefs.map(([stream, type, data = {}], index) => {
    const revision = (revisions.get(stream) ?? -1) + 1;
    revisions.set(stream, revision);
    return { position: String(index + 1).padStart(16, '0'), stream, revision, type, data } as EventAnswer;
  });
}

const LIFE: Brief[] = [
  ['stamp-A', 'StampMinted'],
  ['stamp-B', 'StampMinted'],
  ['stamp-A', 'StampAllocated'],
  ['order-1', 'OrderPlaced'],
  ['stamp-A', 'StampSold'],
  ['stamp-A', 'StampReserved'],
  ['stamp-A', 'AffixOutcomeUnknown'],
  ['stamp-A', 'AffixOutcomeResolved', { result: 'not-affixed' }],
  ['stamp-A', 'StampAffixed'],
];

const acknowledged = (position: number | undefined): Answer<unknown> => ({
  status: 201,
  body: {},
  attempts: 1,
  ...(position === undefined ? {} : { position: String(position).padStart(16, '0') }),
});

function findings(
  events: readonly EventAnswer[],
  counts: Partial<StampCounts>,
  remember: (facts: Facts) => void = () => undefined,
): readonly string[] {
  const facts = new Facts();
  const faults = new Faults();
  remember(facts);
  const audit = new LogAudit(facts, faults);
  for (const event of events) audit.take(event);
  audit.compare(report(counts));
  return faults.listed;
}

t.test('a log in order, with reports that agree', async (t) => {
  const found = findings(log(...LIFE), { inStock: 1, affixed: 1 }, (facts) => {
    facts.add(acknowledged(9), 'stamp-A', 'StampAffixed');
    facts.add(acknowledged(4), 'order-1', 'OrderPlaced', 'OrderPaid');
  });
  t.same(found, []);
});

t.test('an acknowledged fact that is missing, elsewhere, or something else', async (t) => {
  const missing = findings(log(...LIFE), { inStock: 1, affixed: 1 }, (facts) =>
    facts.add(acknowledged(10), 'stamp-A', 'StampVerified'),
  );
  t.match(missing, [/1 acknowledged facts are missing/]);
  const other = findings(log(...LIFE), { inStock: 1, affixed: 1 }, (facts) =>
    facts.add(acknowledged(9), 'stamp-B', 'StampAffixed'),
  );
  t.match(other, [/was acknowledged as StampAffixed of stamp-B, and is StampAffixed of stamp-A/]);
  const nowhere = findings(log(...LIFE), { inStock: 1, affixed: 1 }, (facts) =>
    facts.add(acknowledged(undefined), 'stamp-B', 'StampSold'),
  );
  t.match(nowhere, [/missing/, /without a position/]);
});

t.test('an event that is skipped, doubled or out of order', async (t) => {
  const events = log(...LIFE);
  t.match(findings(events.toSpliced(4, 1), { inStock: 1, affixed: 1 }), [/revision 3 where 2 was due/]);
  t.match(
    findings(events.toSpliced(4, 0, events[4]!), { inStock: 1, affixed: 1 })[1],
    /out of order|revision/,
  );
  t.match(findings([...events.slice(1), events[0]!], {})[0], /revision/);
});

t.test('an order placed twice, a stamp sold twice or affixed twice', async (t) => {
  const placedTwice = log(...LIFE, ['order-1', 'OrderPlaced']);
  t.match(findings(placedTwice, { inStock: 1, affixed: 1 }), [/order-1 was placed twice/]);
  const soldTwice = log(...LIFE.slice(0, 5), ['stamp-A', 'StampSold']);
  t.match(findings(soldTwice, { inStock: 1, sold: 1 }), [/stamp-A was sold twice/]);
  const affixedTwice = log(...LIFE, ['stamp-A', 'StampAffixed']);
  t.match(findings(affixedTwice, { inStock: 1, affixed: 1 }), [/stamp-A was affixed twice/]);
});

t.test('a report that says something else than the log', async (t) => {
  t.match(findings(log(...LIFE), { inStock: 1, sold: 1 }), [
    /says 1 stamps are sold, the log says 0/,
    /says 0 stamps are affixed, the log says 1/,
  ]);
});
