import { fresh, payment, RUPIAH_10000, stockedChannel, type World } from '../../world.js';
import { atFault, bad, type Case } from './case.js';

/** Amounts, currencies, quantities and payments that no order can have. */
export async function orderCases({ call }: World): Promise<Case[]> {
  const channel = await stockedChannel(call, 1);
  const body = { channel, holder: 'h1', denomination: RUPIAH_10000, quantity: 1 };
  const orderId = `o-${fresh()}`;
  await call('/v1/orders', { body: { ...body, orderId } });
  await call('/v1/orders', {
    body: { ...body, orderId: `${orderId}-paid`, payment: payment('10000') },
    headers: { prefer: 'wait=20' },
  });
  const order = (what: string, change: object, answer: string, errors?: Case['errors']): Case =>
    bad(what, '/v1/orders', { body: { ...body, ...change } }, answer, errors);
  const money = (amount: unknown, currency: unknown = 'IDR') => ({ denomination: { amount, currency } });
  const placed = `/v1/orders/${orderId}`;
  const paid = `/v1/orders/${orderId}-paid`;
  const tooMuch = { body: { policyVersion: '1', amount: { amount: '10001', currency: 'IDR' } } };
  return [
    order('a negative amount', money('-10000'), ...atFault('#/denomination/amount')),
    order('an amount of 1e3', money('1e3'), ...atFault('#/denomination/amount')),
    order('an amount as a number', money(10_000), ...atFault('#/denomination/amount')),
    order('an amount of nothing', money('0'), '422 invalid-amount', [{ pointer: '#/denomination/amount' }]),
    order('more decimals than the currency has', money('10.001', 'USD'), '422 invalid-amount'),
    order('an unknown currency', money('10000', 'XXZ'), '422 unknown-currency', [
      { pointer: '#/denomination/currency' },
    ]),
    order('several faults at once', { quantity: 0, holder: '', 'a/b~': 1 }, '400 invalid-request', [
      { pointer: '#/a~1b~0' },
      { pointer: '#/holder' },
      { pointer: '#/quantity' },
    ]),
    order('a currency that is no code', money('10000', 'rupiah'), ...atFault('#/denomination/currency')),
    order('an order of 0', { quantity: 0 }, ...atFault('#/quantity')),
    order('an order of 1,001', { quantity: 1_001 }, ...atFault('#/quantity')),
    order('an identity number for a holder', { holder: '3174012345678901' }, ...atFault('#/holder')),
    order('an order id with other terms', { orderId, quantity: 2 }, '409 order-exists'),
    order('a payment of too little', { payment: payment('1') }, '422 payment-mismatch'),
    bad('paying an unknown order', '/v1/orders/nobody/payments', { body: payment('1') }, '404 unknown-order'),
    bad('paying too much', `${placed}/payments`, { body: payment('10001') }, '422 payment-mismatch'),
    bad('paying twice', `${paid}/payments`, { body: payment('10000') }, '409 already-paid'),
    bad(
      'refunding an unpaid order',
      `${placed}/refund`,
      { body: { policyVersion: '1' } },
      '409 order-not-refundable',
    ),
    bad(
      'refunding without a policy version',
      `${placed}/refund`,
      { body: {} },
      ...atFault('#/policyVersion'),
    ),
    bad('refunding more than was paid', `${paid}/refund`, tooMuch, '422 refund-amount-mismatch', [
      { pointer: '#/amount' },
    ]),
    bad('cancelling a fulfilled order', `${paid}/cancellation`, { body: {} }, '409 order-not-cancellable'),
  ];
}
