import type { ConservationAnswer } from '@stamp-ledger/client';
import { conservationLines } from '../conservation/report.js';
import { grouped, pairs, table } from '../table.js';
import { type Traced, traceLines } from '../trace.js';
import type { BurstResult } from './burst.js';
import type { Latency } from './figures.js';
import type { LogAudit } from './log-audit.js';
import type { RushResult } from './rush.js';
import type { World } from './world.js';

export interface Outcome {
  readonly world: World;
  readonly rush: RushResult;
  readonly accepted: number;
  readonly burst?: BurstResult;
  readonly audit: LogAudit;
  readonly conservation: ConservationAnswer;
  readonly trace?: Traced;
}

const TARGET_PER_SECOND = 1_000;
const SUSTAINED_SECONDS = 10;

/** Everything the run has to show, in the order in which one wants to read it. */
export function reportLines(outcome: Outcome): string[] {
  return [
    '',
    ...conservationLines(outcome.conservation),
    ...(outcome.trace === undefined ? [] : ['', 'The life of one stamp:', '', ...traceLines(outcome.trace)]),
    '',
    'Latency in milliseconds, from the moment a call was due to its answer:',
    '',
    ...latencyLines(outcome),
    '',
    'Figures:',
    '',
    ...figureLines(outcome),
    '',
    ...verdictLines(outcome),
  ];
}

function latencyLines({ world, burst }: Outcome): string[] {
  const rows = [...world.figures.latencies(), ...(burst === undefined ? [] : [burst.latency])];
  const rounded = (value: number) => value.toFixed(1);
  return table<Latency>(
    [
      { title: 'call', cell: (row) => row.operation },
      { title: 'count', cell: (row) => row.count },
      { title: 'p50', cell: (row) => rounded(row.p50).padStart(8) },
      { title: 'p99', cell: (row) => rounded(row.p99).padStart(8) },
      { title: 'max', cell: (row) => rounded(row.max).padStart(8) },
    ],
    rows,
  );
}

function figureLines({ world, rush, burst, accepted, audit }: Outcome): string[] {
  const { figures, facts, plan } = world;
  const { heldBack, mostInFlight } = world.loop.state();
  const counted = (name: string): [string, string] => [name, grouped(figures.counted(name))];
  const seconds = (value: number) => `${value.toFixed(2)} s`;
  return pairs([
    ['orders accepted', grouped(accepted)],
    ['orders accepted a second, over the rush', grouped(Math.round(plan.orders.length / rush.seconds))],
    [
      'orders accepted a second, in the fullest ten',
      grouped(Math.round(figures.sustainedPerSecond(SUSTAINED_SECONDS))),
    ],
    ['orders accepted in the fullest second', grouped(figures.peakPerSecond())],
    ...burstFigures(burst),
    counted('orders fulfilled'),
    counted('orders cancelled'),
    counted('orders refunded'),
    counted('orders sent twice'),
    counted('affixed'),
    counted('failed affixings'),
    counted('outcomes unknown for a while'),
    counted('voided'),
    counted('verified as genuine'),
    counted('mismatching documents caught'),
    counted('second documents refused'),
    counted('forged serials caught'),
    ['kill -9: orders accepted before', grouped(rush.recovery.acceptedBefore)],
    ['kill -9: ready again after', seconds(rush.recovery.readySeconds)],
    ['kill -9: next order accepted after', seconds(rush.recovery.acceptingSeconds)],
    ['retries after a failed connection', grouped(figures.counted('retry connection'))],
    ['retries after 503', grouped(figures.counted('retry unavailable'))],
    ['retries while the first request ran', grouped(figures.counted('retry request-in-progress'))],
    ['calls in flight at most', grouped(mostInFlight)],
    ['calls held back by that bound', grouped(heldBack)],
    ['events in the log, all read', grouped(audit.events)],
    ['acknowledged facts, found in the log', `${grouped(facts.count)}, ${grouped(audit.factsFound)}`],
  ]);
}

function burstFigures(burst: BurstResult | undefined): [string, string][] {
  if (burst === undefined) return [];
  const target = burst.perSecond >= TARGET_PER_SECOND ? 'target met' : 'TARGET MISSED';
  return [
    [
      'orders accepted a second, at full speed',
      `${grouped(Math.round(burst.perSecond))} (each fsynced before its answer; ${grouped(TARGET_PER_SECOND)}: ${target})`,
    ],
  ];
}

function verdictLines({ world }: Outcome): string[] {
  const { count, listed } = world.faults;
  if (count === 0) return ['All is well: nothing acknowledged was lost, nothing was sold or affixed twice.'];
  return [
    `FAILED: ${grouped(count)} things are not as they should be:`,
    ...listed.map((fault) => `  - ${fault}`),
    ...(count > listed.length ? [`  … and ${grouped(count - listed.length)} more`] : []),
  ];
}
