import type { Audit, Verdict } from '../harness/part.js';
import { figure } from '../harness/table.js';
import type { Fairness } from './fairness.js';
import { CALM_ON_END, figuresOf } from './figures.js';
import type { Outcome } from './run.js';
import { TIMES } from './streams.js';

const GOODPUT_SHARE = 90;
const COLLAPSED_SHARE = 50;
const COMMANDS_P99 = 500;
const LOOK_UPS_P99 = 50;
const MEMORY_GROWTH = 15;
const CALM_SECONDS = 5;
const DRAIN_SHARE = 80;
/** Seconds of work that are too little to have a rate: an order takes some steps, however few there are. They have as long. */
const DRAIN_SECONDS = 1;

const missing = (audits: readonly Audit[]): number => audits.reduce((sum, each) => sum + each.missing, 0);
const acknowledged = (audits: readonly Audit[]): number => audits[0]?.acknowledged ?? 0;

/** What the ledger promises of a rush, line by line. */
export function verdictsOf({
  gated,
  control,
  killed,
  fairness,
}: {
  readonly gated: Outcome;
  readonly control: Outcome;
  readonly killed: Outcome;
  readonly fairness: Fairness;
}): Verdict[] {
  const figures = figuresOf(gated);
  const without = figuresOf(control);
  const audits = [gated, control, killed].flatMap(({ inside }) => inside?.audits ?? []);
  const killedAudits = killed.inside?.audits ?? [];
  const { memoryGrowth = 0, drainShare, drainSeconds = 0 } = figures;
  const { left = 0 } = gated.inside ?? {};
  const isLittle = left < DRAIN_SECONDS * (gated.alone ?? gated.capacity);
  // What is taken and left lying is no good to anybody.
  const doneWithout = (100 * (control.inside?.fulfilledPerSecond ?? 0)) / (control.alone ?? control.capacity);
  const leftWithout = Math.max(0, ...(control.inside?.backlog ?? []));
  return [
    {
      claim: `At ${TIMES}x the capacity for ${gated.rushSeconds} s, with clients that come back at once: goodput at least ${GOODPUT_SHARE} % of the capacity`,
      isKept: figures.goodputShare >= GOODPUT_SHARE,
      because: `${figure(figures.goodput)} of ${figure(gated.capacity)} a second: ${figure(figures.goodputShare)} %; ${figure(figures.offered)} a second came; with nothing beside the orders the capacity is ${figure(gated.alone ?? 0)}`,
    },
    {
      claim: `p99 of accepted commands under ${COMMANDS_P99} ms`,
      isKept: figures.commandsP99 < COMMANDS_P99,
      because: `${figure(figures.commandsP99)} ms`,
    },
    {
      claim: `p99 of look-ups under ${LOOK_UPS_P99} ms throughout`,
      isKept: figures.lookUpsP99 < LOOK_UPS_P99,
      because: `${figure(figures.lookUpsP99)} ms`,
    },
    {
      claim: `Resident memory flat: at most ${MEMORY_GROWTH} % more in the second half of the rush`,
      isKept: memoryGrowth <= MEMORY_GROWTH,
      because: `${figure(memoryGrowth)} %`,
    },
    {
      claim: 'Without the gate the same crowd brings the collapse',
      isKept: doneWithout < COLLAPSED_SHARE,
      because: `orders fulfilled at ${figure(doneWithout)} % of the capacity, ${figure(leftWithout)} left lying; accepted ${figure(without.goodputShare)} %, p99 of commands ${figure(without.commandsP99)} ms, of look-ups ${figure(without.lookUpsP99)} ms, ${figure(without.unanswered)} a second without an answer`,
    },
    {
      claim:
        'Every accepted order is fulfilled or clearly refused; none lost, none twice; conservation is clean',
      isKept: missing(audits) === 0,
      because: [gated, control, killed]
        .map(({ name, inside }) => `${name}: ${figure(acknowledged(inside?.audits ?? []))} orders`)
        .join(', '),
    },
    {
      claim: 'A kill -9 in the middle changes none of this',
      isKept: killedAudits.length > 0 && missing(killedAudits) === 0,
      because: `${figure(acknowledged(killedAudits))} accepted, ${figure(missing(killedAudits))} missing, goodput ${figure(figuresOf(killed).goodputShare)} % with the restart in it`,
    },
    {
      claim: `Latency is normal again, for ${CALM_ON_END} s on end, in under ${CALM_SECONDS} s after the load`,
      isKept: figures.calmAfter < CALM_SECONDS,
      because: `${figure(figures.calmAfter)} s`,
    },
    {
      claim: `The backlog is worked off at ${DRAIN_SHARE} % of the capacity at least, and what is less than the work of ${DRAIN_SECONDS} s in ${DRAIN_SECONDS} s`,
      isKept:
        drainShare === undefined || drainShare >= DRAIN_SHARE || (isLittle && drainSeconds <= DRAIN_SECONDS),
      because:
        drainShare === undefined
          ? 'there was none'
          : `${figure(left)} orders in ${figure(drainSeconds)} s, ${figure(drainShare)} %; the largest was ${figure(Math.max(...(gated.inside?.backlog ?? [])))} orders`,
    },
    {
      claim: `With ${figure(fairness.tickets)} tickets the order of release is the rule's, exactly`,
      isKept: fairness.outOfOrder === 0 && fairness.notLetIn === 0,
      because: `${fairness.outOfOrder} out of order, ${fairness.notLetIn} not let in`,
    },
    {
      claim: 'Forged, replayed and transferred tickets are refused',
      isKept: fairness.abused === 0,
      because: `${figure(fairness.abuses)} tried, ${fairness.abused} let in`,
    },
  ];
}
