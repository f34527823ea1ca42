import type { Second } from '../harness/crowd/crowd.js';
import { type Panel, timeline } from '../harness/crowd/timeline.js';
import type { Inside, Outcome } from './run.js';
import { AROUND, LOOK_UPS_STREAM, RUSH, STUBBORN } from './streams.js';

const GREEN = '#1f6f54';
const RED = '#c0572f';
const VIOLET = '#7a6bb0';
const GREY = '#b9b9b9';

/** Offered, accepted, refused, latency and backlog over the seconds of one run. */
export function chartOf({ name, results, inside }: Outcome): string {
  const of = (stream: string, what: keyof Second): readonly number[] =>
    (results.get(stream)?.seconds ?? []).map((second) => second[what]);
  const ofCrowd = (what: keyof Second): readonly number[] => {
    const stubborn = of(STUBBORN, what);
    return of(RUSH, what).map((value, second) => value + (stubborn[second] ?? 0));
  };
  return timeline(`The rush, ${name}`, [
    {
      title: 'orders a second',
      curves: [
        { label: 'offered', colour: GREY, values: ofCrowd('offered') },
        { label: 'sent', colour: VIOLET, values: ofCrowd('attempts') },
        { label: 'refused', colour: RED, values: ofCrowd('refused') },
        { label: 'accepted', colour: GREEN, values: ofCrowd('accepted') },
      ],
    },
    {
      title: 'accepted and waiting room, a second',
      curves: [
        { label: 'accepted', colour: GREEN, values: ofCrowd('accepted') },
        { label: 'tickets', colour: VIOLET, values: of(RUSH, 'tickets') },
        { label: 'turns asked', colour: GREY, values: of(RUSH, 'turnsAsked') },
        { label: 'before and after', colour: RED, values: of(AROUND, 'accepted') },
      ],
    },
    {
      title: 'p99 of accepted requests, ms',
      curves: [
        { label: 'orders in the rush', colour: GREEN, values: of(RUSH, 'p99') },
        { label: 'before and after', colour: RED, values: of(AROUND, 'p99') },
        { label: 'look-ups', colour: VIOLET, values: of(LOOK_UPS_STREAM, 'p99') },
      ],
    },
    ...(inside === undefined ? [] : insidePanels(inside)),
  ]);
}

const insidePanels = ({ backlog, residentMegabytes }: Inside): Panel[] => [
  { title: 'orders not fulfilled yet', curves: [{ label: 'backlog', colour: GREEN, values: backlog }] },
  {
    title: 'resident memory, MB',
    curves: [{ label: 'ledger', colour: GREEN, values: residentMegabytes }],
  },
];
