import { growthVerdict } from '../harness/curve.js';
import { failuresOf, type LoadResult, perSecond, runLoad } from '../harness/load/load.js';
import type { Bench, Part, Row, Verdict } from '../harness/part.js';
import { cpuSeconds, peakResidentBytes } from '../harness/process-usage.js';
import { interleaved, roundsOf } from '../harness/rounds.js';
import { single, spreadOf } from '../harness/spread.js';
import { affixings, lookUps } from '../ledger/requests.js';
import { type SizedLedger, startSized } from '../ledger/sized-ledger.js';

const CONNECTIONS = 64;
const SECONDS_MAX = 300;
const LOOK_UPS = 20_000;
const KEPT_SHARE = 0.75;
/** The targets of the largest size hold for all. */
const TARGETS = { residentMegabytes: 500, startSeconds: 3 };

/** Commands, look-ups, memory, disk and start of ledgers that hold more and more stamps. */
export const sizes: Part = {
  name: 'sizes',
  title: 'Growth: memory, start-up, commands and look-ups by stamps held',
  run: async (bench) => {
    const plan = planOf(bench);
    const ledgers: SizedLedger[] = [];
    try {
      for (const stamps of plan.sizes) {
        bench.log(`  writing ${stamps.toLocaleString('en')} stamps`);
        ledgers.push(await startSized({ stamps, sold: plan.warmUp + plan.perRound * roundsOf(bench) }));
      }
      const commands = await interleaved(
        bench,
        ledgers.map((ledger) => commandsOf(ledger, plan)),
      );
      const looks = await interleaved(
        bench,
        ledgers.map((ledger) => lookUpsOf(ledger, plan)),
      );
      return {
        verdicts: verdicts(ledgers, { commands, looks }),
        rows: [
          ...ledgers.flatMap(standingRows),
          ...ledgers.map(workingRow),
          ...growthRows('commands over HTTP', ledgers, commands),
          ...growthRows('look-ups over HTTP', ledgers, looks),
        ],
        notes: [
          'The log is written through the embedded event store, past the API. All stamps are minted and allocated, the first ones sold. Memory and start are taken after a kill -9 and a new start, before any load; the most memory is that of the whole life since, with all commands and look-ups.',
          'A curve is told by CPU time, all threads of the ledger together: a command is paid for with its projection, its seal and its stored answer.',
          ...(bench.largest ? [] : ['**Ten million stamps were NOT run**: give --largest.']),
        ],
      };
    } finally {
      for (const ledger of ledgers) await ledger.stop();
    }
  },
};

interface Plan {
  readonly sizes: readonly number[];
  readonly warmUp: number;
  readonly perRound: number;
  readonly seconds: number;
}

function planOf({ quick, largest }: Bench): Plan {
  if (quick) return { sizes: [2_000, 4_000], warmUp: 100, perRound: 300, seconds: 0.3 };
  return {
    sizes: [100_000, 1_000_000, ...(largest ? [10_000_000] : [])],
    warmUp: 5_000,
    perRound: 15_000,
    seconds: 4,
  };
}

const nameOf = ({ stamps }: SizedLedger): string => `${stamps.toLocaleString('en')} stamps`;

function standingRows(ledger: SizedLedger): Row[] {
  const of = `, ${nameOf(ledger)}`;
  return [
    {
      what: `resident memory${of}`,
      unit: 'MB',
      ours: single(ledger.residentBytes / 1e6),
      target: { kind: 'at-most', value: TARGETS.residentMegabytes },
    },
    {
      what: `start-up after kill -9${of}`,
      unit: 's',
      ours: single(ledger.startSeconds),
      target: { kind: 'at-most', value: TARGETS.startSeconds },
    },
    {
      what: `disk for a stamp${of}`,
      unit: 'bytes',
      measure: 'stamp-bytes',
      ours: single(ledger.diskBytes / ledger.stamps),
    },
    {
      what: `first projection of the log${of}`,
      unit: 'events/s',
      ours: single(ledger.projectedPerSecond),
    },
  ];
}

