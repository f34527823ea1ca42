import { MINOR_UNITS } from './iso4217.js';
import type { Money } from './wire.generated.js';

const DECIMAL = /^(0|[1-9][0-9]*)(?:\.([0-9]+))?$/;

/** Whether `currency` is an active ISO 4217 code with minor units. */
export function isKnownCurrency(currency: string): boolean {
  return MINOR_UNITS.has(currency);
}

/**
 * Minor units of `money` as an integer (`{amount: '0.50', currency: 'USD'}` is 50n). Undefined when the currency is
 * unknown (ISO 4217), or the amount has a sign, an exponent, a leading zero or more decimals than the currency.
 */
export function toMinorUnits(money: Money): bigint | undefined {
  const units = MINOR_UNITS.get(money.currency);
  const match = DECIMAL.exec(money.amount);
  if (units === undefined || match === null) return undefined;
  const [, whole = '', decimals = ''] = match;
  if (decimals.length > units) return undefined;
  return BigInt(whole + decimals.padEnd(units, '0'));
}

/**
 * Inverse of {@link toMinorUnits}: no decimals when the amount is whole (`10000`), else all of the currency's
 * (`0.50`).
 *
 * @throws RangeError when the currency is unknown or `minor` is negative
 */
export function fromMinorUnits(minor: bigint, currency: string): Money {
  const units = MINOR_UNITS.get(currency);
  if (units === undefined) throw new RangeError('Unknown currency');
  if (minor < 0n) throw new RangeError('An amount is never negative');
  const digits = minor.toString().padStart(units + 1, '0');
  const whole = digits.slice(0, digits.length - units);
  const decimals = digits.slice(digits.length - units);
  return { amount: /^0*$/.test(decimals) ? whole : `${whole}.${decimals}`, currency };
}

/**
 * `money` as many times over.
 *
 * @param times a whole number, not negative
 * @throws RangeError when {@link toMinorUnits} does not know `money`, or on another kind of `times`
 */
export function multiply(money: Money, times: number): Money {
  const minor = toMinorUnits(money);
  if (minor === undefined) throw new RangeError('Not an amount of a known currency');
  return fromMinorUnits(minor * BigInt(times), money.currency);
}

/** Whether both are the same amount of the same known currency; `1` and `1.00` are. */
export function equals(a: Money, b: Money): boolean {
  const minor = toMinorUnits(a);
  return minor !== undefined && a.currency === b.currency && minor === toMinorUnits(b);
}
