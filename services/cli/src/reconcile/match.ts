import { fromThousandths, toThousandths } from '@stamp-ledger/app';
import type { PaymentAnswer } from '@stamp-ledger/client';
import { CLI_LIMITS } from '../limits.js';
import { type Repair, repairsOf } from './repairs.js';
import type { SettledPayment } from './settlement.js';

/**
 * What is wrong about one payment reference. `paid-without-stamp`: settled, and the ledger has no payment, or one whose
 * order has no stamps and no refund. `stamp-without-payment`: stamps went out for a payment that was not settled.
 * `payment-not-settled`: the ledger has a payment that was not settled, and no stamps are out for it. `duplicate`: the
 * reference comes more than once, in the settlement or on several orders.
 */
export type FindingKind =
  | 'paid-without-stamp'
  | 'stamp-without-payment'
  | 'payment-not-settled'
  | 'duplicate'
  | 'amount-difference'
  | 'unreadable';

export interface Finding {
  readonly kind: FindingKind;
  readonly reference?: string;
  readonly detail: string;
  /** Lines of the settlement file, at most {@link CLI_LIMITS.listedPlaces}. */
  readonly lines: readonly number[];
  /** Payments of the ledger, at most as many. */
  readonly payments: readonly PaymentAnswer[];
  /** What a person may do about it. Nothing was done. */
  readonly repairs: readonly Repair[];
}

/** All that both sides say of one reference. */
export interface Group {
  readonly reference: string;
  readonly settled: SettledPayment[];
  settledCount: number;
  readonly settledSums: Map<string, bigint>;
  readonly ledger: PaymentAnswer[];
  ledgerCount: number;
  readonly ledgerSums: Map<string, bigint>;
}

/** The references of one part, each with what both sides say of it. */
export function groupsOf(
  settled: readonly SettledPayment[],
  ledger: readonly PaymentAnswer[],
): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const payment of settled) addSettled(groupOf(groups, payment.reference), payment);
  for (const payment of ledger) addLedger(groupOf(groups, payment.reference), payment);
  return groups;
}

function groupOf(groups: Map<string, Group>, reference: string): Group {
  const known = groups.get(reference);
  if (known !== undefined) return known;
  const made: Group = {
    reference,
    settled: [],
    settledCount: 0,
    settledSums: new Map(),
    ledger: [],
    ledgerCount: 0,
    ledgerSums: new Map(),
  };
  groups.set(reference, made);
  return made;
}

const add = (sums: Map<string, bigint>, currency: string, amount: bigint): void =>
  void sums.set(currency, (sums.get(currency) ?? 0n) + amount);

function addSettled(group: Group, payment: SettledPayment): void {
  group.settledCount += 1;
  add(group.settledSums, payment.currency, BigInt(payment.thousandths));
  if (group.settled.length < CLI_LIMITS.listedPlaces) group.settled.push(payment);
}

export function addLedger(group: Group, payment: PaymentAnswer): void {
  group.ledgerCount += 1;
  add(group.ledgerSums, payment.currency, toThousandths(payment.amount) ?? 0n);
  if (group.ledger.length < CLI_LIMITS.listedPlaces) group.ledger.push(payment);
}

/** What is wrong about one reference; nothing when it matches. */
export function findingsOf(group: Group): Finding[] {
  const finding = (kind: FindingKind, detail: string): Finding => ({
    kind,
    reference: group.reference,
    detail,
    lines: group.settled.map(({ line }) => line),
    payments: group.ledger,
    repairs: repairsOf(kind, group),
  });
  if (group.ledgerCount === 0) {
    const twice = group.settledCount > 1 ? [finding('duplicate', inSettlement(group))] : [];
    return [...twice, finding('paid-without-stamp', 'the ledger knows no payment with this reference')];
  }
  if (group.settledCount === 0) return [...unsettled(group, finding)];
  return [...duplicates(group, finding), ...differences(group, finding), ...waiting(group, finding)];
}

type Make = (kind: FindingKind, detail: string) => Finding;

const inSettlement = ({ settledCount }: Group): string => `the settlement has it ${settledCount} times`;

function unsettled(group: Group, finding: Make): Finding[] {
  const twice = group.ledgerCount > 1 ? duplicates(group, finding) : [];
  return group.ledger.some(({ status }) => status === 'fulfilled')
    ? [...twice, finding('stamp-without-payment', 'stamps went out, and the settlement has no such payment')]
    : [
        ...twice,
        finding('payment-not-settled', 'the settlement has no such payment; no stamps are out for it'),
      ];
}

function duplicates(group: Group, finding: Make): Finding[] {
  const reasons = [
    ...(group.settledCount > 1 ? [inSettlement(group)] : []),
    ...(group.ledgerCount > 1 ? [`the ledger took it for ${group.ledgerCount} orders or sales`] : []),
  ];
  return reasons.length === 0 ? [] : [finding('duplicate', reasons.join('; '))];
}

function differences(group: Group, finding: Make): Finding[] {
  const currencies = new Set([...group.settledSums.keys(), ...group.ledgerSums.keys()]);
  const unequal = [...currencies].filter(
    (currency) => (group.settledSums.get(currency) ?? 0n) !== (group.ledgerSums.get(currency) ?? 0n),
  );
  if (unequal.length === 0) return [];
  const amounts = unequal.map(
    (currency) =>
      `settled ${currency} ${fromThousandths(group.settledSums.get(currency) ?? 0n)}, ` +
      `in the ledger ${fromThousandths(group.ledgerSums.get(currency) ?? 0n)}`,
  );
  return [finding('amount-difference', amounts.join('; '))];
}

function waiting(group: Group, finding: Make): Finding[] {
  if (group.ledger.some(({ status }) => status === 'refund-due'))
    return [finding('paid-without-stamp', 'its order was cancelled and the money is not given back')];
  if (group.ledger.some(({ status }) => status === 'pending'))
    return [finding('paid-without-stamp', 'its order is paid and waits for stamps')];
  return [];
}
