import { apportion } from './curve.js';
import type { Random } from './random.js';

/** A distributor, with the stock it is given before and during the rush. */
export interface PlannedChannel {
  readonly channel: string;
  /** Sells to the public; the others hold stock for their own customers. */
  readonly isPublic: boolean;
  readonly stock: number;
  /** Given later: this channel runs out in between. */
  readonly restock: number;
}

const PUBLIC_CHANNELS = 10;
const OTHER_CHANNELS = 16;
/** Stock of a channel that does not sell to the public, as a share of the public demand. */
const OTHER_STOCK_SHARE = 0.005;
const SPARE_SHARE = 0.05;
/** What the channel that runs out has of what it needs. */
const SHORT_SHARE = 0.6;
const SHORT_CHANNEL = 3;

/** Shares of the public sellers: a few large ones and a tail. */
const SHARES: readonly number[] = Array.from({ length: PUBLIC_CHANNELS }, (_, index) => 1 / (index + 1));

const name = (index: number): string => `distributor-${String(index + 1).padStart(2, '0')}`;
export const PUBLIC_CHANNEL_NAMES: readonly string[] = SHARES.map((_, index) => name(index));

interface Demand {
  readonly channel: string;
  readonly stamps: readonly unknown[];
}

export const planChannels = {
  /** Draws the channel of one order after another. */
  picker(random: Random): () => string {
    const total = SHARES.reduce((left, right) => left + right, 0);
    return () => {
      let draw = random.next() * total;
      const index = SHARES.findIndex((share) => {
        draw -= share;
        return draw < 0;
      });
      return name(Math.max(0, index));
    };
  },

  /** 26 channels with the stock that the orders will need, and a little more. */
  withStock(orders: readonly Demand[], burstStamps: number): PlannedChannel[] {
    const demand = new Map<string, number>();
    let all = 0;
    for (const { channel, stamps } of orders) {
      demand.set(channel, (demand.get(channel) ?? 0) + stamps.length);
      all += stamps.length;
    }
    const burst = apportion(burstStamps, Array<number>(PUBLIC_CHANNELS).fill(1));
    const others = Math.max(1, Math.ceil(all * OTHER_STOCK_SHARE));
    return Array.from({ length: PUBLIC_CHANNELS + OTHER_CHANNELS }, (_, index) => {
      const channel = name(index);
      const isPublic = index < PUBLIC_CHANNELS;
      if (!isPublic) return { channel, isPublic, stock: others, restock: 0 };
      const needed = (demand.get(channel) ?? 0) + (burst[index] ?? 0);
      const stock = needed + Math.ceil(needed * SPARE_SHARE) + 1;
      const short = index === SHORT_CHANNEL ? stock - Math.max(1, Math.floor(needed * SHORT_SHARE)) : 0;
      return { channel, isPublic, stock: stock - short, restock: short };
    });
  },
};
