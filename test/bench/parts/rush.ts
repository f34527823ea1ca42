import { setTimeout as sleep } from 'node:timers/promises';
import { orderStream, type StreamName } from '@stamp-ledger/codec';
import type { OrderId } from '@stamp-ledger/domain';
import type { LedgerProcess } from '../../support/server-process.js';
import { runCrowd, type Second, type Stream, type StreamResult } from '../harness/crowd/crowd.js';
import { type Panel, timeline } from '../harness/crowd/timeline.js';
import { perSecond, runLoad } from '../harness/load/load.js';
import type { Audit, Bench, Part, PartResult, Row, Target } from '../harness/part.js';
import { residentBytes } from '../harness/process-usage.js';
import { single } from '../harness/spread.js';
import { startSeeded } from '../ledger/bench-ledger.js';
import { allFulfilled } from '../ledger/fulfilment.js';
import { auditOrders, conservationDifferences, type OrderLog, readOrderLog } from '../ledger/order-log.js';
import { orderIdAt, paidOrders } from '../ledger/requests.js';

/** Demand in the rush, in capacities; and before and after it. */
const TIMES = 10;
const QUIET_SHARE = 0.3;
const AFFIXING_SHARE = 0.05;
const QUIET_SECONDS = 5;
const AFTER_SECONDS = 15;
const LOOK_UPS = 300;
const CONNECTIONS = 1_000;
const SLOW_CLIENTS = 50;
const PATIENCE_MILLISECONDS = 2_000;
const ATTEMPT_MILLISECONDS = 2_000;
const PROBE_ORDERS = 8_000;
const PROBE_CONNECTIONS = 64;

interface Scale {
  readonly rushSeconds: number;
  readonly probe: number;
  readonly stamps: number;
}

interface Outcome {
  readonly name: string;
  readonly capacity: number;
  readonly results: ReadonlyMap<string, StreamResult>;
  /** What only the bench's own ledger shows. */
  readonly inside?: Inside;
}

interface Inside {
  readonly residentMegabytes: readonly number[];
  readonly backlog: readonly number[];
  readonly drainPerSecond: number | undefined;
  readonly fulfilledPerSecond: number;
  readonly audits: readonly Audit[];
}

/** Ten times what the ledger can do, from clients that come back at once, with the gate and without it. */
export const rush: Part = {
  name: 'rush',
  title: `The rush: ${TIMES} times the capacity, from clients that come back at once`,
  run: async (bench) => {
    const rushSeconds = bench.quick ? 15 : 60;
    if (bench.ledger !== undefined) return against(bench, bench.ledger, rushSeconds);
    const scale = {
      rushSeconds,
      probe: bench.quick ? PROBE_ORDERS / 4 : PROBE_ORDERS,
      stamps: bench.quick ? 80_000 : 300_000,
    };
    // This crowd takes no tickets: what is measured is the gate, alone.
    const alone = { LEDGER_WAITING_ROOM: 'announced' };
    const gated = await run(bench, { ...scale, name: 'with the gate', variables: alone });
    const open = await run(bench, {
      ...scale,
      name: 'without the gate',
      variables: { ...alone, LEDGER_GATE: 'off' },
    });
    const killed = await run(bench, {
      ...scale,
      name: 'with the gate and a kill -9',
      variables: alone,
      kill: true,
    });
    return resultOf([gated, open, killed], rushSeconds);
  },
};

/** The same crowd on a ledger that runs already. What becomes of the orders depends on its stock, and is not looked at. */
async function against(
  bench: Bench,
  ledger: { readonly url: string; readonly token: string },
  rushSeconds: number,
): Promise<PartResult> {
  const key = Date.now();
  const capacity = await acceptedPerSecond(ledger, key, PROBE_ORDERS / 4);
  bench.log(`  ${ledger.url}: ${Math.round(capacity)} orders/s; the rush`);
  const streams = streamsOf(capacity, { rushSeconds, of: 1, firstOrder: key + PROBE_ORDERS });
  const results = await runCrowd({
    ...ledger,
    streams: streams.filter(({ kind }) => kind === 'orders'),
    slowClients: SLOW_CLIENTS,
    attemptMilliseconds: ATTEMPT_MILLISECONDS,
  });
  const outcome = {
    name: 'the running ledger',
    capacity,
    results: new Map(results.map((each) => [each.name, each])),
  };
  return resultOf([outcome], rushSeconds);
}

