import { setTimeout as sleep } from 'node:timers/promises';
import type { Output } from '../output.js';
import { startProgress } from '../progress.js';
import { DAYS, dayAt } from './curve.js';
import { startForgeries } from './forgeries.js';
import type { Keeper } from './keeper.js';
import { ORDER_OUTCOMES, type Orders } from './orders.js';
import { allocateTo } from './stock.js';
import type { World } from './world.js';

const SHOW_MILLISECONDS = 200;
const POLL_MILLISECONDS = 50;

export interface Recovery {
  /** From the kill to the ready line of the next process. */
  readonly readySeconds: number;
  /** From the kill to the next accepted order. */
  readonly acceptingSeconds: number;
  /** Orders accepted before the kill. */
  readonly acceptedBefore: number;
}

export interface RushResult {
  readonly seconds: number;
  readonly recovery: Recovery;
}

/** The replay itself: everybody arrives when they are due, the server is killed in the middle, and all ends are met. */
export async function runRush(
  world: World,
  orders: Orders,
  keeper: Keeper,
  output: Output,
): Promise<RushResult> {
  const { plan, loop, signal } = world;
  orders.start();
  startForgeries(world);
  for (const { channel, restock } of plan.channels)
    if (restock > 0) world.live(`restock of ${channel}`, () => restockLater(world, channel, restock));
  const show = showProgress(world, orders, output);
  try {
    const recovery = await killInTheMiddle(world, orders, keeper);
    while (orders.accepted < plan.orders.length && world.busy > 0)
      await sleep(SHOW_MILLISECONDS, undefined, { signal });
    const seconds = loop.now() / 1_000;
    await settled(world, orders);
    return { seconds, recovery };
  } finally {
    show.stop();
  }
}

/** Waits until every accepted order is where its fate ends and every stamp's life is lived. */
export async function settled(world: World, orders: Orders): Promise<void> {
  while (orders.open > 0 || world.busy > 0)
    await sleep(SHOW_MILLISECONDS, undefined, { signal: world.signal });
}

/** Follows the feed for as long as the run lasts. */
export async function followOrders(world: World, orders: Orders, after: string | undefined): Promise<void> {
  const feed = world.client.events.follow({
    types: ORDER_OUTCOMES,
    pollMilliseconds: POLL_MILLISECONDS,
    signal: world.signal,
    ...(after === undefined ? {} : { after }),
  });
  for await (const event of feed) orders.take(event);
}

async function restockLater(world: World, channel: string, quantity: number): Promise<void> {
  await sleep(Math.max(0, world.plan.restockAt - world.loop.now()), undefined, { signal: world.signal });
  await allocateTo(world, channel, quantity, 'restock');
}

async function killInTheMiddle(world: World, orders: Orders, keeper: Keeper): Promise<Recovery> {
  const { plan, loop, signal } = world;
  await sleep(Math.max(0, plan.killAt - loop.now()), undefined, { signal });
  const acceptedBefore = orders.accepted;
  const killedAt = performance.now();
  await keeper.kill();
  await keeper.start();
  const readySeconds = (performance.now() - killedAt) / 1_000;
  const acceptedThen = orders.accepted;
  while (orders.accepted === acceptedThen && world.busy > 0) await sleep(1, undefined, { signal });
  return { readySeconds, acceptingSeconds: (performance.now() - killedAt) / 1_000, acceptedBefore };
}

function showProgress(world: World, orders: Orders, output: Output): { stop(): void } {
  const { plan, loop } = world;
  const progress = startProgress(output, 'the rush', plan.orders.length);
  const timer = setInterval(() => {
    const { inFlight } = loop.state();
    const day = dayAt(loop.now(), plan.milliseconds);
    progress.update(
      Math.min(plan.orders.length, orders.accepted),
      `day ${day} of ${DAYS}, ${inFlight} in flight, ${orders.open} waiting for stamps`,
    );
  }, SHOW_MILLISECONDS);
  return {
    stop: () => {
      clearInterval(timer);
      progress.update(Math.min(plan.orders.length, orders.accepted));
      progress.stop();
    },
  };
}
