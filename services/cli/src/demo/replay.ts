import { setMaxListeners } from 'node:events';
import { createClient, type LedgerClient } from '@stamp-ledger/client';
import type { Output } from '../output.js';
import { grouped } from '../table.js';
import { type BurstResult, runBurst } from './burst.js';
import { closingAudit } from './closing-audit.js';
import { Facts } from './facts.js';
import { Figures } from './figures.js';
import type { Keeper } from './keeper.js';
import { OpenLoop } from './open-loop.js';
import type { DemoOptions } from './options.js';
import { Orders } from './orders.js';
import { type Outcome, reportLines } from './report.js';
import { followOrders, runRush, settled } from './rush.js';
import { type Plan, planScenario } from './scenario.js';
import { prepareStock } from './stock.js';
import { World } from './world.js';

const IN_FLIGHT = 2_000;
const CONNECTIONS = 128;
const BURST_STAMPS_PER_SECOND = 5_000;

interface Stage {
  readonly options: DemoOptions;
  readonly client: LedgerClient;
  readonly figures: Figures;
  readonly keeper: Keeper;
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** Plays the plan on the ledger that `keeper` runs and reports; true when nothing was amiss. */
export async function replay(
  options: DemoOptions,
  keeper: Keeper,
  output: Output,
  signal: AbortSignal,
): Promise<boolean> {
  const plan = planScenario({
    orders: options.orders,
    milliseconds: options.seconds * 1_000,
    seed: options.seed,
    burstStamps: options.burstSeconds * BURST_STAMPS_PER_SECOND,
  });
  const figures = new Figures();
  const client = connect(keeper, figures);
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  // One listener for each call in flight, and it goes with the call.
  setMaxListeners(0, either);
  try {
    const outcome = await play(plan, { options, client, figures, keeper, output, signal: either });
    await output.result(undefined, () => reportLines(outcome));
    return outcome.world.faults.count === 0;
  } finally {
    ended.abort();
    client.close();
  }
}

/** Long retries: the ledger will be gone for a moment, and everybody comes back with the same key. */
const connect = (keeper: Keeper, figures: Figures): LedgerClient =>
  createClient({
    baseUrl: keeper.url,
    token: keeper.token,
    connections: CONNECTIONS,
    maxInFlight: 3 * IN_FLIGHT,
    timeoutMilliseconds: 60_000,
    retry: { attempts: 500, baseMilliseconds: 50, capMilliseconds: 1_000, totalMilliseconds: 120_000 },
    onRetry: (cause) => figures.count(`retry ${cause}`),
  });

async function play(plan: Plan, stage: Stage): Promise<Outcome> {
  const { options, client, figures, keeper, output, signal } = stage;
  const facts = new Facts();
  const before = await prepareStock({ client, facts, output, signal }, plan);
  output.remark(`${grouped(plan.orders.length)} orders of 22 days arrive within ${options.seconds} s`);
  const loop = new OpenLoop(IN_FLIGHT, signal);
  const world = new World({ plan, client, loop, facts, figures, signal });
  const orders = new Orders(world);
  followOrders(world, orders, before).catch((error: unknown) => {
    if (!signal.aborted) world.faults.add(`the feed broke off: ${String(error)}`);
  });
  try {
    const rush = await runRush(world, orders, keeper, output);
    const burst = await fullSpeed(world, orders, stage);
    const { conservation, audit, trace } = await closingAudit(world, output, keeper.url);
    return {
      world,
      rush,
      accepted: orders.accepted,
      audit,
      conservation,
      ...(burst === undefined ? {} : { burst }),
      ...(trace === undefined ? {} : { trace }),
    };
  } finally {
    loop.stop();
  }
}

async function fullSpeed(
  world: World,
  orders: Orders,
  { options, output }: Stage,
): Promise<BurstResult | undefined> {
  if (options.burstSeconds === 0) return undefined;
  output.remark(`orders at full speed for ${options.burstSeconds} s`);
  const burst = await runBurst(world, orders, options.burstSeconds);
  output.remark(`${grouped(burst.accepted)} orders accepted; waiting for their stamps`);
  await settled(world, orders);
  return burst;
}
