import {
  type Channel,
  generatedSerial,
  money,
  type OrderCommand,
  type OrderCommandOf,
  type OrderEvent,
  type OrderId,
  type OrderState,
  orderDecider,
  type Payment,
  type Serial,
} from '@stamp-ledger/domain';
import fc from 'fast-check';
import t from 'tap';
import { after, byState, eventsOf, isOneSentence, outcome, refusalOf } from './support.js';

const ALPHA = 'alpha' as Channel;
const BETA = 'beta' as Channel;
const SERIALS: readonly Serial[] = ['A', 'B', 'C'].map((letter) => generatedSerial(letter.repeat(17)));
const [S1, S2, S3] = SERIALS as [Serial, Serial, Serial];
const payment: Payment = {
  reference: 'pay-1',
  amount: '20000',
  currency: 'IDR',
  paidAt: '2024-09-06T13:00:00.000Z',
};
const otherPayment: Payment = { ...payment, reference: 'pay-2' };

const place: OrderCommandOf<'place'> = {
  kind: 'place',
  orderId: 'order-1' as OrderId,
  channel: ALPHA,
  holder: 'holder-1',
  denomination: { amount: '10000', currency: 'IDR' },
  quantity: 2,
};
const pay: OrderCommandOf<'pay'> = { kind: 'pay', payment };
const fulfil: OrderCommandOf<'fulfil'> = { kind: 'fulfil', serials: [S1, S2] };
const reject: OrderCommandOf<'reject'> = { kind: 'reject', reason: 'no-stock' };
const cancel: OrderCommandOf<'cancel'> = { kind: 'cancel', reason: 'buyer-withdrew' };
const refund: OrderCommandOf<'refund'> = { kind: 'refund', policyVersion: 'p1', usedSerials: [] };

const orderAfter = (...commands: readonly OrderCommand[]) => after(orderDecider, ...commands);
const ORDERS = {
  none: orderAfter(),
  placed: orderAfter(place),
  paid: orderAfter(place, pay),
  fulfilled: orderAfter(place, pay, fulfil),
  rejected: orderAfter(place, reject),
  cancelled: orderAfter(place, cancel),
  cancelledPaid: orderAfter(place, pay, cancel),
  refunded: orderAfter(place, pay, fulfil, refund),
} satisfies Record<string, OrderState>;
type OrderName = keyof typeof ORDERS;
const ORDER_NAMES = Object.keys(ORDERS) as OrderName[];
const EXISTING = ORDER_NAMES.filter((name) => name !== 'none');
const decide = (state: OrderState, command: OrderCommand) => outcome(orderDecider.decide(state, command));