async function run(
  bench: Bench,
  {
    name,
    variables,
    kill = false,
    ...scale
  }: Scale & {
    readonly name: string;
    readonly variables: Readonly<Record<string, string>>;
    readonly kill?: boolean;
  },
): Promise<Outcome> {
  bench.log(`  ${name}: preparing`);
  const affixable = scale.stamps / 4;
  const lives = { minted: scale.stamps, allocated: scale.stamps, sold: affixable, affixed: 0 };
  let ledger = await startSeeded(lives, { variables });
  try {
    const capacity = await measureCapacity(ledger, scale.probe);
    bench.log(`  ${name}: ${Math.round(capacity)} orders/s; the rush`);
    const streams = streamsOf(capacity, { ...scale, of: affixable, firstOrder: 500_000 });
    const memory: number[] = [];
    const stop = new AbortController();
    const watching = watchMemory(() => ledger.pid, memory, stop.signal);
    const begun = Date.now();
    const crowd = runCrowd({
      url: ledger.url,
      token: ledger.token,
      streams,
      slowClients: SLOW_CLIENTS,
      attemptMilliseconds: ATTEMPT_MILLISECONDS,
    });
    if (kill) {
      await sleep((QUIET_SECONDS + scale.rushSeconds / 2) * 1_000);
      ledger = await ledger.restart();
    }
    const results = await crowd;
    const rushEnds = begun + (QUIET_SECONDS + scale.rushSeconds) * 1_000;
    const accepted = results
      .filter(({ name: of }) => of.startsWith('orders'))
      .flatMap(({ accepted: indices }) => [...indices].map(orderStreamAt));
    await allFulfilled(ledger.directory, accepted);
    stop.abort();
    await watching;
    const differences = await conservationDifferences(ledger);
    await ledger.kill();
    const log = readOrderLog(ledger.directory);
    return {
      name,
      capacity,
      results: new Map(results.map((each) => [each.name, each])),
      inside: {
        residentMegabytes: memory,
        ...backlogOf(log, begun, rushEnds),
        audits: [
          ...auditOrders(name, accepted, log),
          {
            what: `${name}: conservation of stamps and money`,
            acknowledged: scale.stamps,
            missing: differences,
          },
        ],
      },
    };
  } finally {
    await ledger.stop();
  }
}

const orderStreamAt = (index: number): StreamName => orderStream(orderIdAt(index) as OrderId);

/** Orders a second that are accepted when 64 connections send one after another, fulfilment behind. */
async function measureCapacity(ledger: LedgerProcess, probe: number): Promise<number> {
  await acceptedPerSecond(ledger, 0, probe / 4);
  const capacity = await acceptedPerSecond(ledger, probe / 4, probe);
  await allFulfilled(ledger.directory, [orderStreamAt(probe + probe / 4 - 1)]);
  return capacity;
}

async function acceptedPerSecond(
  { url, token }: { readonly url: string; readonly token: string },
  first: number,
  count: number,
): Promise<number> {
  const requests = paidOrders(first, first + count);
  return perSecond(await runLoad({ url, token, requests, connections: PROBE_CONNECTIONS, seconds: 120 }));
}

