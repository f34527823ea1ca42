import { PUBLIC_CHANNEL_NAMES } from './channels.js';
import type { Latency } from './figures.js';
import { newHistogram, summary } from './figures.js';
import { type Orders, PLACED } from './orders.js';
import { DENOMINATION } from './scenario.js';
import type { World } from './world.js';

const IN_FLIGHT = 64;

export interface BurstResult {
  readonly accepted: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly latency: Latency;
}

/**
 * How many paid orders the ledger accepts at full speed: so many callers, each sending its next order as soon as the
 * last one was answered. Every answer comes after its order was forced to disk.
 */
export async function runBurst(world: World, orders: Orders, seconds: number): Promise<BurstResult> {
  const histogram = newHistogram();
  const began = performance.now();
  const end = began + seconds * 1_000;
  let sent = 0;
  let accepted = 0;
  const caller = async () => {
    while (sent < world.plan.burstStamps && performance.now() < end && !world.signal.aborted) {
      const index = sent;
      sent += 1;
      const start = performance.now();
      await placeOne(world, orders, index);
      histogram.recordValue(Math.max(1, Math.round((performance.now() - start) * 1_000)));
      accepted += 1;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
  const elapsed = (performance.now() - began) / 1_000;
  return {
    accepted,
    seconds: elapsed,
    perSecond: accepted / elapsed,
    latency: summary('order at full speed', histogram),
  };
}

async function placeOne(world: World, orders: Orders, index: number): Promise<void> {
  const orderId = `burst-${String(index + 1).padStart(6, '0')}`;
  const answer = await world.client.orders.place(
    {
      orderId,
      channel: PUBLIC_CHANNEL_NAMES[index % PUBLIC_CHANNEL_NAMES.length] ?? 'distributor-01',
      holder: `buyer-${orderId}`,
      denomination: DENOMINATION,
      quantity: 1,
      payment: {
        reference: `payment-${orderId}`,
        ...DENOMINATION,
        paidAt: '2024-09-10T16:00:00Z',
      },
    },
    { key: `place-${orderId}`, signal: world.signal },
  );
  world.facts.add(answer, `order-${orderId}`, ...PLACED);
  orders.acceptedElsewhere(orderId);
}