const ROWS: readonly (readonly [string, OrderCommand, Readonly<Record<string, readonly OrderName[]>>])[] = [
  ['place', place, { OrderPlaced: ['none'], unchanged: EXISTING }],
  [
    'place, with payment',
    { ...place, payment },
    {
      'OrderPlaced+OrderPaid': ['none'],
      unchanged: ['paid', 'fulfilled', 'cancelledPaid', 'refunded'],
      'order-exists': ['placed', 'rejected', 'cancelled'],
    },
  ],
  ['place another quantity', { ...place, quantity: 3 }, { OrderPlaced: ['none'], 'order-exists': EXISTING }],
  [
    'place for another holder',
    { ...place, holder: 'h2' },
    { OrderPlaced: ['none'], 'order-exists': EXISTING },
  ],
  [
    'place in another channel',
    { ...place, channel: BETA },
    { OrderPlaced: ['none'], 'order-exists': EXISTING },
  ],
  [
    'place another denomination',
    { ...place, denomination: { amount: '20000', currency: 'IDR' } },
    { OrderPlaced: ['none'], 'order-exists': EXISTING },
  ],
  [
    'pay',
    pay,
    {
      'unknown-order': ['none'],
      OrderPaid: ['placed'],
      unchanged: ['paid', 'fulfilled', 'cancelledPaid', 'refunded'],
      'order-not-payable': ['rejected', 'cancelled'],
    },
  ],
  [
    'pay with another payment',
    { kind: 'pay', payment: otherPayment },
    {
      'unknown-order': ['none'],
      OrderPaid: ['placed'],
      'already-paid': ['paid', 'fulfilled', 'cancelledPaid', 'refunded'],
      'order-not-payable': ['rejected', 'cancelled'],
    },
  ],
  [
    'fulfil',
    fulfil,
    {
      'unknown-order': ['none'],
      OrderFulfilled: ['paid'],
      unchanged: ['fulfilled'],
      'order-not-fulfillable': ['placed', 'rejected', 'cancelled', 'cancelledPaid', 'refunded'],
    },
  ],
  [
    'fulfil with other stamps',
    { kind: 'fulfil', serials: [S1, S3] },
    {
      'unknown-order': ['none'],
      OrderFulfilled: ['paid'],
      'order-not-fulfillable': ['fulfilled', 'placed', 'rejected', 'cancelled', 'cancelledPaid', 'refunded'],
    },
  ],
  [
    'reject',
    reject,
    {
      'unknown-order': ['none'],
      OrderRejected: ['placed'],
      unchanged: ['rejected'],
      'wrong-state': ['paid', 'fulfilled', 'cancelled', 'cancelledPaid', 'refunded'],
    },
  ],
  [
    'cancel',
    cancel,
    {
      'unknown-order': ['none'],
      OrderCancelled: ['placed', 'paid'],
      unchanged: ['cancelled', 'cancelledPaid'],
      'order-not-cancellable': ['fulfilled', 'rejected', 'refunded'],
    },
  ],
  [
    'refund',
    refund,
    {
      'unknown-order': ['none'],
      OrderRefunded: ['paid', 'fulfilled', 'cancelledPaid'],
      unchanged: ['refunded'],
      'order-not-refundable': ['placed', 'rejected', 'cancelled'],
    },
  ],
  [
    'refund by another policy',
    { ...refund, policyVersion: 'p2' },
    {
      'unknown-order': ['none'],
      OrderRefunded: ['paid', 'fulfilled', 'cancelledPaid'],
      'order-not-refundable': ['refunded', 'placed', 'rejected', 'cancelled'],
    },
  ],
  [
    'refund with a used stamp',
    { ...refund, usedSerials: [S2] },
    {
      'unknown-order': ['none'],
      'order-has-used-stamps': ['paid', 'fulfilled', 'cancelledPaid'],
      unchanged: ['refunded'],
      'order-not-refundable': ['placed', 'rejected', 'cancelled'],
    },
  ],
  [
    'refund a part',
    { ...refund, amount: { amount: '15000', currency: 'IDR' } },
    {
      'unknown-order': ['none'],
      OrderRefunded: ['paid', 'fulfilled', 'cancelledPaid'],
      'order-not-refundable': ['refunded', 'placed', 'rejected', 'cancelled'],
    },
  ],
  [
    'refund too much',
    { ...refund, amount: { amount: '20000.01', currency: 'IDR' } },
    {
      'unknown-order': ['none'],
      'refund-amount-mismatch': ['paid', 'fulfilled', 'cancelledPaid'],
      'order-not-refundable': ['refunded', 'placed', 'rejected', 'cancelled'],
    },
  ],
];

t.test('every command on every status', async (t) => {
  for (const [name, command, row] of ROWS) {
    for (const [order, expected] of byState(row, ORDER_NAMES)) {
      const decision = orderDecider.decide(ORDERS[order], command);
      t.equal(outcome(decision), expected, `${name}, on ${order}: ${expected}`);
      const refusal = refusalOf(decision);
      if (refusal !== undefined) t.ok(isOneSentence(refusal.detail), refusal.detail);
    }
  }
});

