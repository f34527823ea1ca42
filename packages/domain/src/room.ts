import { accept, type Decider, type Decision, unchanged } from './decision.js';
import type { RoomEvent } from './events.js';
import { fairShares } from './fair-shares.js';
import type { Channel, OrderId, RoomId } from './ids.js';

/** A draw is a whole number from 0 up to, not including, this. */
export const DRAWS = 2 ** 48;

/** The rules of a waiting room, in milliseconds unless said otherwise. */
export const ROOM_RULES = {
  /** Tickets of a second are let in once every process must have told of them. */
  settleSeconds: 2,
  /** Longest time that a process's silence is made up for at once. */
  longestStep: 5_000,
  /** For so long what a process said of its capacity holds. */
  capacityHolds: 3_000,
  /** For so long a ticket that was let in may be used. */
  admission: 600_000,
  /** Lines moved by one event: an event has a bounded size. */
  linesPerStep: 250,
} as const;

/** Everything before it is let in: earlier seconds, and of this one the draws below `below`. */
export interface RoomCursor {
  readonly second: number;
  readonly below: number;
}

/** Where a ticket stands: lines are by channel, and within one it is by second of arrival, then by draw. */
export interface Place {
  readonly channel: Channel;
  readonly second: number;
  readonly draw: number;
}

/** A place in the line of a room, for one order. */
export interface QueueTicket {
  readonly roomId: RoomId;
  readonly channel: Channel;
  /** The only order that it lets in. */
  readonly orderId: OrderId;
  /** When it was given, in milliseconds of POSIX time. */
  readonly atMilliseconds: number;
}

interface Line {
  /** Tickets by second, in order; those before the cursor are gone. */
  readonly waiting: readonly { readonly second: number; readonly count: number }[];
  readonly cursor: RoomCursor;
  /** Where the cursor stood when; the first may be older than an admission lasts. */
  readonly passed: readonly { readonly atMilliseconds: number; readonly cursor: RoomCursor }[];
}

export interface RoomState {
  /** When it last moved; 0 before it did. */
  readonly atMilliseconds: number;
  readonly copies: ReadonlyMap<string, { readonly atMilliseconds: number; readonly perSecond: number }>;
  readonly lines: ReadonlyMap<Channel, Line>;
}

export interface Arrivals {
  readonly channel: Channel;
  readonly second: number;
  readonly count: number;
}

export interface AdvanceRoom {
  readonly kind: 'advance';
  readonly roomId: RoomId;
  /** Which process tells. */
  readonly copy: string;
  readonly atMilliseconds: number;
  /** Tickets a second that this process lets in. */
  readonly perSecond: number;
  /** Tickets given by this process and not told of yet; at most {@link ROOM_RULES.linesPerStep}. */
  readonly arrivals: readonly Arrivals[];
  /** Weights of channels; 1 for one that is not named. */
  readonly weights: ReadonlyMap<Channel, number>;
}

/**
 * The lines of one waiting room: stream `queue-<roomId>`. Every process that gives tickets tells here how many, and lets
 * in who is due since the last event, so all agree on the order, whoever is asked and whoever restarts.
 */
export const roomDecider: Decider<RoomState, AdvanceRoom, RoomEvent> = {
  initialState: { atMilliseconds: 0, copies: new Map(), lines: new Map() },
  decide: advance,
  evolve,
};

function advance(state: RoomState, command: AdvanceRoom): Decision<RoomEvent> {
  const { roomId, copy, perSecond, arrivals, weights } = command;
  const atMilliseconds = Math.max(state.atMilliseconds, command.atMilliseconds);
  const lines = [...withArrivals(state, arrivals)].filter(
    ([, { waiting }]) => (waiting[0]?.second ?? Number.POSITIVE_INFINITY) <= settledSecond(atMilliseconds),
  );
  if (arrivals.length === 0 && lines.length === 0) return unchanged;
  const due = lines
    .sort(([, a], [, b]) => (a.waiting[0]?.second ?? 0) - (b.waiting[0]?.second ?? 0))
    .slice(0, ROOM_RULES.linesPerStep);
  const told = new Map(state.copies).set(copy, { atMilliseconds, perSecond });
  const elapsed =
    state.atMilliseconds === 0
      ? 1_000
      : Math.min(atMilliseconds - state.atMilliseconds, ROOM_RULES.longestStep);
  const shares = fairShares(
    (capacityOf(told, atMilliseconds) * elapsed) / 1_000,
    due.map(([channel, line]) => ({
      weight: weights.get(channel) ?? 1,
      waiting: waitingUpTo(line, settledSecond(atMilliseconds)),
    })),
  );
  const cursors = due.flatMap(([channel, line], index) => {
    const cursor = moved(line, shares[index] ?? 0, settledSecond(atMilliseconds));
    return isBefore(line.cursor, cursor) ? [{ channel, ...cursor }] : [];
  });
  return accept({
    type: 'QueueAdvanced',
    data: {
      roomId,
      copy,
      atMilliseconds,
      perSecond,
      arrivals: arrivals.map((each) => ({ ...each })),
      cursors,
    },
  });
}

