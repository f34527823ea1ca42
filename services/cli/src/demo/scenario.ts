import type { PlannedChannel } from './channels.js';
import { planChannels } from './channels.js';
import { arrivalTimes, calendarTime } from './curve.js';
import { createRandom, type Random } from './random.js';

export const DENOMINATION = { amount: '10000', currency: 'IDR' } as const;

/** What becomes of an order after it was placed. */
export type OrderFate =
  /** Placed with its payment. */
  | 'paid'
  /** Placed first, paid a little later. */
  | 'paid-later'
  /** Placed, never paid, cancelled by the buyer. */
  | 'cancelled'
  /** Paid, fulfilled, and given back unused. */
  | 'refunded'
  /** Sent twice with the same key, as after a lost answer. */
  | 'sent-twice';

/** What becomes of one stamp of a fulfilled order. */
export type StampFate =
  | 'kept'
  | 'affixed'
  /** Reserved, failed, released, and affixed later: the same serial. */
  | 'failed-then-affixed'
  /** Nobody knows for a while; it turns out to be affixed. */
  | 'unknown-then-affixed'
  /** Nobody knows for a while; it was not, and is affixed then: the same serial. */
  | 'unknown-then-not-affixed'
  | 'voided'
  /** Affixed to the wrong document and voided, with evidence. */
  | 'misaffixed';

/** What a relying party asks about an affixed stamp. */
export type StampCheck = 'none' | 'look-up' | 'genuine' | 'mismatch' | 'second-document';

export interface PlannedStamp {
  readonly fate: StampFate;
  /** SHA-256 of the document it is for. */
  readonly sha256: string;
  /** Milliseconds between having the serial and using it. */
  readonly thinking: number;
  readonly check: StampCheck;
}

export interface PlannedOrder {
  /** Milliseconds from the start of the rush. */
  readonly at: number;
  readonly orderId: string;
  readonly channel: string;
  readonly holder: string;
  readonly fate: OrderFate;
  readonly paymentReference: string;
  /** RFC 3339 UTC, in 2024. */
  readonly paidAt: string;
  /** As many as the order's quantity. */
  readonly stamps: readonly PlannedStamp[];
}

export interface PlannedForgery {
  readonly at: number;
  readonly serial: string;
}

export interface Plan {
  readonly seed: string;
  readonly milliseconds: number;
  readonly channels: readonly PlannedChannel[];
  readonly orders: readonly PlannedOrder[];
  /** Serials that nobody minted, presented for verification. */
  readonly forgeries: readonly PlannedForgery[];
  /** When the server is killed: half of all orders have arrived, in the evening of a peak day. */
  readonly killAt: number;
  /** When the channel that ran out of stock gets more. */
  readonly restockAt: number;
  readonly burstStamps: number;
}

const HEX = '0123456789abcdef';
const SERIAL = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const FORGERIES_PER_ORDER = 0.01;
/** Bought for later: not used while the rush lasts. */
const KEPT_SHARE = 0.45;
const LONGEST_THINKING_MILLISECONDS = 10_000;

export interface ScenarioOptions {
  readonly orders: number;
  readonly milliseconds: number;
  readonly seed: string;
  readonly burstStamps: number;
}

/** The whole day, decided beforehand: the same options give the same plan. */
export function planScenario(options: ScenarioOptions): Plan {
  const { orders: total, milliseconds, seed, burstStamps } = options;
  const times = arrivalTimes(total, milliseconds, createRandom(`${seed}/arrivals`));
  const random = createRandom(`${seed}/orders`);
  const pickChannel = planChannels.picker(createRandom(`${seed}/channels`));
  const orders = times.map((at, index) => planOrder(at, index, pickChannel(), milliseconds, random));
  return {
    seed,
    milliseconds,
    orders,
    channels: planChannels.withStock(orders, burstStamps),
    forgeries: planForgeries(total, milliseconds, createRandom(`${seed}/forgeries`)),
    killAt: times[Math.floor(total / 2)] ?? milliseconds / 2,
    restockAt: milliseconds * 0.9,
    burstStamps,
  };
}

function planOrder(
  at: number,
  index: number,
  channel: string,
  milliseconds: number,
  random: Random,
): PlannedOrder {
  const number = String(index + 1).padStart(6, '0');
  const length = quantity(random);
  return {
    at,
    orderId: `order-${number}`,
    channel,
    holder: `buyer-${random.text(12, HEX)}`,
    fate: orderFate(random),
    paymentReference: `payment-${number}`,
    paidAt: calendarTime(at, milliseconds),
    stamps: Array.from({ length }, () => planStamp(random, milliseconds)),
  };
}

/** Most applicants need two: one for the application, one for the statement. */
function quantity(random: Random): number {
  const draw = random.next();
  return draw < 0.4 ? 1 : draw < 0.9 ? 2 : 3;
}

function orderFate(random: Random): OrderFate {
  const draw = random.next();
  if (draw < 0.05) return 'paid-later';
  if (draw < 0.06) return 'cancelled';
  if (draw < 0.07) return 'refunded';
  if (draw < 0.08) return 'sent-twice';
  return 'paid';
}

function planStamp(random: Random, milliseconds: number): PlannedStamp {
  const longest = Math.min(LONGEST_THINKING_MILLISECONDS, milliseconds / 6);
  return {
    fate: stampFate(random),
    sha256: random.text(64, HEX),
    thinking: Math.floor(random.next() * longest),
    check: stampCheck(random),
  };
}

/** Of those that are tried, 4 % fail first and 0.5 % end in doubt. */
function stampFate(random: Random): StampFate {
  if (random.chance(KEPT_SHARE)) return 'kept';
  const draw = random.next();
  if (draw < 0.04) return 'failed-then-affixed';
  if (draw < 0.043) return 'unknown-then-affixed';
  if (draw < 0.045) return 'unknown-then-not-affixed';
  if (draw < 0.048) return 'voided';
  if (draw < 0.05) return 'misaffixed';
  return 'affixed';
}

function stampCheck(random: Random): StampCheck {
  const draw = random.next();
  if (draw < 0.15) return 'look-up';
  if (draw < 0.3) return 'genuine';
  if (draw < 0.32) return 'mismatch';
  if (draw < 0.33) return 'second-document';
  return 'none';
}

function planForgeries(total: number, milliseconds: number, random: Random): PlannedForgery[] {
  const length = Math.max(3, Math.round(total * FORGERIES_PER_ORDER));
  return Array.from({ length }, () => ({
    at: random.next() * milliseconds,
    serial: random.text(22, SERIAL),
  })).sort((left, right) => left.at - right.at);
}