t.test('a channel touches no other channel’s orders', async (t) => {
  for (const command of [place, pay, cancel, refund]) {
    for (const order of EXISTING) {
      const by = (actingChannel: Channel) => decide(ORDERS[order], { ...command, actingChannel });
      t.equal(by(BETA), 'wrong-channel', `${command.kind} on ${order} by another channel`);
      t.equal(by(ALPHA), decide(ORDERS[order], command), `${command.kind} on ${order} by its own channel`);
    }
  }
  t.equal(decide(ORDERS.none, { ...place, actingChannel: BETA }), 'wrong-channel');
  t.equal(decide(ORDERS.placed, { ...place, channel: BETA, actingChannel: BETA }), 'wrong-channel');
  t.equal(decide(ORDERS.none, { ...place, actingChannel: ALPHA }), 'OrderPlaced');
});

t.test('prices and payments', async (t) => {
  const placing = (amount: string, currency: string, paid?: Payment) =>
    decide(ORDERS.none, {
      ...place,
      denomination: { amount, currency },
      ...(paid === undefined ? {} : { payment: paid }),
    });
  t.equal(placing('10000', 'IDX'), 'unknown-currency');
  t.equal(placing('10000', 'XAU'), 'unknown-currency', 'gold states no price');
  for (const amount of ['0', '0.00', '10000.001', '-1', '1e4', '010', '', ' 1', '1,0']) {
    t.equal(placing(amount, 'IDR'), 'invalid-amount', `"${amount}"`);
  }
  t.equal(placing('0.5', 'JPY'), 'invalid-amount', 'a yen has no parts');
  for (const [amount, currency] of [
    ['19999.99', 'IDR'],
    ['20000.01', 'IDR'],
    ['20000', 'USD'],
    ['20000', 'IDX'],
    ['2e4', 'IDR'],
  ] as const) {
    t.equal(
      placing('10000', 'IDR', { ...payment, amount, currency }),
      'payment-mismatch',
      `${amount} ${currency}`,
    );
    t.equal(
      decide(ORDERS.placed, { kind: 'pay', payment: { ...payment, amount, currency } }),
      'payment-mismatch',
    );
  }
  t.equal(placing('10000', 'IDR', { ...payment, amount: '20000.00' }), 'OrderPlaced+OrderPaid');
  t.equal(
    decide(ORDERS.placed, { ...place, denomination: { amount: '10000.0', currency: 'IDR' } }),
    'unchanged',
    'the same amount written differently is the same term',
  );
});

t.test('fulfilment takes exactly as many distinct stamps as ordered', async (t) => {
  const fulfilling = (order: OrderName, ...serials: readonly Serial[]) =>
    decide(ORDERS[order], { kind: 'fulfil', serials });
  for (const serials of [[], [S1], [S1, S1], [S1, S2, S3], [S1, S1, S2]]) {
    t.equal(fulfilling('paid', ...serials), 'order-not-fulfillable', `${serials.length} given`);
  }
  t.equal(fulfilling('fulfilled', S2, S1), 'unchanged', 'order does not matter');
  t.equal(fulfilling('fulfilled', S1), 'order-not-fulfillable');
  t.equal(fulfilling('fulfilled', S1, S2, S3), 'order-not-fulfillable');
});

