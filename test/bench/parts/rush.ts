import type { Part, PartResult } from '../harness/part.js';
import { chartOf } from '../rush/chart.js';
import { measureFairness } from '../rush/fairness.js';
import { rowsOf } from '../rush/figures.js';
import { type Outcome, runAgainst, runRush } from '../rush/run.js';
import { CROWD_NOTES, TIMES } from '../rush/streams.js';
import { verdictsOf } from '../rush/verdicts.js';

const WHOLE = { rushSeconds: 60, probeSeconds: 15 };
/** The control, and the run with a kill, show what they have to in less. */
const SHORTER = { rushSeconds: 30, probeSeconds: 15 };
const QUICK = { rushSeconds: 15, probeSeconds: 4 };

/** Ten times what the ledger can do: behind gate and waiting room, without them, and with a kill. */
export const rush: Part = {
  name: 'rush',
  title: `The rush: ${TIMES} times the capacity, from clients that come back at once`,
  run: async (bench) => {
    const whole = bench.quick ? QUICK : WHOLE;
    const shorter = bench.quick ? QUICK : SHORTER;
    if (bench.ledger !== undefined)
      return resultOf([await runAgainst(bench, bench.ledger, whole)], ONCE_BEFORE);
    const fairness = await measureFairness();
    const gated = await runRush(bench, { ...whole, name: 'gate and waiting room', variables: {} });
    const control = await runRush(bench, {
      ...shorter,
      name: 'without the gate',
      variables: { LEDGER_GATE: 'off', LEDGER_WAITING_ROOM: 'announced' },
    });
    const killed = await runRush(bench, {
      ...shorter,
      name: 'gate, waiting room and a kill -9',
      variables: {},
      kill: true,
    });
    return {
      ...resultOf([gated, control, killed], BESIDE),
      verdicts: verdictsOf({ gated, control, killed, fairness }),
    };
  },
};

/** How the capacity was measured. */
const ONCE_BEFORE =
  'The capacity is the orders of 64 connections that order one after another, measured once before the crowd.';
const BESIDE =
  'The capacity is what 64 connections bring about that order one after another, until the last order is fulfilled, beside the look-ups and affixings of the rush, which count; the mean of before and afterwards: the machine is shared, and not as quick at all times.';

const resultOf = (outcomes: readonly Outcome[], capacity: string): PartResult => ({
  rows: outcomes.flatMap(rowsOf),
  audits: outcomes.flatMap(({ inside }) => inside?.audits ?? []),
  charts: outcomes.map((outcome) => ({
    name: outcome.name.replaceAll(/[^a-z0-9]+/g, '-'),
    svg: chartOf(outcome),
  })),
  notes: [
    ...CROWD_NOTES,
    capacity,
    'Latency is that of the attempt that was accepted. Verdicts are of the first run; the run without the gate is the control.',
  ],
});