function streamsOf(
  capacity: number,
  {
    rushSeconds,
    of,
    firstOrder,
  }: Pick<Scale, 'rushSeconds'> & { readonly of: number; readonly firstOrder: number },
): Stream[] {
  const fill = (seconds: number, rate: number): number[] => Array<number>(seconds).fill(Math.round(rate));
  const all = QUIET_SECONDS + rushSeconds + AFTER_SECONDS;
  return [
    {
      name: 'orders in the rush',
      kind: 'orders',
      first: firstOrder + 500_000,
      perSecond: [...fill(QUIET_SECONDS, 0), ...fill(rushSeconds, capacity * TIMES)],
      connections: CONNECTIONS,
      retry: 'at-once',
      patienceMilliseconds: PATIENCE_MILLISECONDS,
    },
    {
      name: 'orders before and after',
      kind: 'orders',
      first: firstOrder,
      perSecond: [
        ...fill(QUIET_SECONDS, capacity * QUIET_SHARE),
        ...fill(rushSeconds, 0),
        ...fill(AFTER_SECONDS, capacity * QUIET_SHARE),
      ],
      connections: PROBE_CONNECTIONS,
      retry: 'as-told',
      patienceMilliseconds: 10_000,
    },
    {
      name: 'affixings',
      kind: 'affixings',
      first: 0,
      perSecond: fill(all, Math.min(capacity * AFFIXING_SHARE, of / all)),
      connections: PROBE_CONNECTIONS,
      retry: 'as-told',
      patienceMilliseconds: 10_000,
    },
    {
      name: 'look-ups',
      kind: 'look-ups',
      first: 0,
      of,
      perSecond: fill(all, LOOK_UPS),
      connections: PROBE_CONNECTIONS,
      retry: 'never',
      patienceMilliseconds: 10_000,
    },
  ];
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
function backlogOf({ placedAt, fulfilledAt }: OrderLog, begun: number, rushEnds: number) {
  const seconds = Math.ceil((Math.max(rushEnds, fulfilledAt.at(-1) ?? 0) - begun) / 1_000) + 1;
  const before = (times: readonly number[], moment: number): number =>
    times.filter((time) => time <= moment).length;
  const backlog = Array.from({ length: seconds }, (_, second) => {
    const moment = begun + second * 1_000;
    return Math.max(0, before(placedAt, moment) - before(fulfilledAt, moment));
  });
  const left = before(placedAt, rushEnds) - before(fulfilledAt, rushEnds);
  const target = before(placedAt, rushEnds);
  const drained = fulfilledAt[target - 1];
  const inRush = before(fulfilledAt, rushEnds) - before(fulfilledAt, begun + QUIET_SECONDS * 1_000);
  return {
    backlog,
    // A handful is no backlog, and has no rate.
    drainPerSecond:
      left < 100 || drained === undefined ? undefined : (left * 1_000) / Math.max(1, drained - rushEnds),
    fulfilledPerSecond: (inRush * 1_000) / Math.max(1, rushEnds - begun - QUIET_SECONDS * 1_000),
  };
}

const sum = (seconds: readonly Second[] | undefined, of: keyof Second, from: number, to: number): number =>
  (seconds ?? []).slice(from, to).reduce((all, second) => all + second[of], 0);

function rowsOf(outcome: Outcome, rushSeconds: number, isGated: boolean): Row[] {
  const { name, capacity, results, inside } = outcome;
  const from = QUIET_SECONDS;
  const to = QUIET_SECONDS + rushSeconds;
  const inRush = results.get('orders in the rush');
  const around = results.get('orders before and after');
  const affixed = results.get('affixings');
  const lookUps = results.get('look-ups');
  const goodput =
    (sum(inRush?.seconds, 'accepted', from, to) + sum(affixed?.seconds, 'accepted', from, to)) / rushSeconds;
  const quiet = Math.max(...(around?.seconds ?? []).slice(1, from).map(({ p99 }) => p99), 25);
  const after = (around?.seconds ?? []).slice(to);
  const calm = after.findIndex((_, index) =>
    after.slice(index).every(({ p99, offered }) => offered === 0 || p99 <= 2 * quiet),
  );
  const row = (what: string, unit: string, value: number | undefined, target?: Target): Row[] =>
    value === undefined
      ? []
      : [{ what: `${name}: ${what}`, unit, ours: single(value), ...(isGated && target ? { target } : {}) }];
  const insideRows = ({ residentMegabytes, drainPerSecond, fulfilledPerSecond, backlog }: Inside): Row[] => {
    const middle = from + Math.ceil(rushSeconds / 2);
    const early = Math.max(...residentMegabytes.slice(from + Math.ceil(rushSeconds / 3), middle));
    const late = Math.max(...residentMegabytes.slice(middle, to));
    const drained = drainPerSecond === undefined ? undefined : (100 * drainPerSecond) / capacity;
    return [
      ...row('growth of resident memory in the second half of the rush', '%', 100 * (late / early - 1), {
        kind: 'at-most',
        value: 15,
      }),
      ...row('fulfilled in the rush', '1/s', fulfilledPerSecond),
      ...row('largest backlog', 'orders', Math.max(...backlog)),
      ...row('backlog worked off afterwards, as a share of the capacity', '%', drained, {
        kind: 'at-least',
        value: 80,
      }),
    ];
  };
  return [
    ...row('capacity in orders, measured before', '1/s', capacity),
    ...row('offered in the rush', '1/s', sum(inRush?.seconds, 'offered', from, to) / rushSeconds),
    ...row('requests sent in the rush', '1/s', sum(inRush?.seconds, 'attempts', from, to) / rushSeconds),
    ...row('refused in the rush', '1/s', sum(inRush?.seconds, 'refused', from, to) / rushSeconds),
    ...row(
      'without an answer in the rush',
      '1/s',
      sum(inRush?.seconds, 'unanswered', from, to) / rushSeconds,
    ),
    ...row('goodput as a share of the capacity', '%', (100 * goodput) / capacity, {
      kind: 'at-least',
      value: 90,
    }),
    ...row('p99 of accepted orders', 'ms', inRush?.latency.p99, { kind: 'at-most', value: 500 }),
    ...row('p50 of refusals', 'ms', inRush?.refusal.p50),
    ...row('p99 of look-ups throughout', 'ms', lookUps?.latency.p99, { kind: 'at-most', value: 50 }),
    ...row('p99 of affixings throughout', 'ms', affixed?.latency.p99),
    ...row('seconds until latency is normal again', 's', calm < 0 ? AFTER_SECONDS : calm, {
      kind: 'at-most',
      value: 5,
    }),
    ...(inside === undefined ? [] : insideRows(inside)),
  ];
}

function resultOf(outcomes: readonly Outcome[], rushSeconds: number): PartResult {
  return {
    rows: outcomes.flatMap((outcome, index) => rowsOf(outcome, rushSeconds, index === 0)),
    audits: outcomes.flatMap(({ inside }) => inside?.audits ?? []),
    charts: outcomes.map((outcome) => ({
      name: outcome.name.replaceAll(/[^a-z]+/g, '-').replace(/-$/, ''),
      svg: chartOf(outcome),
    })),
    notes: [
      `Clients in the rush: ${TIMES} capacities a second on ${CONNECTIONS} connections; a refused one sends again at once, and leaves after ${PATIENCE_MILLISECONDS} ms. Beside them ${LOOK_UPS} look-ups a second, affixings, and ${SLOW_CLIENTS} clients that never end their headers.`,
      'Latency is that of the attempt that was accepted. Targets are those of the first run; the run without the gate is the control.',
    ],
  };
}

function chartOf({ name, results, inside }: Outcome): string {
  const of = (stream: string, what: keyof Second): readonly number[] =>
    (results.get(stream)?.seconds ?? []).map((second) => second[what]);
  return timeline(`The rush, ${name}`, [
    {
      title: 'orders a second',
      curves: [
        { label: 'offered', colour: '#b9b9b9', values: of('orders in the rush', 'offered') },
        { label: 'sent', colour: '#7a6bb0', values: of('orders in the rush', 'attempts') },
        { label: 'refused', colour: '#c0572f', values: of('orders in the rush', 'refused') },
        { label: 'accepted', colour: '#1f6f54', values: of('orders in the rush', 'accepted') },
      ],
    },
    {
      title: 'p99 of accepted requests, ms',
      curves: [
        { label: 'orders in the rush', colour: '#1f6f54', values: of('orders in the rush', 'p99') },
        { label: 'before and after', colour: '#c0572f', values: of('orders before and after', 'p99') },
        { label: 'look-ups', colour: '#7a6bb0', values: of('look-ups', 'p99') },
      ],
    },
    ...(inside === undefined ? [] : insidePanels(inside)),
  ]);
}

const insidePanels = ({ backlog, residentMegabytes }: Inside): Panel[] => [
  { title: 'orders not fulfilled yet', curves: [{ label: 'backlog', colour: '#1f6f54', values: backlog }] },
  {
    title: 'resident memory, MB',
    curves: [{ label: 'ledger', colour: '#1f6f54', values: residentMegabytes }],
  },
];