t.test('what events and states say', async (t) => {
  const says = (state: OrderState, command: OrderCommand, ...expected: readonly OrderEvent[]) =>
    t.strictSame(eventsOf(orderDecider.decide(state, command)), expected);
  const { kind: _place, ...terms } = place;
  const orderId = 'order-1';
  const amount = { amount: '15000', currency: 'IDR' };
  says(
    ORDERS.none,
    { ...place, payment },
    { type: 'OrderPlaced', data: terms },
    { type: 'OrderPaid', data: { orderId, payment } },
  );
  says(ORDERS.paid, fulfil, { type: 'OrderFulfilled', data: { orderId, serials: [S1, S2] } });
  says(ORDERS.placed, reject, { type: 'OrderRejected', data: { orderId, reason: 'no-stock' } });
  says(ORDERS.placed, { kind: 'cancel' }, { type: 'OrderCancelled', data: { orderId } });
  says(ORDERS.paid, cancel, { type: 'OrderCancelled', data: { orderId, reason: 'buyer-withdrew' } });
  says(ORDERS.paid, refund, {
    type: 'OrderRefunded',
    data: { orderId, policyVersion: 'p1', amount: { amount: '20000', currency: 'IDR' } },
  });
  says(
    ORDERS.paid,
    { ...refund, amount, reason: 'outage' },
    {
      type: 'OrderRefunded',
      data: { orderId, policyVersion: 'p1', amount, reason: 'outage' },
    },
  );
  t.strictSame(ORDERS.placed, { status: 'placed', ...terms });
  t.strictSame(ORDERS.paid, { status: 'paid', payment, ...terms });
  t.strictSame(ORDERS.fulfilled, { status: 'fulfilled', payment, serials: [S1, S2], ...terms });
  t.strictSame(ORDERS.rejected, { status: 'rejected', reason: 'no-stock', ...terms });
  t.strictSame(ORDERS.cancelled, { status: 'cancelled', ...terms });
  t.strictSame(
    ORDERS.cancelledPaid,
    { status: 'cancelled', payment, ...terms },
    'the money is still owed back',
  );
  t.strictSame(ORDERS.refunded, {
    status: 'refunded',
    payment,
    amount: { amount: '20000', currency: 'IDR' },
    policyVersion: 'p1',
    serials: [S1, S2],
    ...terms,
  });
  t.match(orderAfter(place, pay, cancel, refund), { status: 'refunded', serials: [] });
  const used = refusalOf(orderDecider.decide(ORDERS.fulfilled, { ...refund, usedSerials: [S2] }));
  t.strictSame(used?.facts, { serials: [S2] });
});

t.test('refunds stay between nothing and what was paid', async (t) => {
  for (const [amount, currency] of [
    ['0', 'IDR'],
    ['20001', 'IDR'],
    ['1', 'USD'],
    ['1', 'IDX'],
    ['1.005', 'IDR'],
  ] as const) {
    const command: OrderCommand = { ...refund, amount: { amount, currency } };
    t.equal(decide(ORDERS.paid, command), 'refund-amount-mismatch', `${amount} ${currency}`);
  }
  t.equal(decide(ORDERS.paid, { ...refund, amount: { amount: '0.01', currency: 'IDR' } }), 'OrderRefunded');
  t.equal(
    decide(ORDERS.refunded, { ...refund, amount: { amount: '20000.00', currency: 'IDR' } }),
    'unchanged',
    'the same amount written differently',
  );
});

t.test('events that cannot follow break loudly', async (t) => {
  const orderId = 'order-1';
  const { kind: _place, ...terms } = place;
  const events: readonly (readonly [OrderEvent, readonly OrderName[]])[] = [
    [{ type: 'OrderPlaced', data: terms }, ['none']],
    [{ type: 'OrderPaid', data: { orderId, payment } }, ['placed']],
    [{ type: 'OrderFulfilled', data: { orderId, serials: [S1, S2] } }, ['paid']],
    [{ type: 'OrderRejected', data: { orderId, reason: 'x' } }, ['placed']],
    [{ type: 'OrderCancelled', data: { orderId } }, ['placed', 'paid']],
    [
      {
        type: 'OrderRefunded',
        data: { orderId, policyVersion: 'p1', amount: { amount: '1', currency: 'IDR' } },
      },
      ['paid', 'fulfilled', 'cancelledPaid'],
    ],
  ];
  for (const [event, allowed] of events) {
    for (const name of ORDER_NAMES) {
      const evolve = () => orderDecider.evolve(ORDERS[name], event);
      if (allowed.includes(name)) t.doesNotThrow(evolve, `${event.type} on ${name}`);
      else t.throws(evolve, /Broken invariant/, `${event.type} on ${name}`);
    }
  }
  const evolvePlaced = (event: unknown) => () => orderDecider.evolve(ORDERS.placed, event as OrderEvent);
  t.throws(evolvePlaced({ type: 'OrderPaid', data: { orderId: 'order-2', payment } }), /Broken invariant/);
  t.throws(evolvePlaced({ type: 'OrderForgotten', data: { orderId } }), /Broken invariant/);
});

