import { failuresOf, perSecond, runLoad } from '../harness/load/load.js';
import type { Bench, Part, Row } from '../harness/part.js';
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
        rows: [
          ...ledgers.flatMap(standingRows),
          ...growthRows('commands over HTTP', ledgers, commands),
          ...growthRows('look-ups over HTTP', ledgers, looks),
        ],
        notes: [
          'The log is written through the embedded event store, past the API. All stamps are minted and allocated, the first ones sold. Memory and start are taken after a kill -9 and a new start, before any load.',
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

/** Every size beside the smallest one. */
function growthRows(
  what: string,
  ledgers: readonly SizedLedger[],
  samples: ReadonlyMap<string, readonly number[]>,
): Row[] {
  const [smallest] = ledgers;
  if (smallest === undefined) return [];
  const rate = (ledger: SizedLedger) => spreadOf(samples.get(nameOf(ledger)) ?? []);
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
  const run = async (count: number): Promise<number> => {
    const from = next;
    next += count;
    await ledger.settle();
    const result = await runLoad({
      url: ledger.url,
      token: ledger.token,
      requests: affixings(from, from + count),
      connections: CONNECTIONS,
      seconds: SECONDS_MAX,
    });
    const failures = failuresOf(result);
    if (failures !== undefined) throw new Error(`commands were not accepted: ${failures}`);
    return perSecond(result);
  };
  return { name: nameOf(ledger), warmUp: () => run(warmUp), round: () => run(perRound) };
}

function lookUpsOf(ledger: SizedLedger, { seconds }: Plan) {
  const requests = lookUps(LOOK_UPS, ledger.stamps);
  const run = async (): Promise<number> => {
    await ledger.settle();
    const result = await runLoad({
      url: ledger.url,
      requests,
      repeat: true,
      connections: CONNECTIONS,
      seconds,
    });
    const failures = failuresOf(result);
    if (failures !== undefined) throw new Error(`look-ups failed: ${failures}`);
    return perSecond(result);
  };
  return { name: nameOf(ledger), warmUp: run, round: run };
}