/** The last second whose tickets may be let in. */
const settledSecond = (atMilliseconds: number): number =>
  Math.floor(atMilliseconds / 1_000) - ROOM_RULES.settleSeconds;

const isBefore = (a: RoomCursor, b: RoomCursor): boolean =>
  a.second < b.second || (a.second === b.second && a.below < b.below);

/** A line that nothing was told of is open too: who has a ticket of a process that died does not wait for ever. */
const lineOf = ({ lines, atMilliseconds }: RoomState, channel: Channel): Line =>
  lines.get(channel) ?? {
    waiting: [],
    cursor: { second: settledSecond(atMilliseconds) + 1, below: 0 },
    passed: [],
  };

function withArrivals(state: RoomState, arrivals: readonly Arrivals[]): ReadonlyMap<Channel, Line> {
  const all = new Map(state.lines);
  for (const { channel, second, count } of arrivals) {
    const line = all.get(channel) ?? lineOf(state, channel);
    // Told too late: the cursor has passed them, they are let in.
    if (second < line.cursor.second) continue;
    const counts = new Map(line.waiting.map((each) => [each.second, each.count]));
    counts.set(second, (counts.get(second) ?? 0) + count);
    const waiting = [...counts].map(([at, number]) => ({ second: at, count: number }));
    all.set(channel, { ...line, waiting: waiting.sort((a, b) => a.second - b.second) });
  }
  return all;
}

/** What of a second's tickets lies behind the cursor. */
const remaining = ({ second, count }: Line['waiting'][number], { second: at, below }: RoomCursor): number =>
  second === at ? count * (1 - below / DRAWS) : count;

const waitingUpTo = ({ waiting, cursor }: Line, second: number): number =>
  waiting.reduce((sum, each) => (each.second > second ? sum : sum + remaining(each, cursor)), 0);

/** Parts of tickets that sums of parts may be off by. */
const ROUNDING = 1e-6;

/** The cursor after `tickets` more, none of a second later than `lastSecond`. */
function moved({ waiting, cursor }: Line, tickets: number, lastSecond: number): RoomCursor {
  let left = tickets;
  for (const each of waiting) {
    if (each.second > lastSecond) break;
    const rest = remaining(each, cursor);
    if (left < rest - ROUNDING) {
      const from = each.second === cursor.second ? cursor.below : 0;
      return {
        second: each.second,
        below: Math.min(DRAWS, from + Math.floor((left / each.count) * DRAWS)),
      };
    }
    left -= rest;
  }
  return { second: lastSecond + 1, below: 0 };
}

/** What all processes together let in in a second, as they said lately. */
function capacityOf(copies: RoomState['copies'], atMilliseconds: number): number {
  let sum = 0;
  for (const told of copies.values())
    if (atMilliseconds - told.atMilliseconds <= ROOM_RULES.capacityHolds) sum += told.perSecond;
  return sum;
}

function evolve(state: RoomState, { data }: RoomEvent): RoomState {
  const { atMilliseconds, copy, perSecond } = data;
  const arrivals = data.arrivals.map((each) => ({ ...each, channel: each.channel as Channel }));
  const cursors = new Map(data.cursors.map(({ channel, second, below }) => [channel, { second, below }]));
  const lines = new Map<Channel, Line>();
  for (const [channel, line] of withArrivals(state, arrivals))
    lines.set(channel, passedTo(line, cursors.get(channel), atMilliseconds));
  const copies = new Map(state.copies).set(copy, { atMilliseconds, perSecond });
  for (const [name, told] of copies)
    if (atMilliseconds - told.atMilliseconds > ROOM_RULES.capacityHolds) copies.delete(name);
  return { atMilliseconds, copies, lines };
}