const anyPayment = fc.record({
  reference: fc.constantFrom('pay-1', 'pay-2'),
  amount: fc.constantFrom('20000', '20000', '10000'),
  currency: fc.constant('IDR'),
  paidAt: fc.constant(payment.paidAt),
});
const randomCommand: fc.Arbitrary<OrderCommand> = fc.oneof(
  fc.tuple(fc.constantFrom(1, 2, 2), fc.option(anyPayment, { nil: undefined })).map(
    ([quantity, paid]): OrderCommand => ({
      ...place,
      quantity,
      ...(paid === undefined ? {} : { payment: paid }),
    }),
  ),
  anyPayment.map((paid): OrderCommand => ({ kind: 'pay', payment: paid })),
  fc.subarray([...SERIALS]).map((serials): OrderCommand => ({ kind: 'fulfil', serials })),
  fc.constantFrom<OrderCommand>(reject, cancel),
  fc
    .tuple(
      fc.constantFrom('1', '5000', '20000', '20001'),
      fc.constantFrom('p1', 'p2'),
      fc.boolean(),
      fc.boolean(),
    )
    .map(
      ([amount, policyVersion, part, used]): OrderCommand => ({
        kind: 'refund',
        policyVersion,
        usedSerials: used ? [S1] : [],
        ...(part ? { amount: { amount, currency: 'IDR' } } : {}),
      }),
    ),
);

t.test('any history: money in is with the ledger, turned into stamps, or given back once', async (t) => {
  const reached = new Set<string>();
  fc.assert(
    fc.property(fc.array(randomCommand, { maxLength: 25 }), (commands) => {
      const seen: OrderEvent[] = [];
      const state = commands.reduce<OrderState>((before, command) => {
        const events = eventsOf(orderDecider.decide(before, command));
        seen.push(...events);
        const next = events.reduce<OrderState>((s, event) => orderDecider.evolve(s, event), before);
        const again = eventsOf(orderDecider.decide(next, command));
        if (again.length > 0) throw new Error(`${command.kind} repeated right away: ${again[0]?.type}`);
        return next;
      }, orderDecider.initialState);
      reached.add(state.status);
      const of = <Type extends OrderEvent['type']>(type: Type) =>
        seen.filter((event): event is Extract<OrderEvent, { type: Type }> => event.type === type);
      if (of('OrderFulfilled').length > 1 || of('OrderRefunded').length > 1 || of('OrderPaid').length > 1) {
        return false;
      }
      const sum = (amounts: readonly { amount: string; currency: string }[]) =>
        amounts.reduce((total, amount) => total + (money.toMinorUnits(amount) ?? 0n), 0n);
      const paidIn = sum(of('OrderPaid').map((event) => event.data.payment));
      const paidBack = sum(of('OrderRefunded').map((event) => event.data.amount));
      const onRecord = 'payment' in state ? sum([state.payment]) : 0n;
      const ends = ['paid', 'fulfilled', 'cancelled', 'refunded'];
      return (
        paidBack <= paidIn &&
        onRecord === paidIn &&
        (paidIn === 0n || ends.includes(state.status)) &&
        paidBack > 0n === (state.status === 'refunded') &&
        (of('OrderRejected').length === 0 || paidIn === 0n)
      );
    }),
    { numRuns: 2000 },
  );
  t.strictSame(
    [...reached].sort(),
    ['cancelled', 'fulfilled', 'none', 'paid', 'placed', 'refunded', 'rejected'],
    'the histories end in every status',
  );
});
