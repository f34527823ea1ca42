import { type LedgerEvent, stampStream } from '@stamp-ledger/codec';
import type { OrderId, Serial } from '@stamp-ledger/domain';
import fc from 'fast-check';
import {
  ALLOCATIONS,
  allocate,
  BATCHES,
  CHANNELS,
  denominationOf,
  documentOf,
  INCIDENTS,
  mint,
  ORDERS,
  paymentFor,
  SERIALS,
  STOCK_CHANNELS,
  serialOf,
  type World,
} from './world.js';

/** One thing that somebody tries: what, and five numbers that say on what. */
export interface Attempt {
  readonly action: number;
  readonly numbers: readonly [number, number, number, number];
  readonly pause: number;
}

type Action = (world: World, numbers: Attempt['numbers']) => void;

const pick = <Item>(items: readonly Item[], number: number): Item => {
  const item = items[number % items.length];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
};

const stampNumber = (number: number): number => number % SERIALS.length;
const EVIDENCE = 'evidence-1';

const STAMP_ACTIONS: readonly Action[] = [
  (world, [a, b]) => mint(world, stampNumber(a), pick(BATCHES, b)),
  (world, [a]) => mint(world, stampNumber(a), pick(BATCHES, a)),
  (world, [a, b]) => allocate(world, stampNumber(a), pick(CHANNELS, b)),
  (world, [a]) => world.stamp(pick(SERIALS, a), { kind: 'deallocate', reason: 'returned' }),
  (world, [a, b, c, d]) =>
    world.stamp(pick(SERIALS, a), {
      kind: 'sell',
      channel: pick(STOCK_CHANNELS, b),
      holder: `holder-${c % 2}`,
      ...(d % 3 === 0
        ? { orderId: pick(ORDERS, c) }
        : d % 3 === 1
          ? { payment: paymentFor(denominationOf(pick(BATCHES, c)), 1, `sale-${a}-${d}`) }
          : {}),
    }),
  (world, [a, b]) =>
    world.stamp(pick(SERIALS, a), {
      kind: 'reserve',
      document: documentOf(b % 3),
      at: world.now,
      expiresAt: '2024-09-07T00:00:00.000Z' as typeof world.now,
    }),
  (world, [a]) => world.stamp(pick(SERIALS, a), { kind: 'release', reason: 'changed-mind' }),
  (world, [a, b]) =>
    world.stamp(pick(SERIALS, a), { kind: 'affix', document: documentOf(b % 3), at: world.now }),
  (world, [a]) => world.stamp(pick(SERIALS, a), { kind: 'report-outcome-unknown' }),
  (world, [a, b]) =>
    world.stamp(pick(SERIALS, a), {
      kind: 'resolve-outcome',
      result: b % 2 === 0 ? 'affixed' : 'not-affixed',
      evidence: EVIDENCE,
    }),
  (world, [a, b]) =>
    world.stamp(pick(SERIALS, a), {
      kind: 'void',
      reason: pick(['refund', 'lost', 'revoked'], b),
      evidence: EVIDENCE,
      policyVersion: 'policy-1',
    }),
  (world, [a, b, c]) =>
    world.stamp(
      serialOf(a % (SERIALS.length + 2)),
      {
        kind: 'record-verification',
        serial: serialOf(a % (SERIALS.length + 2)),
        verdict: 'undetermined',
        reasons: ['not-affixed'],
        ...(c % 2 === 0 ? { documentSha256: documentOf(b % 3).sha256 } : {}),
      },
      { actor: `verifier-${b % 2}` },
    ),
  (world, [a]) => correct(world, pick(SERIALS, a)),
];

function correct(world: World, serial: Serial): void {
  const first: LedgerEvent | undefined = world.log.events.find(
    ({ stream }) => stream === stampStream(serial),
  );
  if (first === undefined) return;
  const corrects = { eventId: first.id, revision: first.revision, type: first.type };
  world.stamp(serial, { kind: 'correct', corrects, statement: 'It was otherwise.' });
}

