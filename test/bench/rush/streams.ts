import { HOUR_WEIGHTS } from '@stamp-ledger/cli/demo';
import type { Stream } from '../harness/crowd/crowd.js';

/** Demand in the rush on average, in capacities. */
export const TIMES = 10;
/** Of the crowd, those who take no ticket whatever they are told. */
const STUBBORN_SHARE = 0.2;
const QUIET_SHARE = 0.3;
/** Of what the ledger takes in orders alone. */
export const AFFIXING_SHARE = 0.05;
const LOOK_UPS = 300;
const CONNECTIONS = 1_000;
const STUBBORN_CONNECTIONS = 200;
const OTHER_CONNECTIONS = 64;
/** Who takes no ticket tries for so long; who has one waits longer. */
const STUBBORN_MILLISECONDS = 2_000;
const PATIENCE_MILLISECONDS = 20_000;
const CALM_MILLISECONDS = 10_000;

/** Before the rush and after it. How quick it was in the slowest of the first is what the second is held against: no handful. */
export const QUIET_SECONDS = 10;
export const AFTER_SECONDS = 20;
/** Numbers of orders, far enough apart. */
const ORDERS_APART = 3_000_000;

export const RUSH = 'orders in the rush';
export const STUBBORN = 'orders of those who take no ticket';
export const AROUND = 'orders before and after';
export const AFFIXINGS = 'affixings';
export const LOOK_UPS_STREAM = 'look-ups';

/** From 17:00 to 23:00, in which 60 % of a day's affixings came. */
const EVENING = HOUR_WEIGHTS.slice(17, 23);

/** Clients in each second of such an evening pressed into so few, `mean` a second on average. */
export function evening(seconds: number, mean: number): number[] {
  const sum = EVENING.reduce((left, right) => left + right, 0);
  return Array.from({ length: seconds }, (_, second) => {
    const weight = EVENING[Math.floor((second * EVENING.length) / seconds)] ?? 0;
    return Math.round((mean * weight * EVENING.length) / sum);
  });
}

const fill = (seconds: number, rate: number): number[] => Array<number>(seconds).fill(Math.round(rate));

const CALM = {
  connections: OTHER_CONNECTIONS,
  retry: 'as-told',
  patienceMilliseconds: CALM_MILLISECONDS,
} as const;

/** What goes on at all times, in a rush and without one. */
export interface Beside {
  readonly affixingsPerSecond: number;
  /** Number of the first stamp that is affixed, of those that were sold. */
  readonly firstAffixed: number;
  /** Stamps that look-ups are spread over. */
  readonly sold: number;
}

export const besideStreams = (
  { affixingsPerSecond, firstAffixed, sold }: Beside,
  seconds: number,
): Stream[] => [
  {
    ...CALM,
    name: AFFIXINGS,
    kind: 'affixings',
    first: firstAffixed,
    perSecond: fill(seconds, affixingsPerSecond),
  },
  {
    ...CALM,
    name: LOOK_UPS_STREAM,
    kind: 'look-ups',
    first: 0,
    of: sold,
    perSecond: fill(seconds, LOOK_UPS),
    retry: 'never',
  },
];

/** Seconds from before a rush to after it. */
export const secondsAround = (rushSeconds: number): number => QUIET_SECONDS + rushSeconds + AFTER_SECONDS;

/** The crowd: buyers, those who only hammer, and calm ones before and after them. */
export function streamsOf(
  capacity: number,
  { rushSeconds, firstOrder }: { readonly rushSeconds: number; readonly firstOrder: number },
): Stream[] {
  const inRush = (share: number): number[] => [
    ...fill(QUIET_SECONDS, 0),
    ...evening(rushSeconds, capacity * TIMES * share),
  ];
  return [
    {
      name: RUSH,
      kind: 'orders',
      first: firstOrder + ORDERS_APART,
      perSecond: inRush(1 - STUBBORN_SHARE),
      connections: CONNECTIONS,
      retry: 'at-once',
      takesTickets: true,
      patienceMilliseconds: PATIENCE_MILLISECONDS,
      leavesAtEnd: true,
    },
    {
      name: STUBBORN,
      kind: 'orders',
      first: firstOrder + 2 * ORDERS_APART,
      perSecond: inRush(STUBBORN_SHARE),
      connections: STUBBORN_CONNECTIONS,
      retry: 'at-once',
      patienceMilliseconds: STUBBORN_MILLISECONDS,
      leavesAtEnd: true,
    },
    {
      ...CALM,
      name: AROUND,
      kind: 'orders',
      first: firstOrder,
      perSecond: [
        ...fill(QUIET_SECONDS, capacity * QUIET_SHARE),
        ...fill(rushSeconds, 0),
        ...fill(AFTER_SECONDS, capacity * QUIET_SHARE),
      ],
      takesTickets: true,
    },
  ];
}

export const CROWD_NOTES: readonly string[] = [
  `Clients: ${TIMES} capacities a second on average, as they came between 17:00 and 23:00 of a day of registration. Four in five take a ticket when they are told to, ask for their turn when they were told to, and leave after ${PATIENCE_MILLISECONDS / 1_000} s; one in five only orders, and leaves after ${STUBBORN_MILLISECONDS / 1_000} s; at the end of the rush all leave. Whoever is turned away sends again at once, on ${CONNECTIONS + STUBBORN_CONNECTIONS} connections together; which of those who wait gets one that falls free is drawn.`,
  `Beside them, as at all times, ${LOOK_UPS} look-ups a second and affixings of ${100 * AFFIXING_SHARE} % of what the ledger takes in orders alone; and clients that never end their heads, never end their bodies, and never read their answers. Before and after: ${100 * QUIET_SHARE} % of the capacity.`,
];
