import type { LedgerProcess } from '../../support/server-process.js';
import { startHello } from '../harness/hello.js';
import { failuresOf, type LoadRequest, type LoadResult, perSecond, runLoad } from '../harness/load/load.js';
import type { Bench, Part, PartResult, Row } from '../harness/part.js';
import { cpuSeconds } from '../harness/process-usage.js';
import { type Contender, interleaved, roundsOf } from '../harness/rounds.js';
import { type Spread, spreadOf } from '../harness/spread.js';
import { startSeeded } from '../ledger/bench-ledger.js';
import { lookUps } from '../ledger/requests.js';
import { helloRate } from './limits.js';

const CONNECTIONS = 64;
const LATENCY_SHARE = 0.8;
/** Few enough to stay in memory, as those of a document that everybody checks. */
const HOT_SERIALS = 1_000;
/** More than the ledger holds rows of in memory, each asked for when it has long been dropped. */
const SPREAD_SERIALS = 80_000;
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
      warmUp: () => look(ledger, requests, { seconds }),
      round: () => timed(ledger, requests, seconds),
    })),
    hello('Koa, hello', koaUrl),
    hello('node:http, hello', httpUrl),
  ]);
  const spread = (name: string) => spreadOf((samples.get(name) ?? []).map((of) => of.perSecond));
  const rows: Row[] = [];
  for (const { name, requests } of kinds) {
    const rate = spread(name);
    const latencies: LoadResult[] = [];
    for (let round = 0; round < roundsOf(bench); round++)
      latencies.push(await look(ledger, requests, { seconds, rate: rate.median * LATENCY_SHARE }));
    const cpu = (samples.get(name) ?? []).map(({ cpuPerThousand = Number.NaN }) => cpuPerThousand);
    rows.push(...rowsOf({ name, rate, latencies, cpu, beside: spread }));
  }
  return {
    rows,
    notes: [
      `${kinds.map(({ name, requests }) => `${name}: ${requests.length.toLocaleString('en')} different serials`).join('; ')}; of ${stamps.toLocaleString('en')}, without If-None-Match.`,
      'With more serials than the ledger holds rows in memory, each is read anew.',
      'Either of the two shares (of Koa, or of node:http) is what has to be kept.',
    ],
  };
}

function rowsOf({
  name,
  rate,
  latencies,
  cpu,
  beside,
}: {
  readonly name: string;
  readonly rate: Spread;
  readonly latencies: readonly LoadResult[];
  readonly cpu: readonly number[];
  readonly beside: (name: string) => Spread;
}): Row[] {
  const share = `at ${LATENCY_SHARE * 100} % of that rate, open loop`;
  const shares = [
    ['Koa, hello', TARGETS.ofKoa],
    ['node:http, hello', TARGETS.ofHttp],
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
      what: `${name}: p99 ${share}`,
      unit: 'ms',
      ours: spreadOf(latencies.map(({ latency }) => latency.p99)),
      target: { kind: 'at-most', value: TARGETS.p99 },
    },
    {
      what: `${name}: p50 ${share}`,
      unit: 'ms',
      ours: spreadOf(latencies.map(({ latency }) => latency.p50)),
    },
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
  const result = await look(ledger, requests, { seconds });
  const cpu = cpuSeconds(ledger.pid) - before;
  return { perSecond: perSecond(result), cpuPerThousand: (cpu * 1_000) / result.acknowledged.length };
}

async function look(
  { url }: LedgerProcess,
  requests: readonly LoadRequest[],
  how: { readonly seconds: number; readonly rate?: number },
): Promise<LoadResult> {
  const result = await runLoad({ url, requests, repeat: true, connections: CONNECTIONS, ...how });
  const failures = failuresOf(result);
  if (failures !== undefined) throw new Error(`look-ups failed: ${failures}`);
  return result;
}
