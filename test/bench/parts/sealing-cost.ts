import { join } from 'node:path';
import { openTileFiles } from '@stamp-ledger/embedded';
import { HASH_BYTES, TILE_WIDTH, tilePath } from '@stamp-ledger/transparency';
import { eventually } from '../../support/eventually.js';
import type { Bench, Part, PartResult } from '../harness/part.js';
import { cpuSeconds } from '../harness/process-usage.js';
import { interleaved } from '../harness/rounds.js';
import { spreadOf } from '../harness/spread.js';
import { type HttpCommands, startHttpCommands } from '../ledger/http-commands.js';

const KEPT_SHARE = 0.9;
/** Each takes two ledgers' worth of stamps. */
const ROUNDS = 3;
const SEALING = 'sealing';
const HALTED = 'sealing halted';

/** Commands of a ledger that seals behind them, and of one whose sealer has halted. */
export const sealingCost: Part = {
  name: 'sealing-cost',
  title: 'What sealing costs the commands',
  run: async (bench) => {
    const on = await startHttpCommands(bench, ROUNDS);
    try {
      const off = await startHttpCommands(bench, ROUNDS, haltSealing);
      try {
        return await measure(bench, { on, off });
      } finally {
        await off.stop();
      }
    } finally {
      await on.stop();
    }
  },
};

/** Other bytes where the first tile belongs: the sealer halts on them, and events are taken all the same. */
async function haltSealing(directory: string): Promise<void> {
  const files = Array.from({ length: TILE_WIDTH }, (_, at) => ({
    path: tilePath({ level: 0, index: 0, width: at + 1 }),
    bytes: Buffer.alloc((at + 1) * HASH_BYTES),
  }));
  await openTileFiles({ directory: join(directory, 'log') }).write(files);
}

interface Sample {
  readonly perSecond: number;
  readonly cpuPerThousand: number;
}

async function measure(
  bench: Bench,
  { on, off }: Readonly<Record<'on' | 'off', HttpCommands>>,
): Promise<PartResult> {
  await requireHalted(off);
  const contender = (name: string, commands: HttpCommands) => ({
    name,
    warmUp: () => commands.warmUp(),
    round: () => timed(commands),
  });
  const samples = await interleaved(bench, [contender(SEALING, on), contender(HALTED, off)], ROUNDS);
  const spread = (name: string, of: keyof Sample) =>
    spreadOf((samples.get(name) ?? []).map((sample) => sample[of]));
  return {
    rows: [
      {
        what: 'commands while sealing goes on behind them',
        unit: '1/s',
        ours: spread(SEALING, 'perSecond'),
        beside: { what: HALTED, spread: spread(HALTED, 'perSecond') },
        target: { kind: 'ratio-at-least', value: KEPT_SHARE },
      },
      {
        what: 'CPU seconds of the server for 1,000 commands',
        unit: 's',
        ours: spread(SEALING, 'cpuPerThousand'),
        beside: { what: HALTED, spread: spread(HALTED, 'cpuPerThousand') },
      },
    ],
    audits: [await on.audit(), await off.audit()],
    notes: [
      'Two ledgers on one machine, each idle while the other works; in one of them other bytes lie where the first tile of its log belongs, on which its sealer halts and its intake stays open. CPU seconds are taken when the read models have caught up; the seal of the last quarter of a second may be missing.',
    ],
  };
}

/** The part would say nothing if both sealed. */
async function requireHalted({ url }: HttpCommands): Promise<void> {
  await eventually(async () => (await (await fetch(`${url}/readyz`)).text()).includes('sealing-halted'), {
    what: 'the halt of the sealer',
    milliseconds: 10_000,
  });
}

async function timed(commands: HttpCommands): Promise<Sample> {
  const before = cpuSeconds(commands.pid);
  const { perSecond, count } = await commands.round();
  await commands.settle();
  return { perSecond, cpuPerThousand: ((cpuSeconds(commands.pid) - before) * 1_000) / count };
}