function passedTo(line: Line, told: RoomCursor | undefined, atMilliseconds: number): Line {
  const settled = settledSecond(atMilliseconds);
  // With nobody due the line is open up to now: who was not told of, since a process died, does not wait for ever.
  const next = (line.waiting[0]?.second ?? Number.POSITIVE_INFINITY) > settled;
  const cursor = told ?? (next ? latest(line.cursor, { second: settled + 1, below: 0 }) : line.cursor);
  if (!isBefore(line.cursor, cursor)) return line;
  const passed = [...line.passed, { atMilliseconds, cursor }];
  // The last one that is too old still tells which tickets are.
  const firstValid = passed.findIndex((each) => atMilliseconds - each.atMilliseconds <= ROOM_RULES.admission);
  return {
    waiting: line.waiting.filter(({ second }) => second >= cursor.second),
    cursor,
    passed: passed.slice(Math.max(0, firstValid - 1)),
  };
}

const latest = (a: RoomCursor, b: RoomCursor): RoomCursor => (isBefore(a, b) ? b : a);

export type Standing =
  | {
      readonly kind: 'waiting';
      /** Tickets of the channel that come first, as far as they were told of. */
      readonly ahead: number;
      /** Tickets of the channel let in a second, at present. */
      readonly perSecond: number;
    }
  /** `untilMilliseconds` is absent while nobody can tell since when. */
  | { readonly kind: 'admitted'; readonly untilMilliseconds?: number }
  /** It was let in, and not used in time. */
  | { readonly kind: 'missed' };

/** Where a ticket stands at a time. */
export function standingOf(
  state: RoomState,
  { channel, second, draw }: Place,
  { atMilliseconds, weights }: { readonly atMilliseconds: number; readonly weights: AdvanceRoom['weights'] },
): Standing {
  const line = lineOf(state, channel);
  const place = { second, below: draw };
  if (!isBefore(place, line.cursor))
    return {
      kind: 'waiting',
      ahead: Math.floor(
        line.waiting.reduce((sum, each) => {
          if (each.second < second) return sum + remaining(each, line.cursor);
          if (each.second > second) return sum;
          const from = second === line.cursor.second ? line.cursor.below : 0;
          return sum + (each.count * (draw - from)) / DRAWS;
        }, 0),
      ),
      perSecond: rateOf(state, channel, weights),
    };
  const since = line.passed.find(({ cursor }) => isBefore(place, cursor))?.atMilliseconds;
  if (since === undefined) return { kind: 'admitted' };
  const untilMilliseconds = since + ROOM_RULES.admission;
  return atMilliseconds > untilMilliseconds ? { kind: 'missed' } : { kind: 'admitted', untilMilliseconds };
}

/** A line's part of what is let in, while the lines that wait now do. */
function rateOf(state: RoomState, channel: Channel, weights: AdvanceRoom['weights']): number {
  let all = weights.get(channel) ?? 1;
  for (const [other, { waiting }] of state.lines)
    if (other !== channel && waiting.length > 0) all += weights.get(other) ?? 1;
  return (capacityOf(state.copies, state.atMilliseconds) * (weights.get(channel) ?? 1)) / all;
}

/** Whether anybody waits who might have been let in when it last moved: more tickets were taken than orders can be. */
export const isHeldBack = ({ lines, atMilliseconds }: RoomState): boolean =>
  [...lines.values()].some(
    ({ waiting }) => (waiting[0]?.second ?? Number.POSITIVE_INFINITY) <= settledSecond(atMilliseconds),
  );

/** When a ticket of a second is let in at the soonest. */
export const settledAt = (second: number): number => (second + ROOM_RULES.settleSeconds) * 1_000;

/** Tickets that wait, by channel. */
export const waitingIn = ({ lines }: RoomState): { readonly channel: Channel; readonly waiting: number }[] =>
  [...lines].map(([channel, line]) => ({
    channel,
    waiting: Math.ceil(waitingUpTo(line, Number.POSITIVE_INFINITY)),
  }));
