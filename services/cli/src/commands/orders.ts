import type { Answer, OrderAnswer } from '@stamp-ledger/client';
import type { Command } from 'commander';
import { moneyText, withPosition } from '../answers.js';
import {
  type MoneyOptions,
  moneyOf,
  type PaymentOptions,
  paidAt,
  paymentOf,
  wholeNumber,
} from '../options.js';
import type { Bind, Session } from '../session.js';
import { pairs } from '../table.js';
import { addKeyOption, addMoneyOptions, type KeyOption, keyed } from './shared-options.js';

interface OrderOptions extends MoneyOptions, PaymentOptions, KeyOption {
  readonly channel: string;
  readonly holder: string;
  readonly quantity: number;
  readonly order?: string;
  readonly ticket?: string;
  readonly wait: number | false;
}

interface PayOptions extends KeyOption {
  readonly reference: string;
  readonly amount: string;
  readonly currency: string;
  readonly paidAt?: string;
}

interface RefundOptions extends KeyOption {
  readonly policy: string;
  readonly reason?: string;
}

export function addOrderCommands(program: Command, bind: Bind): void {
  const order = program
    .command('order')
    .description('order stamps from a channel; with --pay, wait for the serials')
    .requiredOption('--channel <name>', 'the channel that sells')
    .requiredOption('--holder <reference>', 'opaque reference to the buyer')
    .option('--quantity <n>', 'number of stamps', wholeNumber(1, 1_000), 1)
    .option('--order <id>', 'id of the order; made up by the ledger when absent')
    .option('--ticket <ticket>', 'an admitted ticket of the waiting room (stamp-ledger queue)')
    .option('--pay <reference>', "the payment provider's reference, when it is paid already")
    .option('--amount <amount>', 'amount paid; denomination times quantity when absent')
    .option('--paid-at <time>', 'RFC 3339 UTC; now when absent')
    .option('--wait <seconds>', 'wait this long for the serials of a paid order', wholeNumber(1, 30), 10)
    .option('--no-wait', 'return as soon as the ledger has accepted it');
  addKeyOption(addMoneyOptions(order)).action(bind(placeOrder));

  program
    .command('order-status')
    .description('show an order')
    .argument('<id>')
    .action(bind(async (session, id: string) => showOrder(session, await session.client.orders.get(id))));

  const pay = program
    .command('pay')
    .description('pay an order that was placed without a payment')
    .argument('<id>')
    .requiredOption('--reference <reference>', "the payment provider's reference")
    .requiredOption('--amount <amount>', 'amount paid')
    .option('--currency <code>', 'ISO 4217', 'IDR')
    .option('--paid-at <time>', 'RFC 3339 UTC; now when absent');
  addKeyOption(pay).action(bind(payOrder));

  const cancel = program
    .command('cancel')
    .description('cancel an order that is not fulfilled')
    .argument('<id>')
    .option('--reason <reason>', 'machine-readable reason');
  addKeyOption(cancel).action(
    bind(async (session, id: string, { reason, key }: KeyOption & { readonly reason?: string }) => {
      const body = reason === undefined ? {} : { reason };
      await showOrder(session, await session.client.orders.cancel(id, body, keyed(key)));
    }),
  );

  const refund = program
    .command('refund')
    .description('refund an order of which no stamp was used; its stamps are voided')
    .argument('<id>')
    .requiredOption('--policy <version>', 'version of the refund policy that is applied')
    .option('--reason <reason>', 'machine-readable reason');
  addKeyOption(refund).action(
    bind(async (session, id: string, { policy, reason, key }: RefundOptions) => {
      const body = { policyVersion: policy, ...(reason === undefined ? {} : { reason }) };
      await showOrder(session, await session.client.orders.refund(id, body, keyed(key)));
    }),
  );
}

async function placeOrder(session: Session, options: OrderOptions): Promise<void> {
  const payment = paymentOf(session, options, options.quantity);
  const answer = await session.client.orders.place(
    {
      channel: options.channel,
      holder: options.holder,
      denomination: moneyOf(options),
      quantity: options.quantity,
      ...(options.order === undefined ? {} : { orderId: options.order }),
      ...(payment === undefined ? {} : { payment }),
    },
    {
      ...keyed(options.key),
      ...(options.ticket === undefined ? {} : { ticket: options.ticket }),
      ...(payment === undefined || options.wait === false ? {} : { waitSeconds: options.wait }),
    },
  );
  await showOrder(session, answer);
}

async function payOrder(session: Session, id: string, options: PayOptions): Promise<void> {
  const body = {
    reference: options.reference,
    amount: options.amount,
    currency: options.currency,
    paidAt: paidAt(session, options),
  };
  await showOrder(session, await session.client.orders.pay(id, body, keyed(options.key)));
}

const estimate = ({ estimatedSeconds }: OrderAnswer): string =>
  estimatedSeconds === undefined ? 'none before there is stock' : `${estimatedSeconds} s`;

function showOrder(session: Session, answer: Answer<OrderAnswer>): Promise<void> {
  const { body } = answer;
  const waiting = body.status === 'paid';
  return session.output.result(withPosition(answer), () =>
    pairs([
      ['order', body.orderId],
      ['status', body.status],
      ['channel', body.channel],
      ['quantity', body.quantity],
      ['denomination', moneyText(body.denomination)],
      ['ahead', waiting ? body.ahead : undefined],
      ['estimate', waiting ? estimate(body) : undefined],
      ['reason', body.reason],
      ['policy', body.policyVersion],
      ...(body.serials ?? []).map((serial): [string, string] => ['serial', serial]),
    ]),
  );
}
