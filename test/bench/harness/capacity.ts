import type { Measure, Row } from './part.js';
import { figure } from './table.js';

/**
 * What a nation asks for, from the figures published of Indonesia's civil-service registration of September 2024: more than
 * a million affixings on the worst day, 60 % of them within six hours, and five times that in a burst. Every stamp is bought
 * by an order of its own, and its state is read ten times as often as it is affixed.
 */
export const DEMAND = {
  affixingsPerDay: 1_000_000,
  shareOfBusyHours: 0.6,
  busyHours: 6,
  burst: 5,
  lookUpsPerAffixing: 10,
  /** Each stamp: minted, allocated, sold, affixed; its order: placed, paid, fulfilled. */
  eventsPerStamp: 7,
  daysPerYear: 365,
} as const;

const SECONDS_PER_HOUR = 3_600;

/** Affixings a second in the worst burst of the worst day. */
export const affixingsPerSecond =
  ((DEMAND.affixingsPerDay * DEMAND.shareOfBusyHours) / (DEMAND.busyHours * SECONDS_PER_HOUR)) * DEMAND.burst;

interface Line {
  readonly work: string;
  readonly asked: number;
  readonly carried: Measure;
  readonly cpu?: Measure;
}

const LINES: readonly Line[] = [
  { work: 'affixings', asked: affixingsPerSecond, carried: 'commands', cpu: 'command-cpu' },
  { work: 'orders', asked: affixingsPerSecond, carried: 'orders', cpu: 'order-cpu' },
  {
    work: 'look-ups',
    asked: affixingsPerSecond * DEMAND.lookUpsPerAffixing,
    carried: 'look-ups',
    cpu: 'look-up-cpu',
  },
  {
    work: 'events sealed',
    asked: affixingsPerSecond * DEMAND.eventsPerStamp,
    carried: 'sealed',
  },
  {
    work: 'events through Kafka into PostgreSQL',
    asked: affixingsPerSecond * DEMAND.eventsPerStamp,
    carried: 'projected',
  },
];

/**
 * The capacity model: the worst burst of a nation beside what was measured, and a year of its stamps on disk. Undefined until
 * something of it was measured. `rows` are those of every part that ran.
 */
export function capacityOf(rows: readonly Row[]): string | undefined {
  const measured = new Map<Measure, number>();
  for (const { measure, ours } of rows) if (measure !== undefined) measured.set(measure, ours.median);
  const known = LINES.filter(({ carried }) => measured.has(carried));
  if (known.length === 0) return undefined;
  const cores = known.reduce(
    (sum, { asked, cpu }) => sum + (asked * ((cpu && measured.get(cpu)) ?? 0)) / 1_000,
    0,
  );
  const table = [
    '| work | a nation’s worst burst, 1/s | measured here, 1/s | times over |',
    '| --- | --- | --- | --- |',
    ...known.map(({ work, asked, carried }) => {
      const here = measured.get(carried) ?? Number.NaN;
      return `| ${work} | ${figure(asked)} | ${figure(here)} | ${figure(here / asked)} |`;
    }),
  ];
  const stampBytes = measured.get('stamp-bytes');
  const year = DEMAND.affixingsPerDay * DEMAND.daysPerYear;
  const notes = [
    `The burst: ${DEMAND.affixingsPerDay.toLocaleString('en')} affixings on the worst day, ${DEMAND.shareOfBusyHours * 100} % of them in ${DEMAND.busyHours} hours, times ${DEMAND.burst}; an order for every stamp, ${DEMAND.lookUpsPerAffixing} look-ups for every affixing.`,
    ...(cores > 0
      ? [`The server's share of it, all threads together: ${figure(cores)} processors of this machine.`]
      : []),
    ...(stampBytes === undefined
      ? []
      : [
          `A year in which every day is the worst, ${year.toLocaleString('en')} stamps: ${figure((year * stampBytes) / 1e12)} TB at ${figure(stampBytes)} bytes a stamp, events and read models together.`,
        ]),
  ];
  return ['## Capacity', table.join('\n'), notes.map((note) => `- ${note}`).join('\n')].join('\n\n');
}
