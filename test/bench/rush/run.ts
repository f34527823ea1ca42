import { setTimeout as sleep } from 'node:timers/promises';
import { orderStream, type StreamName } from '@stamp-ledger/codec';
import type { OrderId } from '@stamp-ledger/domain';
import { eventually } from '../../support/eventually.js';
import type { LedgerProcess } from '../../support/server-process.js';
import {
  CROWD_BEGINS_MILLISECONDS,
  runCrowd,
  type Stream,
  type StreamResult,
} from '../harness/crowd/crowd.js';
import { failuresOf, runLoad } from '../harness/load/load.js';
import type { Audit, Bench } from '../harness/part.js';
import { residentBytes } from '../harness/process-usage.js';
import { startSeeded } from '../ledger/bench-ledger.js';
import { allFulfilled } from '../ledger/fulfilment.js';
import { auditOrders, conservationDifferences, type OrderLog, readOrderLog } from '../ledger/order-log.js';
import { orderIdAt, paidOrders } from '../ledger/requests.js';
import {
  AFFIXING_SHARE,
  AFFIXINGS,
  type Beside,
  besideStreams,
  QUIET_SECONDS,
  RUSH,
  STUBBORN,
  secondsAround,
  streamsOf,
} from './streams.js';

const SLOW_CLIENTS = 30;
const ATTEMPT_MILLISECONDS = 10_000;
const PROBE_CONNECTIONS = 64;
const REFUSED = 503;
/** Refusals for each order accepted that a probe may meet. */
const REFUSED_SHARE = 0.01;
const WARM_SECONDS = 10;
const ROOM_CLOSES_MILLISECONDS = 60_000;
/** Orders that no probe gets through. */
const PROBE_ORDERS = 100_000;
/** Stamps that are sold beforehand, for affixings and look-ups. */
const SOLD = 40_000;
/** Stamps minted for each second of the rush and around it: more than are sold in one. */
const STAMPS_PER_SECOND = 3_500;
const SECONDS_AROUND = 50;
/** Probes around one rush. */
const PROBES = 4;

export interface Scale {
  readonly rushSeconds: number;
  readonly probeSeconds: number;
}

/** One ledger under the crowd. */
export interface Outcome {
  readonly name: string;
  readonly rushSeconds: number;
  /**
   * Orders and affixings a second, beside the same look-ups: what the crowd is a multiple of, and what was found afterwards,
   * where that was measured again.
   */
  readonly before: number;
  readonly after?: number;
  /** The mean of those, since a machine shared with others is not as quick at all times. */
  readonly capacity: number;
  /** The same where there is nothing beside the orders. */
  readonly alone?: number;
  readonly results: ReadonlyMap<string, StreamResult>;
  /** What only the bench's own ledger shows. */
  readonly inside?: Inside;
}

export interface Inside {
  readonly residentMegabytes: readonly number[];
  /** Orders placed and not fulfilled, by second. */
  readonly backlog: readonly number[];
  /** Orders placed and not fulfilled when the rush ended, and how long it took until the last of them was. */
  readonly left: number;
  readonly drainSeconds: number;
  readonly fulfilledPerSecond: number;
  readonly audits: readonly Audit[];
}

/** The same crowd on a ledger that runs already. What becomes of the orders depends on its stock, and is not looked at. */
export async function runAgainst(
  bench: Bench,
  ledger: { readonly url: string; readonly token: string },
  { rushSeconds, probeSeconds }: Scale,
): Promise<Outcome> {
  const key = Date.now();
  const { accepted, milliseconds } = await acceptedPerSecond(ledger, { first: key, seconds: probeSeconds });
  const capacity = (accepted * 1_000) / milliseconds;
  bench.log(`  ${ledger.url}: ${Math.round(capacity)} orders/s; the rush`);
  const results = await letLoose(
    ledger,
    streamsOf(capacity, { rushSeconds, firstOrder: key + PROBE_ORDERS }),
  );
  return { name: 'the running ledger', rushSeconds, before: capacity, capacity, results: byName(results) };
}