const terms = (orderId: OrderId, a: number, b: number) => ({
  orderId,
  channel: pick(STOCK_CHANNELS, a),
  holder: `holder-${b % 2}`,
  denomination: denominationOf(pick(BATCHES, b)),
  quantity: 1 + (a % 2),
});

const ORDER_ACTIONS: readonly Action[] = [
  (world, [a, b, c]) => {
    const placed = terms(pick(ORDERS, c), a, b);
    world.order(placed.orderId, { kind: 'place', ...placed });
  },
  (world, [a, b, c]) => {
    const placed = terms(pick(ORDERS, c), a, b);
    const payment = paymentFor(placed.denomination, placed.quantity, `paid-${c}`);
    world.order(placed.orderId, { kind: 'place', ...placed, payment });
  },
  (world, [a, b, c]) => {
    const payment = paymentFor(denominationOf(pick(BATCHES, b)), 1 + (a % 2), `paid-${c}`);
    world.order(pick(ORDERS, c), { kind: 'pay', payment });
  },
  (world, [a, b, c]) =>
    world.order(pick(ORDERS, c), {
      kind: 'fulfil',
      serials: [serialOf(a), serialOf(a + 1)].slice(0, 1 + (b % 2)),
    }),
  (world, [, , c]) => world.order(pick(ORDERS, c), { kind: 'reject', reason: 'unpaid' }),
  (world, [, , c]) => world.order(pick(ORDERS, c), { kind: 'cancel' }),
  (world, [, , c]) =>
    world.order(pick(ORDERS, c), { kind: 'refund', policyVersion: 'policy-1', usedSerials: [] }),
];

const JOB_ACTIONS: readonly Action[] = [
  (world, [a, b]) => {
    const batchId = pick(BATCHES, a);
    const open = {
      batchId,
      denomination: denominationOf(batchId),
      quantity: 1 + (b % 5),
      series: 'series-1',
    };
    world.batch(batchId, { kind: 'open', ...open });
  },
  (world, [a]) => world.batch(pick(BATCHES, a), { kind: 'complete', minted: 1, conflicts: [] }),
  (world, [a, b, c]) => {
    const allocationId = pick(ALLOCATIONS, a);
    const asked = {
      allocationId,
      channel: pick(CHANNELS, b),
      denomination: denominationOf(pick(BATCHES, c)),
    };
    world.allocation(allocationId, { kind: 'request', ...asked, quantity: 1, inStock: 9 });
  },
  (world, [a]) => world.allocation(pick(ALLOCATIONS, a), { kind: 'complete', allocated: 1 }),
  (world, [a]) => {
    const incidentId = pick(INCIDENTS, a);
    world.incident(incidentId, { kind: 'open', incidentId, title: 'Outage', startedAt: world.now });
  },
  (world, [a]) => world.incident(pick(INCIDENTS, a), { kind: 'close', endedAt: world.now }),
];

// Stamps' actions twice: most of the ledger is stamps.
const ACTIONS = [...STAMP_ACTIONS, ...STAMP_ACTIONS, ...ORDER_ACTIONS, ...JOB_ACTIONS];

const number = fc.nat({ max: 59 });

/** Attempts to be played into a {@link World}. Clocks stand still, run, and now and then go back. */
export const attempts = (length: number): fc.Arbitrary<readonly Attempt[]> =>
  fc.array(
    fc.record({
      action: fc.nat({ max: ACTIONS.length - 1 }),
      numbers: fc.tuple(number, number, number, number),
      pause: fc.oneof({ weight: 5, arbitrary: fc.nat({ max: 9 }) }, fc.integer({ min: -20, max: 0 })),
    }),
    { minLength: length, maxLength: length, size: 'max' },
  );

export function play(world: World, history: readonly Attempt[]): void {
  for (const { action, numbers, pause } of history) {
    world.pass(pause);
    pick(ACTIONS, action)(world, numbers);
  }
}

/** A fixed history that has everything in it. */
export function playSample(world: World, { length = 2_000, seed = 7 } = {}): void {
  for (const history of fc.sample(attempts(length), { numRuns: 1, seed })) play(world, history);
}
