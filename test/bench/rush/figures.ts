import type { Second, StreamResult } from '../harness/crowd/crowd.js';
import type { Row } from '../harness/part.js';
import { single } from '../harness/spread.js';
import type { Inside, Outcome } from './run.js';
import { AFFIXINGS, AROUND, LOOK_UPS_STREAM, QUIET_SECONDS, RUSH, STUBBORN } from './streams.js';

/** Latency that is normal for a ledger with little to do, in milliseconds, however quick it was before. */
const NORMAL_MILLISECONDS = 25;
/** Seconds on end that have to be calm: one alone is chance, and one that is not, long afterwards, is another matter. */
export const CALM_ON_END = 5;

/** What one run came to. A share is in per cent of the capacity. */
export interface Figures {
  readonly offered: number;
  readonly sent: number;
  readonly refused: number;
  readonly unanswered: number;
  readonly tickets: number;
  readonly turnsAsked: number;
  readonly goodput: number;
  readonly goodputShare: number;
  readonly commandsP99: number;
  readonly lookUpsP99: number;
  readonly affixingsP99: number;
  readonly refusalP50: number;
  /** Seconds after the rush until orders were as quick as before it for some on end; infinite when they never were. */
  readonly calmAfter: number;
  readonly memoryGrowth?: number;
  readonly drainSeconds?: number;
  readonly drainShare?: number;
}

export function figuresOf({ capacity, alone, results, rushSeconds, inside }: Outcome): Figures {
  const from = QUIET_SECONDS;
  const to = QUIET_SECONDS + rushSeconds;
  const crowd = [results.get(RUSH), results.get(STUBBORN)];
  const rateOf = (of: readonly (StreamResult | undefined)[], what: keyof Second): number =>
    of.reduce((all, stream) => all + sum(stream?.seconds, what, from, to), 0) / rushSeconds;
  const p99 = (name: string): number => results.get(name)?.latency.p99 ?? 0;
  const goodput = rateOf([...crowd, results.get(AFFIXINGS)], 'accepted');
  return {
    offered: rateOf(crowd, 'offered'),
    sent: rateOf(crowd, 'attempts'),
    refused: rateOf(crowd, 'refused'),
    unanswered: rateOf(crowd, 'unanswered'),
    tickets: rateOf(crowd, 'tickets'),
    turnsAsked: rateOf(crowd, 'turnsAsked'),
    goodput,
    goodputShare: (100 * goodput) / capacity,
    commandsP99: Math.max(p99(RUSH), p99(STUBBORN), p99(AFFIXINGS)),
    lookUpsP99: p99(LOOK_UPS_STREAM),
    affixingsP99: p99(AFFIXINGS),
    refusalP50: results.get(RUSH)?.refusal.p50 ?? 0,
    calmAfter: calmAfter(results.get(AROUND)?.seconds ?? [], to),
    ...(inside === undefined ? {} : insideFigures(inside, alone ?? capacity, rushSeconds)),
  };
}

/** `orders`: the capacity in orders alone. */
function insideFigures(
  { residentMegabytes, left, drainSeconds }: Inside,
  orders: number,
  rushSeconds: number,
) {
  const middle = QUIET_SECONDS + Math.ceil(rushSeconds / 2);
  const most = (from: number, to: number): number => Math.max(...residentMegabytes.slice(from, to));
  const early = most(QUIET_SECONDS + Math.ceil(rushSeconds / 3), middle);
  return {
    memoryGrowth: 100 * (most(middle, QUIET_SECONDS + rushSeconds) / early - 1),
    ...(left === 0 ? {} : { drainSeconds, drainShare: (100 * left) / (drainSeconds * orders) }),
  };
}

const sum = (seconds: readonly Second[] | undefined, of: keyof Second, from: number, to: number): number =>
  (seconds ?? []).slice(from, to).reduce((all, second) => all + second[of], 0);

/** Some must be accepted for a second to be calm: a ledger that takes none is not quick. */
function calmAfter(around: readonly Second[], rushEnds: number): number {
  const quiet = Math.max(...around.slice(1, QUIET_SECONDS).map(({ p99 }) => p99), NORMAL_MILLISECONDS);
  const after = around.slice(rushEnds);
  const isCalm = ({ accepted, offered, p99 }: Second): boolean =>
    accepted > 0 && accepted >= offered / 2 && p99 <= 2 * quiet;
  const calm = after.findIndex((_, index) => {
    const onEnd = after.slice(index, index + CALM_ON_END);
    return onEnd.length === CALM_ON_END && onEnd.every(isCalm);
  });
  return calm < 0 ? Number.POSITIVE_INFINITY : calm;
}

export function rowsOf(outcome: Outcome): Row[] {
  const { name, before, after, alone, inside } = outcome;
  const figures = figuresOf(outcome);
  const row = (what: string, unit: string, value: number | undefined): Row[] =>
    value === undefined ? [] : [{ what: `${name}: ${what}`, unit, ours: single(value) }];
  const what =
    alone === undefined ? 'capacity in orders' : 'capacity in orders and affixings beside look-ups';
  return [
    ...row(`${what}, measured before`, '1/s', before),
    ...row(`${what}, measured afterwards`, '1/s', after),
    ...row('capacity in orders alone', '1/s', alone),
    ...row('clients that came in the rush', '1/s', figures.offered),
    ...row('orders sent in the rush', '1/s', figures.sent),
    ...row('refused in the rush', '1/s', figures.refused),
    ...row('without an answer in the rush', '1/s', figures.unanswered),
    ...row('tickets taken in the rush', '1/s', figures.tickets),
    ...row('turns asked for in the rush', '1/s', figures.turnsAsked),
    ...row('goodput: orders and affixings accepted', '1/s', figures.goodput),
    ...row('goodput as a share of the capacity', '%', figures.goodputShare),
    ...row(
      'goodput as a share of the capacity in orders alone',
      '%',
      alone && (100 * figures.goodput) / alone,
    ),
    ...row('p99 of accepted commands', 'ms', figures.commandsP99),
    ...row('p50 of refusals', 'ms', figures.refusalP50),
    ...row('p99 of look-ups throughout', 'ms', figures.lookUpsP99),
    ...row('p99 of affixings throughout', 'ms', figures.affixingsP99),
    ...row('until latency is normal again', 's', figures.calmAfter),
    ...row('growth of resident memory in the second half of the rush', '%', figures.memoryGrowth),
    ...row('fulfilled in the rush', '1/s', inside?.fulfilledPerSecond),
    ...row('largest backlog', 'orders', inside && Math.max(...inside.backlog)),
    ...row('backlog when the rush ended', 'orders', inside?.left),
    ...row('until that backlog was worked off', 's', figures.drainSeconds),
    ...row('that backlog worked off, as a share of the capacity', '%', figures.drainShare),
  ];
}