const workingRow = (ledger: SizedLedger): Row => ({
  what: `most resident memory at work, ${nameOf(ledger)}`,
  unit: 'MB',
  ours: single(peakResidentBytes(ledger.pid) / 1e6),
  target: { kind: 'at-most', value: TARGETS.residentMegabytes },
});

interface Sample {
  readonly perSecond: number;
  readonly cpuPerThousand: number;
}

type Samples = ReadonlyMap<string, readonly Sample[]>;

const spreadIn = (samples: Samples, ledger: SizedLedger, of: keyof Sample) =>
  spreadOf((samples.get(nameOf(ledger)) ?? []).map((sample) => sample[of]));

function verdicts(
  ledgers: readonly SizedLedger[],
  { commands, looks }: { readonly commands: Samples; readonly looks: Samples },
): Verdict[] {
  const verdict = (what: string, unit: string, costOf: (ledger: SizedLedger) => number) =>
    growthVerdict(
      what,
      unit,
      ledgers.map((ledger) => ({ stamps: ledger.stamps, cost: costOf(ledger) })),
    );
  const cpu = 'CPU s for 1,000';
  return [
    verdict('the cost of a command', cpu, (ledger) => spreadIn(commands, ledger, 'cpuPerThousand').median),
    verdict('the cost of a look-up', cpu, (ledger) => spreadIn(looks, ledger, 'cpuPerThousand').median),
    verdict('projecting an event of the log', 'µs', (ledger) => 1e6 / ledger.projectedPerSecond),
    verdict('memory', 'MB', (ledger) => peakResidentBytes(ledger.pid) / 1e6),
    verdict('disk for a stamp', 'bytes', ({ diskBytes, stamps }) => diskBytes / stamps),
    verdict('start-up', 's', ({ startSeconds }) => startSeconds),
  ];
}

/** Every size beside the smallest one. */
function growthRows(what: string, ledgers: readonly SizedLedger[], samples: Samples): Row[] {
  const [smallest] = ledgers;
  if (smallest === undefined) return [];
  const rate = (ledger: SizedLedger) => spreadIn(samples, ledger, 'perSecond');
  return ledgers.map((ledger): Row => {
    const row = { what: `${what}, ${nameOf(ledger)}`, unit: '1/s', ours: rate(ledger) };
    if (ledger === smallest) return row;
    return {
      ...row,
      beside: { what: nameOf(smallest), spread: rate(smallest) },
      target: { kind: 'ratio-at-least', value: KEPT_SHARE },
    };
  });
}

function commandsOf(ledger: SizedLedger, { warmUp, perRound }: Plan) {
  let next = 0;
  const run = (count: number): Promise<Sample> => {
    const from = next;
    next += count;
    return sampled(ledger, () =>
      runLoad({
        url: ledger.url,
        token: ledger.token,
        requests: affixings(from, from + count),
        connections: CONNECTIONS,
        seconds: SECONDS_MAX,
      }),
    );
  };
  return { name: nameOf(ledger), warmUp: () => run(warmUp), round: () => run(perRound) };
}

function lookUpsOf(ledger: SizedLedger, { seconds }: Plan) {
  const requests = lookUps(LOOK_UPS, ledger.stamps);
  const run = (): Promise<Sample> =>
    sampled(ledger, () =>
      runLoad({ url: ledger.url, requests, repeat: true, connections: CONNECTIONS, seconds }),
    );
  return { name: nameOf(ledger), warmUp: run, round: run };
}

/** What a load came to, with all that the ledger did for it until its read models were up with the log again. */
async function sampled(ledger: SizedLedger, load: () => Promise<LoadResult>): Promise<Sample> {
  await ledger.settle();
  const before = cpuSeconds(ledger.pid);
  const result = await load();
  const failures = failuresOf(result);
  if (failures !== undefined) throw new Error(`requests were not answered as asked: ${failures}`);
  await ledger.settle();
  const cpu = cpuSeconds(ledger.pid) - before;
  return { perSecond: perSecond(result), cpuPerThousand: (cpu * 1_000) / result.acknowledged.length };
}
