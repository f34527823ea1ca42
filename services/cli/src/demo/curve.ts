import type { Random } from './random.js';

/**
 * How the civil-service registration of 2024 arrived: 20 August to 10 September, in ten-thousandths of all orders.
 * Published: 57 % came in the last four days (2.0 of 3.57 million submissions), and 6 and 7 September were the only
 * days with more than a million affixings (of seven million). The rest of the shape is filled in, rising, with the
 * dent of 3 September, when no serials could be had.
 */
export const DAY_WEIGHTS: readonly number[] = [
  60, 65, 70, 75, 80, 85, 90, 100, 110, 125, 140, 160, 200, 300, 320, 350, 450, 1_520, 1_700, 1_300, 1_300,
  1_400,
];

/** Within a day, in thousandths: 60 % between 17:00 and 23:00. */
export const HOUR_WEIGHTS: readonly number[] = [
  8, 5, 3, 3, 4, 8, 15, 22, 30, 34, 36, 34, 30, 32, 34, 34, 38, 70, 95, 125, 130, 110, 70, 30,
];

export const DAYS = DAY_WEIGHTS.length;
export const LAST_DAYS = 4;
const HOURS = HOUR_WEIGHTS.length;
const FIRST_DAY = Date.UTC(2024, 7, 20) - 7 * 3_600_000;

/** Splits a whole number by weights so that the parts add up exactly (largest remainder). */
export function apportion(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((left, right) => left + right, 0);
  const exact = weights.map((weight) => (total * weight) / sum);
  const parts = exact.map(Math.floor);
  const missing = total - parts.reduce((left, right) => left + right, 0);
  const byRemainder = exact
    .map((value, index) => ({ index, remainder: value - Math.floor(value) }))
    .sort((left, right) => right.remainder - left.remainder || left.index - right.index);
  for (const { index } of byRemainder.slice(0, missing)) parts[index] = (parts[index] ?? 0) + 1;
  return parts;
}

/** When each of `total` orders arrives, in milliseconds from the start, ascending: 22 days in `milliseconds`. */
export function arrivalTimes(total: number, milliseconds: number, random: Random): number[] {
  const hour = milliseconds / (DAYS * HOURS);
  const times: number[] = [];
  apportion(total, DAY_WEIGHTS).forEach((ofDay, day) => {
    apportion(ofDay, HOUR_WEIGHTS).forEach((ofHour, hourOfDay) => {
      for (let count = 0; count < ofHour; count += 1)
        times.push((day * HOURS + hourOfDay + random.next()) * hour);
    });
  });
  return times.sort((left, right) => left - right);
}

/** The day of registration, from 1, at a moment of the replay. */
export const dayAt = (at: number, milliseconds: number): number =>
  Math.min(DAYS, Math.floor((at / milliseconds) * DAYS) + 1);

/** The moment of 2024 that a moment of the replay stands for, RFC 3339 UTC. */
export const calendarTime = (at: number, milliseconds: number): string =>
  new Date(FIRST_DAY + Math.floor((at / milliseconds) * DAYS * 86_400_000)).toISOString();

/** Where the last four days begin, in milliseconds from the start. */
export const lastDaysBegin = (milliseconds: number): number => (milliseconds * (DAYS - LAST_DAYS)) / DAYS;
