import { join } from 'node:path';
import { openCheckpointLock } from '@stamp-ledger/embedded';
import { emptyRoot, makeSigner, signCheckpoint } from '@stamp-ledger/transparency';
import { makeKey } from '@stamp-ledger/wiring';
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

/** A checkpoint of another log in the lock store: the sealer halts on it, and events are taken all the same. */
async function haltSealing(directory: string): Promise<void> {
  await makeKey({ LEDGER_DATA_DIR: directory }, { purpose: 'log', rotate: false });
  const origin = 'another.example/log';
  const signer = makeSigner({ name: origin, seed: Buffer.alloc(32, 1) });
  const lock = await openCheckpointLock({ directory: join(directory, 'log-lock') });
  try {
    const to = signCheckpoint({ origin, size: 0, root: emptyRoot() }, [signer]);
    await lock.replace({ from: undefined, to });
  } finally {
    lock.close();
  }
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
      'Two ledgers on one machine, each idle while the other works; one of them was given the lock of another log, on which its sealer halts and its intake stays open. CPU seconds are taken when the read models have caught up; the seal of the last quarter of a second may be missing.',
    ],
  };
}

/** The part would say nothing if both sealed. */
async function requireHalted({ url }: HttpCommands): Promise<void> {
  const answer = await fetch(`${url}/readyz`);
  const text = await answer.text();
  if (!text.includes('sealing-halted')) throw new Error(`the sealer has not halted: ${text}`);
}

async function timed(commands: HttpCommands): Promise<Sample> {
  const before = cpuSeconds(commands.pid);
  const { perSecond, count } = await commands.round();
  await commands.settle();
  return { perSecond, cpuPerThousand: ((cpuSeconds(commands.pid) - before) * 1_000) / count };
}
