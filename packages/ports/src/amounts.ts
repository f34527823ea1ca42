/**
 * Amounts as the read models add and compare them: whole thousandths of a currency's major unit. No ISO 4217 currency
 * with minor units below a thousandth is accepted by the ledger's schemas, so this needs no table of currencies.
 */
const DECIMAL = /^(0|[1-9][0-9]*)(?:\.([0-9]{1,3}))?$/;

/** `10000` is 10000000n, `0.50` is 500n; undefined for anything that is not a plain decimal. */
export function toThousandths(amount: string): bigint | undefined {
  const match = DECIMAL.exec(amount);
  if (match === null) return undefined;
  const [, whole = '', decimals = ''] = match;
  return BigInt(whole + decimals.padEnd(3, '0'));
}

/** Decimal form, with a minus sign when negative: no decimals when whole, else two, or three where two lose something. */
export function fromThousandths(thousandths: bigint): string {
  const sign = thousandths < 0n ? '-' : '';
  const digits = (thousandths < 0n ? -thousandths : thousandths).toString().padStart(4, '0');
  const decimals = digits.slice(-3).replace(/000$|0$/, '');
  return `${sign}${digits.slice(0, -3)}${decimals === '' ? '' : `.${decimals}`}`;
}

/** One text for equal amounts (`10.5` and `10.50`); what is no plain decimal is left as it is. */
export function plainAmount(amount: string): string {
  if (!amount.includes('.')) return amount;
  const thousandths = toThousandths(amount);
  return thousandths === undefined ? amount : fromThousandths(thousandths);
}