export async function runRush(
  bench: Bench,
  {
    name,
    variables,
    kill = false,
    rushSeconds,
    probeSeconds,
  }: Scale & {
    readonly name: string;
    readonly variables: Readonly<Record<string, string>>;
    readonly kill?: boolean;
  },
): Promise<Outcome> {
  bench.log(`  ${name}: preparing`);
  const stamps = SOLD + STAMPS_PER_SECOND * (rushSeconds + PROBES * probeSeconds + SECONDS_AROUND);
  let ledger = await startSeeded(
    { minted: stamps, allocated: stamps, sold: SOLD, affixed: 0 },
    { variables },
  );
  try {
    await acceptedPerSecond(ledger, { first: 0, seconds: WARM_SECONDS });
    const seconds = probeSeconds;
    const aloneBefore = await measureCapacity(ledger, { first: PROBE_ORDERS, seconds });
    const around = secondsAround(rushSeconds);
    const affixingsPerSecond = Math.floor(
      Math.min(AFFIXING_SHARE * aloneBefore, SOLD / (around + 2 * probeSeconds)),
    );
    const beside = (after: number): Beside => ({
      affixingsPerSecond,
      firstAffixed: affixingsPerSecond * after,
      sold: SOLD,
    });
    const before = await measureCapacity(ledger, { first: 2 * PROBE_ORDERS, seconds, beside: beside(0) });
    bench.log(`  ${name}: ${Math.round(before)} a second, ${Math.round(aloneBefore)} orders alone; the rush`);
    const streams = [
      ...streamsOf(before, { rushSeconds, firstOrder: (PROBES + 1) * PROBE_ORDERS }),
      ...besideStreams(beside(probeSeconds), around),
    ];
    const memory: number[] = [];
    const stop = new AbortController();
    const watching = watchMemory(() => ledger.pid, memory, stop.signal);
    const crowd = letLoose(ledger, streams);
    if (kill) {
      await sleep((QUIET_SECONDS + rushSeconds / 2) * 1_000);
      ledger = await ledger.restart();
    }
    const results = await crowd;
    const begun = Math.min(...results.map((each) => each.begun));
    const rushEnds = begun + (QUIET_SECONDS + rushSeconds) * 1_000;
    const accepted = results
      .filter(({ name: of }) => of.startsWith('orders'))
      .flatMap(({ accepted: indices }) => [...indices].map(orderStreamAt));
    await allFulfilled(ledger.directory, accepted);
    stop.abort();
    await watching;
    const over = Date.now();
    await roomToClose(ledger.url);
    const after = await measureCapacity(ledger, {
      first: 3 * PROBE_ORDERS,
      seconds,
      beside: beside(probeSeconds + around),
    });
    await roomToClose(ledger.url);
    const aloneAfter = await measureCapacity(ledger, { first: 4 * PROBE_ORDERS, seconds });
    const differences = await conservationDifferences(ledger);
    await ledger.kill();
    const log = readOrderLog(ledger.directory);
    return {
      name,
      rushSeconds,
      before,
      after,
      capacity: (before + after) / 2,
      alone: (aloneBefore + aloneAfter) / 2,
      results: byName(results),
      inside: {
        residentMegabytes: memory,
        ...backlogOf(log, { begun, rushEnds, over }),
        audits: [
          ...auditOrders(name, accepted, log),
          {
            what: `${name}: conservation of stamps and money`,
            acknowledged: stamps,
            missing: differences,
          },
        ],
      },
    };
  } finally {
    await ledger.stop();
  }
}

/** The crowd in one process, the others in another: how busy the one is must not show in the latencies of the other. */
async function letLoose(
  { url, token }: { readonly url: string; readonly token: string },
  streams: readonly Stream[],
): Promise<readonly StreamResult[]> {
  const isCrowd = ({ name }: Stream): boolean => name === RUSH || name === STUBBORN;
  const plan = { url, token, attemptMilliseconds: ATTEMPT_MILLISECONDS };
  const results = await Promise.all([
    runCrowd({ ...plan, streams: streams.filter(isCrowd), slowClients: SLOW_CLIENTS }),
    runCrowd({ ...plan, streams: streams.filter((stream) => !isCrowd(stream)), slowClients: 0 }),
  ]);
  return results.flat();
}

const byName = (results: readonly StreamResult[]): ReadonlyMap<string, StreamResult> =>
  new Map(results.map((each) => [each.name, each]));

const orderStreamAt = (index: number): StreamName => orderStream(orderIdAt(index) as OrderId);

/**
 * Orders a second that are accepted when 64 connections send one after another, until the last of them is fulfilled, and
 * affixings where there are some beside. Not of a ledger that has just started: it is quicker than it is from then on.
 */
