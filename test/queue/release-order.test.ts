import { ticketSealer } from '@stamp-ledger/codec';
import { type Channel, type OrderId, type QueueTicket, roomDecider, standingOf } from '@stamp-ledger/domain';
import t from 'tap';
import {
  advance,
  OPENS,
  outOfOrder,
  PER_SECOND,
  releaseEverybody,
  roomId,
  sealer,
  WEIGHTS,
} from './release.js';

t.test('100,000 tickets are let in exactly in the order of the rule, and by shares', async (t) => {
  const { tickets, notLetIn, perStep } = releaseEverybody();
  t.equal(notLetIn, 0, 'everybody is let in');
  for (const { channel, line, jumped } of outOfOrder(tickets))
    t.equal(jumped, 0, `${channel}: ${line} tickets in the order of the rule, nobody before his turn`);
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
