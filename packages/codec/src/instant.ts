import type { Instant } from '@stamp-ledger/domain';

const RFC3339_UTC = /^(\d{4})-(\d{2})-(\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?Z$/;

/** True for an RFC 3339 date and time in UTC with a real calendar date; no leap second, no space for the T. */
export function isInstant(text: string): boolean {
  const match = RFC3339_UTC.exec(text);
  if (match === null) return false;
  const [, year, month, day] = match;
  const days = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  return Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= days;
}

/** An RFC 3339 UTC time as an {@link Instant}: to the millisecond, finer digits dropped. Undefined when it is none. */
export function parseInstant(text: string): Instant | undefined {
  return isInstant(text) ? (new Date(text).toISOString() as Instant) : undefined;
}

export const toMilliseconds = (instant: Instant | string): number => Date.parse(instant);
export const fromMilliseconds = (milliseconds: number): Instant =>
  new Date(milliseconds).toISOString() as Instant;