async function measureCapacity(
  ledger: LedgerProcess,
  { beside, ...probe }: { readonly first: number; readonly seconds: number; readonly beside?: Beside },
): Promise<number> {
  const orders = async (): Promise<number> => {
    if (beside !== undefined) await sleep(CROWD_BEGINS_MILLISECONDS);
    const { accepted, last, milliseconds } = await acceptedPerSecond(ledger, probe);
    const waited = await millisecondsOf(() => allFulfilled(ledger.directory, [orderStreamAt(last)]));
    return (accepted * 1_000) / (milliseconds + waited);
  };
  const [ordered, affixed] = await Promise.all([
    orders(),
    beside === undefined ? 0 : affixedPerSecond(ledger, beside, probe.seconds),
  ]);
  return ordered + affixed;
}

async function affixedPerSecond(
  { url, token }: LedgerProcess,
  beside: Beside,
  seconds: number,
): Promise<number> {
  const streams = besideStreams(beside, seconds);
  const results = await runCrowd({
    url,
    token,
    streams,
    slowClients: 0,
    attemptMilliseconds: ATTEMPT_MILLISECONDS,
  });
  return (byName(results).get(AFFIXINGS)?.accepted.length ?? 0) / seconds;
}

async function acceptedPerSecond(
  { url, token }: { readonly url: string; readonly token: string },
  { first, seconds }: { readonly first: number; readonly seconds: number },
): Promise<{ readonly accepted: number; readonly last: number; readonly milliseconds: number }> {
  const requests = paidOrders(first, first + PROBE_ORDERS);
  const result = await runLoad({ url, token, requests, connections: PROBE_CONNECTIONS, seconds });
  const { acknowledged, statuses } = result;
  // With the affixings beside them a few may have to wait for too long: they are not counted.
  const isRefusedSeldom = (statuses[REFUSED] ?? 0) <= REFUSED_SHARE * acknowledged.length;
  const failures = failuresOf(isRefusedSeldom ? { statuses: { ...statuses, [REFUSED]: 0 } } : result);
  if (failures !== undefined) throw new Error(`the capacity was not measured: ${failures}`);
  return {
    accepted: acknowledged.length,
    last: first + (acknowledged.at(-1) ?? 0),
    milliseconds: result.seconds * 1_000,
  };
}

const roomToClose = (url: string): Promise<unknown> =>
  eventually(async () => !(await isRoomOpen(url)), {
    what: 'the waiting room to close',
    milliseconds: ROOM_CLOSES_MILLISECONDS,
  });

async function isRoomOpen(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/v1/queue`);
  return ((await answer.json()) as { readonly isOpen: boolean }).isOpen;
}

async function millisecondsOf(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function watchMemory(pid: () => number, megabytes: number[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      megabytes.push(residentBytes(pid()) / 1e6);
    } catch {
      // Between a kill and the next start there is no process.
      megabytes.push(0);
    }
    await sleep(1_000, undefined, { signal }).catch(() => undefined);
  }
}

/** Orders placed and not fulfilled at each second, by the times in the log; and how fast they were worked off afterwards. */
function backlogOf(
  { placedAt, fulfilledAt }: OrderLog,
  { begun, rushEnds, over }: { readonly begun: number; readonly rushEnds: number; readonly over: number },
) {
  const seconds = Math.ceil((over - begun) / 1_000);
  const before = (times: readonly number[], moment: number): number =>
    times.filter((time) => time <= moment).length;
  const backlog = Array.from({ length: seconds }, (_, second) => {
    const moment = begun + second * 1_000;
    return Math.max(0, before(placedAt, moment) - before(fulfilledAt, moment));
  });
  const left = before(placedAt, rushEnds) - before(fulfilledAt, rushEnds);
  const target = before(placedAt, rushEnds);
  const drained = fulfilledAt[target - 1] ?? Number.POSITIVE_INFINITY;
  const inRush = before(fulfilledAt, rushEnds) - before(fulfilledAt, begun + QUIET_SECONDS * 1_000);
  return {
    backlog,
    left,
    drainSeconds: Math.max(1, drained - rushEnds) / 1_000,
    fulfilledPerSecond: (inRush * 1_000) / Math.max(1, rushEnds - begun - QUIET_SECONDS * 1_000),
  };
}
