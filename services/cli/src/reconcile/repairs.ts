import { fromThousandths } from '@stamp-ledger/app';
import type { PaymentAnswer } from '@stamp-ledger/client';
import type { FindingKind, Group } from './match.js';
import type { SettledPayment } from './settlement.js';

/** What may put something right: words for a person, and the command where there is one. It is never run from here. */
export interface Repair {
  readonly advice: string;
  readonly command?: string;
}

/** Stands in proposed commands for what only a person can say. */
const POLICY = 'POLICY-VERSION';

/** Proposals for one finding. Ids and references are of characters that no shell reads anything into. */
export function repairsOf(kind: FindingKind, group: Group): Repair[] {
  switch (kind) {
    case 'paid-without-stamp':
      return group.ledgerCount === 0
        ? group.settled.slice(0, 1).map(unknownPayment)
        : group.ledger.flatMap(owed);
    case 'stamp-without-payment':
      return group.ledger
        .filter(({ status }) => status === 'fulfilled')
        .map((payment) => takeBack(payment, 'if the provider confirms that it was never paid'));
    case 'payment-not-settled':
      return group.ledger
        .filter(({ status }) => status === 'pending')
        .map(({ orderId = '' }) => ({
          advice: 'if the provider confirms that it was never paid',
          command: `stamp-ledger cancel ${orderId} --reason payment-not-settled`,
        }));
    case 'duplicate':
      return duplicate(group);
    case 'amount-difference':
      return [
        { advice: 'ask the provider which amount is right; a wrong payment is refunded and paid anew' },
      ];
    case 'unreadable':
      return [];
  }
}

function unknownPayment({ orderId, reference, thousandths, currency, time }: SettledPayment): Repair {
  if (orderId === undefined)
    return { advice: 'find the order it was for, or have the provider give it back' };
  const paidAt = time === undefined ? '' : ` --paid-at ${time}`;
  return {
    advice: 'if the order is placed and unpaid',
    command: `stamp-ledger pay ${orderId} --reference ${reference} --amount ${fromThousandths(BigInt(thousandths))} --currency ${currency}${paidAt}`,
  };
}

function owed({ status, orderId }: PaymentAnswer): Repair[] {
  if (orderId === undefined) return [];
  if (status === 'refund-due')
    return [
      { advice: 'the money is owed back', command: `stamp-ledger refund ${orderId} --policy ${POLICY}` },
    ];
  if (status === 'pending')
    return [
      { advice: 'see why it waits; stock may be missing', command: `stamp-ledger order-status ${orderId}` },
    ];
  return [];
}

function takeBack({ orderId, serial }: PaymentAnswer, advice: string): Repair {
  const command =
    orderId === undefined
      ? `stamp-ledger void ${serial} --reason refund --policy ${POLICY}`
      : `stamp-ledger refund ${orderId} --policy ${POLICY}`;
  return { advice, command };
}

function duplicate({ settledCount, ledger, ledgerCount }: Group): Repair[] {
  if (ledgerCount > settledCount && ledger.length > 0)
    return ledger
      .slice(Math.max(settledCount, 1))
      .filter(({ status }) => status !== 'refunded')
      .map((payment) => takeBack(payment, 'if the payment was made only once'));
  return settledCount > Math.max(ledgerCount, 1)
    ? [{ advice: 'the payer may have paid more than once: have the provider give back what is too much' }]
    : [];
}
