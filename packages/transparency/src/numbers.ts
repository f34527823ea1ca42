import { TransparencyError } from './errors.js';

/*
 * Sizes and indexes of a log outgrow 32 bits, and JavaScript's bit operators cut their operands to 32. Nothing in this
 * package uses them on sizes: only these helpers, which are exact up to 2^53 - 1.
 */

const DECIMAL = /^(?:0|[1-9][0-9]{0,15})$/;

/** Half of a number, rounded down: one step to the right. */
export const half = (value: number): number => Math.floor(value / 2);

/** Whether the lowest bit is set. */
export const isOdd = (value: number): boolean => value % 2 === 1;

/** The greatest power of two strictly below `size`, which must be at least 2 (k of RFC 6962 section 2.1). */
export function splitPoint(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

/**
 * Asserts that a size or an index is a safe, non-negative integer.
 *
 * @throws TransparencyError `out-of-range`
 */
export function checkCount(value: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new TransparencyError('out-of-range', `${what} is no whole number between 0 and 2^53 - 1`);
}

/** A decimal number without sign or leading zeros, up to 2^53 - 1; undefined for any other text. */
export function parseDecimal(text: string): number | undefined {
  if (!DECIMAL.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Bytes of standard base64 with padding (RFC 4648 section 4); undefined for anything but the one canonical spelling. */
export function parseBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
