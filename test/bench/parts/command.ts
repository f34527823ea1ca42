import type { LoadResult } from '../harness/load/load.js';
import type { Bench, Part, PartResult, Row } from '../harness/part.js';
import { countFsyncs, cpuSeconds, residentBytes } from '../harness/process-usage.js';
import { interleaved, roundsOf } from '../harness/rounds.js';
import { single, spreadOf } from '../harness/spread.js';
import { measureSqlite } from '../harness/sqlite-limit.js';
import { type HttpCommands, startHttpCommands } from '../ledger/http-commands.js';

/** Share of the rate just measured at which latency is taken: at more than the capacity there is only a queue. */
const LATENCY_SHARE = 0.8;
const TARGETS = { perSecond: 10_000, p99: 20 };
const LIMIT = 'SQLite alone, groups of 32';

/** One stamp affixed by each request: token, validation, decision, fsync, projections behind. */
export const command: Part = {
  name: 'command',
  title: 'Single commands over HTTP (affixing, 64 connections)',
  run: async (bench) => {
    // Closed and open loop, and one in which fsyncs are counted.
    const commands = await startHttpCommands(bench, 2 * roundsOf(bench) + 1);
    try {
      return await measure(bench, commands);
    } finally {
      await commands.stop();
    }
  },
};

interface Sample {
  readonly perSecond: number;
  readonly cpuPerThousand?: number;
}

async function measure(bench: Bench, commands: HttpCommands): Promise<PartResult> {
  const samples = await interleaved<Sample>(bench, [
    { name: 'ours', warmUp: () => commands.warmUp(), round: () => timed(commands) },
    {
      name: LIMIT,
      warmUp: async () => measureSqlite({ group: 32, events: 1_000 }),
      round: async () => ({ perSecond: measureSqlite({ group: 32, events: bench.quick ? 2_000 : 100_000 }) }),
    },
  ]);
  const ours = samples.get('ours') ?? [];
  const rate = spreadOf(ours.map(({ perSecond }) => perSecond));
  const latencies: LoadResult[] = [];
  for (let round = 0; round < roundsOf(bench); round++)
    latencies.push(
      await commands.openRound({ rate: rate.median * LATENCY_SHARE, seconds: bench.quick ? 1 : 4 }),
    );
  const residentMegabytes = residentBytes(commands.pid) / 1e6;
  const fsyncs = await fsyncsPerCommand(commands);
  return {
    rows: [
      {
        what: 'commands, closed loop',
        unit: '1/s',
        ours: rate,
        measure: 'commands',
        beside: { what: LIMIT, spread: spreadOf((samples.get(LIMIT) ?? []).map((of) => of.perSecond)) },
        target: { kind: 'at-least', value: TARGETS.perSecond },
      },
      ...latencyRows(latencies),
      {
        what: 'CPU seconds of the server for 1,000 commands, read models included',
        unit: 's',
        measure: 'command-cpu',
        ours: spreadOf(ours.map(({ cpuPerThousand = Number.NaN }) => cpuPerThousand)),
      },
      ...(fsyncs === undefined
        ? []
        : [{ what: 'fsyncs for one command (all files of the server)', unit: '', ours: single(fsyncs) }]),
      { what: 'resident memory', unit: 'MB', ours: single(residentMegabytes) },
    ],
    audits: [await commands.audit()],
    notes: [
      fsyncs === undefined
        ? '**fsyncs were NOT counted**: strace is absent or may not attach'
        : 'fsyncs were counted by strace in a round of its own, which it slows: groups are larger than at full speed. They include those of the read models, the idempotency keys and checkpoints.',
      'In the open loop latency runs from the moment a request was due; requests are made due every millisecond.',
    ],
  };
}

function latencyRows(latencies: readonly LoadResult[]): Row[] {
  const share = `at ${LATENCY_SHARE * 100} % of that rate, open loop`;
  const spread = (of: 'p50' | 'p99' | 'p999') => spreadOf(latencies.map(({ latency }) => latency[of]));
  return [
    {
      what: `p99 ${share}`,
      unit: 'ms',
      ours: spread('p99'),
      target: { kind: 'at-most', value: TARGETS.p99 },
    },
    { what: `p50 ${share}`, unit: 'ms', ours: spread('p50') },
    { what: `p99.9 ${share}`, unit: 'ms', ours: spread('p999') },
  ];
}

async function timed(commands: HttpCommands): Promise<Sample> {
  const before = cpuSeconds(commands.pid);
  const { perSecond, count } = await commands.round();
  await commands.settle();
  return { perSecond, cpuPerThousand: ((cpuSeconds(commands.pid) - before) * 1_000) / count };
}

async function fsyncsPerCommand(commands: HttpCommands): Promise<number | undefined> {
  let count = Number.NaN;
  const fsyncs = await countFsyncs(commands.pid, async () => {
    ({ count } = await commands.round());
  });
  return fsyncs === undefined ? undefined : fsyncs / count;
}
