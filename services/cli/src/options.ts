import { InvalidArgumentError } from 'commander';
import { UsageError } from './exit-codes.js';
import type { Session } from './session.js';

/** Parsers of option values: commander reports what they throw as wrong usage. */
export function wholeNumber(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= minimum && value <= maximum))
      throw new InvalidArgumentError(`Wants a whole number from ${minimum} to ${maximum}.`);
    return value;
  };
}

export interface MoneyOptions {
  readonly denomination: string;
  readonly currency: string;
}

export const moneyOf = (options: MoneyOptions) => ({
  amount: options.denomination,
  currency: options.currency,
});

/** `amount` times `count`, in the same number of decimals. */
export function multiplied(amount: string, count: number): string {
  const match = /^(\d{1,15})(?:\.(\d{1,3}))?$/.exec(amount);
  if (match === null) return amount;
  const [, whole = '0', fraction = ''] = match;
  const digits = String(BigInt(whole + fraction) * BigInt(count)).padStart(fraction.length + 1, '0');
  return fraction === '' ? digits : `${digits.slice(0, -fraction.length)}.${digits.slice(-fraction.length)}`;
}

export interface PaymentOptions {
  readonly pay?: string;
  readonly amount?: string;
  readonly paidAt?: string;
  readonly key?: string;
}

/**
 * When a payment was made: as the caller says, or now. A command that is repeated with its key has to be the same in
 * every word, so with a key the caller has to say.
 */
export function paidAt(session: Session, options: Pick<PaymentOptions, 'paidAt' | 'key'>): string {
  if (options.paidAt !== undefined) return options.paidAt;
  if (options.key !== undefined)
    throw new UsageError('with --key give --paid-at too: a repeated command must be the same in every word');
  const now = new Date().toISOString();
  session.repeatWith(`--paid-at ${now}`);
  return now;
}

/** A payment for `count` stamps, unless another amount is named. */
export function paymentOf(session: Session, options: PaymentOptions & MoneyOptions, count: number) {
  if (options.pay === undefined) return undefined;
  return {
    reference: options.pay,
    amount: options.amount ?? multiplied(options.denomination, count),
    currency: options.currency,
    paidAt: paidAt(session, options),
  };
}

/** The key of one item among several: each command needs its own. */
export const itemKey = (key: string | undefined, item: string, several: boolean): string | undefined =>
  key === undefined || !several ? key : `${key}:${item.replace(/[\s-]/g, '').toUpperCase()}`;
