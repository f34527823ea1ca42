import { createHmac } from 'node:crypto';
import { ticketSealer } from '@stamp-ledger/codec';
import {
  type Arrivals,
  type Channel,
  type OrderId,
  type QueueTicket,
  type RoomId,
  type RoomState,
  roomDecider,
  standingOf,
} from '@stamp-ledger/domain';

const KEY = Buffer.alloc(32, 3);
export const sealer = ticketSealer(KEY);
export const roomId = '11111111-2222-8333-9444-555555555555' as RoomId;
export const OPENS = 1_725_634_800_000;
export const PER_SECOND = 3_000;
export const WEIGHTS = new Map([
  ['post' as Channel, 3],
  ['kiosk' as Channel, 1],
  ['bank' as Channel, 1],
]);

export interface Ticket extends QueueTicket {
  releasedAt?: number;
}

/** Deterministic numbers below 1. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** 60,000 people before the opening and 40,000 within 20 seconds after it; seven in ten come to one channel. */
function arrivals(): Ticket[] {
  const random = randomNumbers(7);
  return Array.from({ length: 100_000 }, (_each, index) => {
    const share = random();
    return {
      roomId,
      channel: (share < 0.7 ? 'kiosk' : share < 0.9 ? 'post' : 'bank') as Channel,
      orderId: `order-${index}` as OrderId,
      atMilliseconds:
        index < 60_000
          ? OPENS - 1 - Math.floor(random() * 900_000)
          : OPENS + Math.floor(((index - 60_000) / 40_000) * 20_000),
    };
  });
}

/** The rule as a person would say it, written without a look at how it is done. */
function ruleOrder(tickets: readonly Ticket[]): Ticket[] {
  const lot = (ticket: Ticket): string =>
    createHmac('sha256', KEY)
      .update(`stamp-ledger draw\n${ticket.roomId}\n${ticket.channel}\n${ticket.orderId}`)
      .digest('hex')
      .slice(0, 12);
  const keyed = tickets.map((ticket) => {
    const cameBefore = ticket.atMilliseconds < OPENS;
    return { ticket, turn: cameBefore ? -1 : Math.floor(ticket.atMilliseconds / 1_000), lot: lot(ticket) };
  });
  keyed.sort((a, b) => a.turn - b.turn || (a.lot < b.lot ? -1 : 1));
  return keyed.map(({ ticket }) => ticket);
}

const secondOf = ({ atMilliseconds }: Ticket): number =>
  Math.floor((atMilliseconds < OPENS ? OPENS - 1 : atMilliseconds) / 1_000);

function told(tickets: readonly Ticket[]): Arrivals[] {
  const counts = new Map<string, Arrivals>();
  for (const ticket of tickets) {
    const second = secondOf(ticket);
    const key = `${ticket.channel} ${second}`;
    counts.set(key, { channel: ticket.channel, second, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return [...counts.values()];
}

export function advance(state: RoomState, copy: string, at: number, tickets: readonly Ticket[]): RoomState {
  const decision = roomDecider.decide(state, {
    kind: 'advance',
    roomId,
    copy,
    atMilliseconds: at,
    perSecond: PER_SECOND / 2,
    arrivals: told(tickets),
    weights: WEIGHTS,
  });
  if (decision.kind !== 'accepted') return state;
  return decision.events.reduce(roomDecider.evolve, state);
}

/** How a crowd of 100,000 was let in. */
export interface Release {
  readonly tickets: readonly Ticket[];
  readonly notLetIn: number;
  readonly perStep: readonly { readonly at: number; readonly by: ReadonlyMap<string, number> }[];
}

/** Lets in everybody, by two processes, each of which gave half of the tickets and tells of them in turn. */
export function releaseEverybody(): Release {
  const tickets = arrivals();
  const draws = new Map(tickets.map((ticket) => [ticket, sealer.draw(ticket)]));
  let state = roomDecider.initialState;
  let waiting = tickets;
  const perStep: { readonly at: number; readonly by: Map<string, number> }[] = [];
  for (let at = OPENS - 1_000; waiting.length > 0 && at <= OPENS + 120_000; at += 500) {
    const copy = (at / 500) % 2;
    const since = at === OPENS - 1_000 || at === OPENS - 500 ? 0 : at - 1_000;
    const given = tickets.filter(
      ({ atMilliseconds }, index) => index % 2 === copy && atMilliseconds >= since && atMilliseconds < at,
    );
    state = advance(state, `copy ${copy}`, at, given);
    const by = new Map<string, number>();
    const still: Ticket[] = [];
    for (const ticket of waiting) {
      const place = { channel: ticket.channel, second: secondOf(ticket), draw: draws.get(ticket) ?? 0 };
      const standing = standingOf(state, place, { atMilliseconds: at, weights: WEIGHTS });
      // Whoever has not come yet cannot be let in.
      if (ticket.atMilliseconds >= at || standing.kind === 'waiting') {
        still.push(ticket);
        continue;
      }
      ticket.releasedAt = at;
      by.set(ticket.channel, (by.get(ticket.channel) ?? 0) + 1);
    }
    waiting = still;
    perStep.push({ at, by });
  }
  return { tickets, notLetIn: waiting.length, perStep };
}

/** The lines by channel, in the order of the rule, with those that were let in after somebody behind them. */
export function outOfOrder(
  tickets: readonly Ticket[],
): { readonly channel: Channel; readonly line: number; readonly jumped: number }[] {
  return [...WEIGHTS.keys()].map((channel) => {
    const line = ruleOrder(tickets.filter((ticket) => ticket.channel === channel));
    const jumped = line.filter(
      (ticket, index) => index > 0 && (ticket.releasedAt ?? 0) < (line[index - 1]?.releasedAt ?? 0),
    ).length;
    return { channel, line: line.length, jumped };
  });
}
