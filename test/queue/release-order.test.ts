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
import t from 'tap';

const KEY = Buffer.alloc(32, 3);
const sealer = ticketSealer(KEY);
const roomId = '11111111-2222-8333-9444-555555555555' as RoomId;
const OPENS = 1_725_634_800_000;
const PER_SECOND = 3_000;
const WEIGHTS = new Map([
  ['post' as Channel, 3],
  ['kiosk' as Channel, 1],
  ['bank' as Channel, 1],
]);

interface Ticket extends QueueTicket {
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

function advance(state: RoomState, copy: string, at: number, tickets: readonly Ticket[]): RoomState {
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

t.test('100,000 tickets are let in exactly in the order of the rule, and by shares', async (t) => {
  const tickets = arrivals();
  const draws = new Map(tickets.map((ticket) => [ticket, sealer.draw(ticket)]));
  let state = roomDecider.initialState;
  let waiting = tickets;
  const perStep: { readonly at: number; readonly by: Map<string, number> }[] = [];
  // Two processes, each of which gave half of the tickets and tells of them in turn.
  for (let at = OPENS - 1_000; waiting.length > 0; at += 500) {
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
    if (at > OPENS + 120_000) break;
  }
  t.equal(waiting.length, 0, 'everybody is let in');

  for (const channel of WEIGHTS.keys()) {
    const line = ruleOrder(tickets.filter((ticket) => ticket.channel === channel));
    const jumped = line.findIndex(
      (ticket, index) => index > 0 && (ticket.releasedAt ?? 0) < (line[index - 1]?.releasedAt ?? 0),
    );
    t.equal(
      jumped,
      -1,
      `${channel}: ${line.length} tickets in the order of the rule, nobody before his turn`,
    );
  }
  t.notOk(
    tickets.some(({ releasedAt = 0, atMilliseconds }) => releasedAt < Math.max(OPENS, atMilliseconds)),
    'nobody is let in before the opening',
  );

  const first = perStep.filter(({ by }) => by.size > 0).slice(0, 8);
  const total = (channel: string): number => first.reduce((sum, { by }) => sum + (by.get(channel) ?? 0), 0);
  const all = total('post') + total('kiosk') + total('bank');
  // While all three wait; the lot lets the counts of a step differ a little.
  for (const [channel, weight] of WEIGHTS)
    t.ok(
      Math.abs(total(channel) / all - weight / 5) < 0.02,
      `${channel} has its share: ${total(channel)} of ${all}`,
    );
  for (const { at, by } of perStep) {
    const released = [...by.values()].reduce((sum, count) => sum + count, 0);
    t.ok(released <= PER_SECOND * 0.5 * 1.2 + 200 || at < OPENS + 2_500, `${released} at ${at - OPENS} ms`);
  }
});

t.test('a ticket that nobody was told of is let in when its second is over', async (t) => {
  const state = advance(roomDecider.initialState, 'copy', OPENS, [
    { roomId, channel: 'kiosk' as Channel, orderId: 'order-1' as OrderId, atMilliseconds: OPENS },
  ]);
  const at = { atMilliseconds: OPENS, weights: WEIGHTS };
  const place = (second: number) => ({ channel: 'bank' as Channel, second: OPENS / 1_000 + second, draw: 5 });
  t.match(standingOf(state, place(-2), at), { kind: 'admitted' });
  t.match(standingOf(state, place(-1), at), { kind: 'waiting' }, 'others may still tell of it');
});

t.test('a ticket is worth something to its holder alone, as it was given', async (t) => {
  const ticket: QueueTicket = {
    roomId,
    channel: 'kiosk' as Channel,
    orderId: 'order-1' as OrderId,
    atMilliseconds: OPENS,
  };
  const text = sealer.seal(ticket, 'alice');
  t.strictSame(sealer.open(text, 'alice'), ticket);
  t.equal(sealer.open(text, 'bob'), undefined, 'passed on');
  t.notOk(text.includes('alice'), 'it tells no name');
  t.equal(ticketSealer(Buffer.alloc(32, 4)).open(text, 'alice'), undefined, 'of another ledger');
  const parts = text.split('.');
  const changes: readonly [number, string][] = [
    [0, '2'],
    [1, roomId.replace('1', '2')],
    [2, 'post'],
    [3, 'order-2'],
    [4, (OPENS - 60_000).toString(36)],
  ];
  for (const [part, value] of changes)
    t.equal(sealer.open(parts.with(part, value).join('.'), 'alice'), undefined, `forged: ${value}`);
  for (let index = 0; index < text.length; index++) {
    const other = text[index] === 'a' ? 'b' : 'a';
    const forged = text.slice(0, index) + other + text.slice(index + 1);
    t.equal(sealer.open(forged, 'alice'), undefined, `one character at ${index}`);
  }
  for (const scribble of ['', '.', `${text}.`, ` ${text}`, text.slice(0, -1), 'x'.repeat(10_000)])
    t.equal(sealer.open(scribble, 'alice'), undefined);
  t.equal(
    sealer.draw(ticket),
    sealer.draw({ ...ticket, orderId: ticket.orderId }),
    'asking again draws no other lot',
  );
});
