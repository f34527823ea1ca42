import type { LedgerProcess } from '../../support/server-process.js';
import { startHello } from '../harness/hello.js';
import { failuresOf, type LoadRequest, type LoadResult, perSecond, runLoad } from '../harness/load/load.js';
import type { Bench, Part, PartResult, Row } from '../harness/part.js';
import { cpuSeconds } from '../harness/process-usage.js';
import { type Contender, interleaved, roundsOf } from '../harness/rounds.js';
import { spreadOf } from '../harness/spread.js';
import { startSeeded } from '../ledger/bench-ledger.js';
import { lookUps } from '../ledger/requests.js';
import { helloRate } from './limits.js';

const CONNECTIONS = 64;
const LATENCY_SHARE = 0.8;
const DIFFERENT_LOOK_UPS = 20_000;
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
  const requests = lookUps(Math.min(DIFFERENT_LOOK_UPS, stamps), stamps);
  const hello = (name: string, url: string): Contender<Sample> => ({
    name,
    warmUp: () => helloRate(url, seconds / 2),
    round: async () => ({ perSecond: await helloRate(url, seconds) }),
  });
  const samples = await interleaved<Sample>(bench, [
    {
      name: 'ours',
      warmUp: () => look(ledger, requests, { seconds }),
      round: () => timed(ledger, requests, seconds),
    },
    hello('Koa, hello', koaUrl),
    hello('node:http, hello', httpUrl),
  ]);
  const spread = (name: string) => spreadOf((samples.get(name) ?? []).map((of) => of.perSecond));
  const rate = spread('ours');
  const latencies: LoadResult[] = [];
  for (let round = 0; round < roundsOf(bench); round++)
    latencies.push(await look(ledger, requests, { seconds, rate: rate.median * LATENCY_SHARE }));
  const share = `at ${LATENCY_SHARE * 100} % of that rate, open loop`;
  const rows: Row[] = [
    { what: 'look-ups', unit: '1/s', ours: rate, target: { kind: 'at-least', value: TARGETS.perSecond } },
    ...(
      [
        ['Koa, hello', TARGETS.ofKoa],
        ['node:http, hello', TARGETS.ofHttp],
      ] as const
    ).map(
      ([what, value]): Row => ({
        what: 'look-ups',
        unit: '1/s',
        ours: rate,
        beside: { what, spread: spread(what) },
        target: { kind: 'ratio-at-least', value },
      }),
    ),
    {
      what: `p99 ${share}`,
      unit: 'ms',
      ours: spreadOf(latencies.map(({ latency }) => latency.p99)),
      target: { kind: 'at-most', value: TARGETS.p99 },
    },
    { what: `p50 ${share}`, unit: 'ms', ours: spreadOf(latencies.map(({ latency }) => latency.p50)) },
    {
      what: 'CPU seconds of the server for 1,000 look-ups',
      unit: 's',
      ours: spreadOf((samples.get('ours') ?? []).map(({ cpuPerThousand = Number.NaN }) => cpuPerThousand)),
    },
  ];
  return {
    rows,
    notes: [
      `${requests.length.toLocaleString('en')} different serials of ${stamps.toLocaleString('en')}, without ETag.`,
      'Either of the two shares (of Koa, or of node:http) is what has to be kept.',
    ],
  };
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
