import type { LedgerProcess } from '../../support/server-process.js';
import { startHello } from '../harness/hello.js';
import { failuresOf, type LoadRequest, type LoadResult, perSecond, runLoad } from '../harness/load/load.js';
import type { Bench, Part, PartResult, Row } from '../harness/part.js';
import { cpuSeconds } from '../harness/process-usage.js';
import { type Contender, interleaved } from '../harness/rounds.js';
import { type Spread, spreadOf } from '../harness/spread.js';
import { startSeeded } from '../ledger/bench-ledger.js';
import { lookUps } from '../ledger/requests.js';
import { HELLO, helloRate } from './limits.js';

const CONNECTIONS = 64;
const LATENCY_SHARE = 0.8;
/** Few enough to stay in memory, as those of a document that everybody checks. */
const HOT_SERIALS = 1_000;
/** More than the ledger holds rows of in memory, each asked for when it has long been dropped. */
const SPREAD_SERIALS = 80_000;
const KOA = 'Koa, hello';
const HTTP = 'node:http, hello';
const TARGETS = { perSecond: 25_000, p99: 5, ofKoa: 0.6, ofHttp: 0.5 };

/** A public look-up by serial, beside the shortest answers that Koa and node:http give in the same run. */
export const lookUp: Part = {
  name: 'look-up',
  title: 'Look-up by serial over HTTP (64 connections)',
  run: async (bench) => {
    const stamps = bench.quick ? 2_000 : 100_000;
    const [koa, http] = await Promise.all([startHello('koa'), startHello('http')]);
    try {
      const ledger = await startSeeded({ minted: stamps, allocated: stamps, sold: stamps, affixed: stamps });
      try {
        return await measure(bench, { ledger, stamps, koaUrl: koa.url, httpUrl: http.url });
      } finally {
        await ledger.stop();
      }
    } finally {
      await Promise.all([koa.stop(), http.stop()]);
    }
  },
};

const nothing = async (): Promise<void> => undefined;

interface Given {
  readonly ledger: LedgerProcess;
  readonly stamps: number;
  readonly koaUrl: string;
  readonly httpUrl: string;
}

interface Sample {
  readonly perSecond: number;
  readonly cpuPerThousand?: number;
}

async function measure(bench: Bench, { ledger, stamps, koaUrl, httpUrl }: Given): Promise<PartResult> {
  const seconds = bench.quick ? 0.5 : 4;
  const kinds = [
    { name: 'hot', requests: lookUps(Math.min(HOT_SERIALS, stamps), stamps) },
    { name: 'spread', requests: lookUps(Math.min(SPREAD_SERIALS, stamps), stamps) },
  ];
  const hello = (name: string, url: string): Contender<Sample> => ({
    name,
    warmUp: () => helloRate(url, seconds / 2),
    round: async () => ({ perSecond: await helloRate(url, seconds) }),
  });
  const samples = await interleaved<Sample>(bench, [
    ...kinds.map(({ name, requests }) => ({
      name,
      warmUp: () => look(ledger.url, requests, { seconds }),
      round: () => timed(ledger, requests, seconds),
    })),
    hello(KOA, koaUrl),
    hello(HTTP, httpUrl),
  ]);
  const spread = (name: string) => spreadOf((samples.get(name) ?? []).map((of) => of.perSecond));
  const rows: Row[] = [];
  for (const { name, requests } of kinds) {
    const rate = spread(name);
    const cpu = (samples.get(name) ?? []).map(({ cpuPerThousand = Number.NaN }) => cpuPerThousand);
    rows.push(...rowsOf({ name, rate, cpu, beside: spread }));
    for (const [offered, what] of [
      [TARGETS.perSecond, `${TARGETS.perSecond.toLocaleString('en')}/s`],
      [rate.median * LATENCY_SHARE, `${LATENCY_SHARE * 100} % of that rate`],
    ] as const) {
      const how = { seconds, rate: offered };
      const latencies = await interleaved<LoadResult>(bench, [
        { name, warmUp: nothing, round: () => look(ledger.url, requests, how) },
        { name: HTTP, warmUp: nothing, round: () => look(httpUrl, HELLO, how) },
      ]);
      rows.push(...latencyRowsOf(`${name}: %, ${what} offered, open loop`, latencies, name));
    }
  }
  return {
    rows,
    notes: [
      `${kinds.map(({ name, requests }) => `${name}: ${requests.length.toLocaleString('en')} different serials`).join('; ')}; of ${stamps.toLocaleString('en')}, without If-None-Match.`,
      'With more serials than the ledger holds rows in memory, each is read anew.',
      'Either of the two shares (of Koa, or of node:http) is what has to be kept.',
      'Latency beside that of node:http, which answers hello to the same generator at the same rate: what remains there is the generator, the kernel and Node, on the same processors.',
    ],
  };
}

/** `%` in `what` stands for the percentile. */
function latencyRowsOf(
  what: string,
  latencies: ReadonlyMap<string, readonly LoadResult[]>,
  name: string,
): Row[] {
  const spread = (of: string, percentile: 'p50' | 'p99') =>
    spreadOf((latencies.get(of) ?? []).map(({ latency }) => latency[percentile]));
  return (['p99', 'p50'] as const).map((percentile) => ({
    what: what.replace('%', percentile),
    unit: 'ms',
    ours: spread(name, percentile),
    beside: { what: HTTP, spread: spread(HTTP, percentile) },
    ...(percentile === 'p99' && { target: { kind: 'at-most', value: TARGETS.p99 } as const }),
  }));
}

function rowsOf({
  name,
  rate,
  cpu,
  beside,
}: {
  readonly name: string;
  readonly rate: Spread;
  readonly cpu: readonly number[];
  readonly beside: (name: string) => Spread;
}): Row[] {
  const shares = [
    [KOA, TARGETS.ofKoa],
    [HTTP, TARGETS.ofHttp],
  ] as const;
  return [
    {
      what: `${name}: look-ups`,
      unit: '1/s',
      measure: 'look-ups',
      ours: rate,
      target: { kind: 'at-least', value: TARGETS.perSecond },
    },
    ...shares.map(
      ([what, value]): Row => ({
        what: `${name}: look-ups`,
        unit: '1/s',
        ours: rate,
        beside: { what, spread: beside(what) },
        target: { kind: 'ratio-at-least', value },
      }),
    ),
    {
      what: `${name}: CPU seconds of the server for 1,000 look-ups`,
      unit: 's',
      measure: 'look-up-cpu',
      ours: spreadOf(cpu),
    },
  ];
}

async function timed(
  ledger: LedgerProcess,
  requests: readonly LoadRequest[],
  seconds: number,
): Promise<Sample> {
  const before = cpuSeconds(ledger.pid);
  const result = await look(ledger.url, requests, { seconds });
  const cpu = cpuSeconds(ledger.pid) - before;
  return { perSecond: perSecond(result), cpuPerThousand: (cpu * 1_000) / result.acknowledged.length };
}

async function look(
  url: string,
  requests: readonly LoadRequest[],
  how: { readonly seconds: number; readonly rate?: number },
): Promise<LoadResult> {
  const result = await runLoad({ url, requests, repeat: true, connections: CONNECTIONS, ...how });
  const failures = failuresOf(result);
  if (failures !== undefined) throw new Error(`look-ups failed: ${failures}`);
  return result;
}
