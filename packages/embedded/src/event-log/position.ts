import type { Position } from '@stamp-ledger/codec';

const DIGITS = 16;
/** A position of another engine begins with 16 digits too, and by text order lies behind the place they name. */
const PATTERN = /^[0-9]{16}(?:-[0-9]{16})?$/;

/** The text of a place in the log: decimal, padded with zeros to 16 digits (below 2^53), so that text order is log order. */
export const formatPosition = (place: number): Position => String(place).padStart(DIGITS, '0') as Position;

/** The place behind a position, 0 for none (before the first event). Throws a plain Error for text that is no position. */
export function parsePosition(position: Position | undefined): number {
  if (position === undefined) return 0;
  const place = PATTERN.test(position) ? Number(position.slice(0, DIGITS)) : Number.NaN;
  if (!Number.isSafeInteger(place)) throw new Error('not a position of the embedded log');
  return place;
}
