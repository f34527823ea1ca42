import type { Caller, Ledger } from '@stamp-ledger/app';
import { QUEUE_STREAM, serde } from '@stamp-ledger/codec';
import type { OpeningId } from '@stamp-ledger/domain';
import { openEmbeddedEventStore } from '@stamp-ledger/embedded';
import { openEventStoreDb } from '@stamp-ledger/eventstoredb';
import t, { type Test } from 'tap';
import { startEventStoreDouble } from '../support/eventstoredb/double.js';
import { temporaryDirectory } from '../support/server.js';
import { by, orderOf, type QueueWorld, queueWorld, showing, steady } from './world.js';

async function ticketOf(ledger: Ledger, actor: string, channel: string) {
  const taken = await ledger.queue.take({ channel }, by(actor, channel));
  if (taken.kind !== 'taken') throw new Error(`the ledger answered ${taken.kind}`);
  return taken;
}

const statusOf = async (ledger: Ledger, ticket: string, actor: string) =>
  (await ledger.queue.look(ticket, { actor }))?.status;

async function opening(t: Test, world: QueueWorld): Promise<void> {
  t.teardown(() => world.close());
  const { time } = world;
  const one = world.start();
  const two = world.start();
  await world.steps(1);
  t.strictSame(await one.ledger.queue.take({ channel: 'kiosk' }, by('ann', 'kiosk')), { kind: 'not-needed' });

  const body = { openingId: 'sale', opensAt: time.instant(20), ticketsFrom: time.instant(5) };
  const announced = await one.ledger.queue.announce(body, by('operator'));
  t.match(announced, { kind: 'done', changed: true });
  await world.steps(2);
  t.match((await two.ledger.queue.report()).openings, [{ openingId: 'sale', status: 'announced' }]);
  t.match(await two.ledger.queue.admit(orderOf('kiosk'), by('ann', 'kiosk'), showing(undefined)), {
    kind: 'admitted',
  });

  await world.steps(6);
  t.match(await two.ledger.queue.admit(orderOf('kiosk'), by('ann', 'kiosk'), showing(undefined)), {
    kind: 'ticket-required',
  });
  const ann = await ticketOf(one.ledger, 'ann', 'kiosk');
  t.match(ann.report, { status: 'before-opening', opensAt: time.instant(20) });
  const admit = (ledger: Ledger, actor = 'ann', order = orderOf('kiosk')) =>
    ledger.queue.admit(order, by(actor, 'kiosk'), showing(ann.ticket));
  t.match(await admit(two.ledger), { kind: 'not-yet' }, 'not before the opening');

  await two.stop();
  const three = world.start();
  await world.steps(5);
  t.match(await statusOf(three.ledger, ann.ticket, 'ann'), 'before-opening');
  await world.steps(12);
  t.equal(await statusOf(three.ledger, ann.ticket, 'ann'), 'admitted', 'by a process that was not there');

  t.equal(await statusOf(three.ledger, ann.ticket, 'bob'), undefined, 'not for another');
  t.match(await admit(three.ledger, 'bob'), { kind: 'invalid' });
  t.match(await admit(three.ledger, 'ann', orderOf('bank')), { kind: 'other-order' });
  t.match(await admit(three.ledger, 'ann', { ...orderOf('kiosk'), orderId: 'another' }), {
    kind: 'other-order',
  });

  const admission = await admit(three.ledger);
  t.match(admission, { kind: 'admitted', orderId: ann.orderId });
  const place = (ledger: Ledger, holder: string) =>
    ledger.orders.place({ ...orderOf('kiosk', holder), orderId: ann.orderId }, by('ann', 'kiosk'));
  t.match(await place(three.ledger, 'ann-1'), { kind: 'done', changed: true });
  t.match(
    await place(one.ledger, 'ann-1'),
    { kind: 'done', changed: false },
    'the same order again is the same',
  );
  t.match(
    await place(one.ledger, 'ann-2'),
    { kind: 'refused', refusal: { code: 'order-exists' } },
    'used, whichever process is asked',
  );
}

t.test('an opening: a ticket of one process is let in by another, after a restart, and once', async (t) => {
  await opening(t, await queueWorld());
});

t.test('the same on EventStoreDB', async (t) => {
  const { directory, remove } = temporaryDirectory();
  const double = await startEventStoreDouble({ directory });
  const world = await queueWorld(() => openEventStoreDb({ url: double.url }));
  await opening(t, {
    ...world,
    close: async () => {
      await world.close();
      await double.stop();
      remove();
    },
  });
});

t.test('a ticket that was let in ends, and an order it was used for is still answered', async (t) => {
  const world = await queueWorld();
  t.teardown(() => world.close());
  // More come than can be taken all the time, so the room stays.
  const { ledger } = world.start({ capacity: () => 10, isPressed: () => true });
  await ledger.queue.announce({ opensAt: world.time.instant(3) }, by('operator'));
  await world.steps(2);
  const used = await ticketOf(ledger, 'ann', 'kiosk');
  const unused = await ticketOf(ledger, 'bob', 'kiosk');
  await world.steps(5);
  const order = { ...orderOf('kiosk'), orderId: used.orderId };
  t.match(await ledger.orders.place(order, by('ann', 'kiosk')), { kind: 'done' });
  for (let minute = 0; minute < 11; minute++) {
    await ticketOf(ledger, 'crowd', 'bank');
    await world.steps(58);
  }
  t.equal(await statusOf(ledger, unused.ticket, 'bob'), 'expired');
  t.match(await ledger.queue.admit(orderOf('kiosk'), by('bob', 'kiosk'), showing(unused.ticket)), {
    kind: 'not-yet',
  });
  t.match(await ledger.queue.admit(orderOf('kiosk'), by('ann', 'kiosk'), showing(used.ticket)), {
    kind: 'admitted',
  });
});

t.test('without an opening the room opens under lasting pressure and closes when it is quiet', async (t) => {
  const world = await queueWorld();
  t.teardown(() => world.close());
  let isPressed = true;
  const { ledger } = world.start({ capacity: () => 2, isPressed: () => isPressed });
  await world.steps(2);
  t.equal((await ledger.queue.report()).room, undefined, 'not for a moment of it');
  await world.steps(5);
  t.match((await ledger.queue.report()).room, { cause: 'pressure' });

  const tickets: Awaited<ReturnType<typeof ticketOf>>[] = [];
  for (let second = 0; second < 5; second++) {
    for (let each = 0; each < 4; each++) tickets.push(await ticketOf(ledger, `p${second}-${each}`, 'kiosk'));
    await world.steps(1);
  }
  const last = await ledger.queue.look(tickets.at(-1)?.ticket ?? '', { actor: 'p4-3' });
  t.match(last, { status: 'waiting', ahead: Number, estimatedSeconds: Number });
  const letIn: number[] = [];
  for (let second = 0; second < 16; second++) {
    await world.steps(1);
    let count = 0;
    for (const [index, { ticket }] of tickets.entries())
      if ((await statusOf(ledger, ticket, `p${Math.floor(index / 4)}-${index % 4}`)) === 'admitted') count++;
    letIn.push(count);
  }
  t.equal(letIn.at(-1), 20, 'first come, first served, and nobody forgotten');
  t.ok(
    letIn.every((count, index) => count - (letIn[index - 1] ?? count) <= 5),
    `at the pace of what can be taken: ${letIn}`,
  );
  isPressed = false;
  for (let second = 0; second < 15 && ledger.queue.doors() !== 'none'; second++) {
    await ticketOf(ledger, 'late', 'kiosk');
    await world.steps(1);
  }
  t.equal((await ledger.queue.report()).room, undefined, 'closed, though orders still come');
  t.equal(await statusOf(ledger, tickets[0]?.ticket ?? '', 'p0-0'), 'not-needed');
  t.match(await ledger.queue.admit(orderOf('kiosk'), by('ann', 'kiosk'), showing(undefined)), {
    kind: 'admitted',
  });
  // A ticket stays tied to its order, or it would be worth a second one when the room has closed.
  t.match(await ledger.queue.admit(orderOf('kiosk'), by('p0-0', 'kiosk'), showing(tickets[0]?.ticket)), {
    kind: 'admitted',
    orderId: tickets[0]?.orderId,
  });
  const { events } = await world.store.readStream({ stream: QUEUE_STREAM, limit: 10 });
  t.strictSame(
    events.map((event) => serde.decode(event).type),
    ['QueueOpened', 'QueueClosed'],
  );
});

t.test('under pressure who has no ticket gets what room there is, however many wait with one', async (t) => {
  const world = await queueWorld();
  t.teardown(() => world.close());
  const { ledger } = world.start({ capacity: () => 10, isPressed: () => true });
  const unticketed = async () =>
    (await ledger.queue.admit(orderOf('kiosk'), by('ann', 'kiosk'), showing(undefined))).kind;
  await world.steps(7);
  t.equal(ledger.queue.doors(), 'ajar');
  t.equal(await unticketed(), 'admitted', 'while nobody is kept waiting');
  const walkIn = (caller: Caller) =>
    ledger.queue.admit(orderOf('kiosk'), caller, { ticket: undefined, isFull: true });
  const ann = by('ann', 'kiosk');
  const refused = await walkIn(ann);
  t.match(refused, { kind: 'ticket-required', taken: { kind: 'taken', report: { status: 'waiting' } } });
  t.match(
    await walkIn(by('ann', 'bank')),
    { kind: 'ticket-required', taken: undefined },
    'none for another channel',
  );
  const brought = refused.kind === 'ticket-required' ? refused.taken : undefined;
  t.equal(brought?.orderId, ann.commandId, 'for the order that it came with');
  for (let second = 0; second < 8; second++) {
    for (let each = 0; each < 20; each++) await ticketOf(ledger, 'crowd', 'kiosk');
    await world.steps(1);
  }
  t.ok(((await ledger.queue.report()).room?.lines[0]?.waiting ?? 0) > 50, 'a line');
  t.equal(await statusOf(ledger, brought?.ticket ?? '', 'ann'), 'admitted', 'who came first is let in first');
  t.equal(await unticketed(), 'admitted', 'who has none, though there is a line');
});

t.test('who walks in is no reason to let in those more slowly who hold a ticket', async (t) => {
  const world = await queueWorld();
  t.teardown(() => world.close());
  // More come than can be taken all the time, but nobody from the line.
  const { ledger } = world.start({
    capacity: () => 10,
    isPressed: () => true,
    isPressedByLine: () => false,
    came: () => 0,
  });
  await world.steps(7);
  for (let each = 0; each < 2_000; each++) await ticketOf(ledger, 'gone', 'kiosk');
  await world.steps(3);
  const { ticket } = await ticketOf(ledger, 'ann', 'kiosk');
  await world.steps(20);
  t.equal(await statusOf(ledger, ticket, 'ann'), 'admitted', 'not after 200 seconds');
});

t.test(
  'a line whose people have left is passed in seconds, and nobody who comes has to wait for them',
  async (t) => {
    const world = await queueWorld();
    t.teardown(() => world.close());
    let came = 0;
    const { ledger } = world.start({ capacity: () => 10, isPressed: () => false, came: () => came });
    await ledger.queue.announce({ opensAt: world.time.instant(3) }, by('operator'));
    await world.steps(2);
    for (let each = 0; each < 2_000; each++) await ticketOf(ledger, 'gone', 'kiosk');
    await world.steps(3);
    const { ticket, report } = await ticketOf(ledger, 'ann', 'kiosk');
    t.match(report, { status: 'waiting', ahead: Number });
    t.ok('ahead' in report && report.ahead > 1_500);
    await world.steps(15);
    t.equal(await statusOf(ledger, ticket, 'ann'), 'admitted', 'not after 200 seconds');

    for (let each = 0; each < 300; each++) await ticketOf(ledger, 'here', 'kiosk');
    const letIn: number[] = [];
    for (let second = 0; second < 12; second++) {
      // All who are let in come.
      came += 10;
      await world.steps(1);
      const { room } = await ledger.queue.report();
      letIn.push(room?.perSecond ?? 0);
    }
    t.ok((letIn.at(-1) ?? 0) <= 20, `those who come are not overtaken by more than can be taken: ${letIn}`);
  },
);

t.test('a process that gets no orders does not take it for nobody coming', async (t) => {
  const world = await queueWorld();
  t.teardown(() => world.close());
  let came = 0;
  const { ledger } = world.start({ capacity: () => 10, isPressed: () => false, came: () => came });
  world.start({ capacity: () => 10, isPressed: () => false, came: () => 0 });
  await ledger.queue.announce({ opensAt: world.time.instant(3) }, by('operator'));
  await world.steps(2);
  for (let each = 0; each < 1_000; each++) await ticketOf(ledger, 'here', 'kiosk');
  const letIn: number[] = [];
  for (let second = 0; second < 20; second++) {
    // All who are let in come, and all of them to one process.
    came += 10;
    await world.steps(1);
    letIn.push((await ledger.queue.report()).room?.perSecond ?? 0);
  }
  t.ok(Math.max(...letIn) <= 20, `no more than both can take: ${letIn}`);
  const { room } = await ledger.queue.report();
  t.ok((room?.lines[0]?.waiting ?? 0) > 600, 'most of the line waits for its turn');
});

t.test('what a process can take may be more than an event can tell', async (t) => {
  const world = await queueWorld();
  t.teardown(() => world.close());
  const { ledger } = world.start(steady(2_000_000));
  await ledger.queue.announce({ opensAt: world.time.instant(3) }, by('operator'));
  await world.steps(2);
  const { ticket } = await ticketOf(ledger, 'ann', 'kiosk');
  await world.steps(5);
  t.equal(await statusOf(ledger, ticket, 'ann'), 'admitted');
  t.equal((await ledger.queue.report()).room?.perSecond, 1_000_000);
});

t.test('one channel that takes a thousand tickets keeps nobody else out', async (t) => {
  const world = await queueWorld();
  t.teardown(() => world.close());
  const { ledger } = world.start(steady(10));
  const shares = [
    { channel: 'big', weight: 1 },
    { channel: 'small', weight: 4 },
  ];
  await ledger.queue.announce({ opensAt: world.time.instant(3), shares }, by('operator'));
  await world.steps(2);
  for (let each = 0; each < 1_000; each++) await ticketOf(ledger, 'big-1', 'big');
  const few: string[] = [];
  for (let each = 0; each < 30; each++) few.push((await ticketOf(ledger, 'small-1', 'small')).ticket);
  await world.steps(10);
  const states = await Promise.all(few.map((ticket) => statusOf(ledger, ticket, 'small-1')));
  t.equal(states.filter((status) => status === 'admitted').length, 30);
  const { room } = await ledger.queue.report();
  const big = room?.lines.find(({ channel }) => channel === 'big');
  t.ok((big?.waiting ?? 0) > 900, `${big?.waiting} of the big one wait still`);
});

t.test('orders that are kept out before they come to the ledger are pressure too', async (t) => {
  const world = await queueWorld();
  t.teardown(() => world.close());
  const openings = world.start({ keptOut: () => 'everybody', opensUnderPressure: false });
  await world.steps(7);
  t.equal((await openings.ledger.queue.report()).room, undefined, 'not where only openings are wanted');
  await openings.stop();
  const { ledger } = world.start({ keptOut: () => 'everybody' });
  await world.steps(7);
  t.match((await ledger.queue.report()).room, { cause: 'pressure' });
});

t.test('a ticket that its process did not tell of waits for no other process for ever', async (t) => {
  const world = await queueWorld();
  t.teardown(() => world.close());
  const one = world.start();
  const two = world.start();
  await one.ledger.queue.announce({ opensAt: world.time.instant(3) }, by('operator'));
  await world.steps(4);
  const told = await ticketOf(one.ledger, 'ann', 'kiosk');
  await one.stop();
  t.strictSame((await two.ledger.queue.report()).room?.lines, []);
  await world.steps(1);
  t.match(
    (await two.ledger.queue.report()).room,
    { lines: [{ channel: 'kiosk', waiting: 1 }] },
    'a process that stops tells of its last tickets',
  );
  await world.steps(3);
  t.equal(await statusOf(two.ledger, told.ticket, 'ann'), 'admitted');
});

t.test('a ticket of a room that has closed meanwhile is nobody in the line of the next', async (t) => {
  const { directory, remove } = temporaryDirectory();
  t.teardown(remove);
  const store = await openEmbeddedEventStore({
    directory,
    onFatal: (error) => {
      throw error;
    },
  });
  const world = await queueWorld(async () => store);
  t.teardown(() => world.close());
  const one = world.start();
  const two = world.start();
  for (const seconds of [3, 60])
    await one.ledger.queue.announce(
      { opensAt: world.time.instant(seconds), ticketsFrom: world.time.instant(seconds - 2) },
      by('operator'),
    );
  await world.steps(4);
  // From here on it knows only what it is made to read.
  await two.stop();
  await world.steps(55);

  const readStream = store.readStream.bind(store);
  let letGo = (): void => {};
  let isReading = (): void => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const reading = new Promise<void>((resolve) => {
    isReading = resolve;
  });
  store.readStream = async (request) => {
    if (request.stream !== QUEUE_STREAM) {
      isReading();
      await held;
    }
    return readStream(request);
  };
  const refreshed = two.ledger.queue.withdraw('nobody' as OpeningId, {}, by('operator'));
  await reading;
  await ticketOf(two.ledger, 'ann', 'kiosk');
  letGo();
  await refreshed;
  await two.ledger.queue.run({
    signal: AbortSignal.abort(),
    onPortError: (error) => {
      throw error;
    },
  });
  await world.steps(1);
  const { room } = await one.ledger.queue.report();
  t.equal(room?.cause, 'opening');
  t.strictSame(room?.lines, []);
});

t.test('who was let in may use it when the room has closed and another has opened', async (t) => {
  const world = await queueWorld();
  t.teardown(() => world.close());
  let isPressed = false;
  const { ledger } = world.start({ capacity: () => 10, isPressed: () => isPressed });
  const announce = (seconds: number) =>
    ledger.queue.announce(
      { opensAt: world.time.instant(seconds), ticketsFrom: world.time.instant(seconds - 2) },
      by('operator'),
    );
  await announce(3);
  await announce(100);
  await world.steps(2);
  const ann = await ticketOf(ledger, 'ann', 'kiosk');
  await world.steps(5);
  const before = await ledger.queue.look(ann.ticket, { actor: 'ann' });
  t.match(before, { status: 'admitted', until: String });
  await world.steps(80);
  t.equal((await ledger.queue.report()).room, undefined, 'closed');
  await world.steps(15);
  t.match((await ledger.queue.report()).room, { cause: 'opening' }, 'and another is open');
  t.strictSame(await ledger.queue.look(ann.ticket, { actor: 'ann' }), before);
  t.match(await ledger.queue.admit(orderOf('kiosk'), by('ann', 'kiosk'), showing(ann.ticket)), {
    kind: 'admitted',
  });
  isPressed = true;
  for (let minute = 0; minute < 10; minute++) {
    await ticketOf(ledger, 'crowd', 'bank');
    await world.steps(58);
  }
  t.equal(await statusOf(ledger, ann.ticket, 'ann'), 'expired', 'as long as was promised');
});

t.test('what an operator cannot announce or take back', async (t) => {
  const world = await queueWorld();
  t.teardown(() => world.close());
  const { ledger } = world.start();
  const { time } = world;
  await world.steps(1);
  const announce = (body: Parameters<Ledger['queue']['announce']>[0]) =>
    ledger.queue.announce(body, by('operator'));
  const refused = (code: string) => ({ kind: 'refused', refusal: { code } });
  t.match(await announce({ opensAt: time.instant(-5) }), refused('opening-in-the-past'));
  t.match(
    await announce({ opensAt: time.instant(50), ticketsFrom: time.instant(60) }),
    refused('opening-in-the-past'),
  );
  const sale = { openingId: 'sale', opensAt: time.instant(50), ticketsFrom: time.instant(40) };
  t.match(await announce(sale), { kind: 'done', changed: true });
  t.match(await announce(sale), { kind: 'done', changed: false });
  t.match(await announce({ ...sale, title: 'Another' }), refused('opening-exists'));
  t.match(
    await announce({ opensAt: time.instant(45), ticketsFrom: time.instant(30) }),
    refused('openings-overlap'),
  );
  const withdraw = (id: string) => ledger.queue.withdraw(id as OpeningId, {}, by('operator'));
  t.match(await withdraw('nobody'), refused('unknown-opening'));
  t.match(await withdraw('sale'), { kind: 'done', changed: true });
  t.match(await withdraw('sale'), { kind: 'done', changed: false });
  t.match(await announce(sale), refused('opening-exists'));
  await announce({ ...sale, openingId: 'next' });
  await world.steps(41);
  t.match(await withdraw('next'), refused('opening-begun'), 'whoever has a ticket was promised a draw');
});

t.test('more channels than one event may tell of, with the longest names', async (t) => {
  const world = await queueWorld();
  t.teardown(() => world.close());
  const { ledger } = world.start(steady(1_000));
  await ledger.queue.announce({ opensAt: world.time.instant(3) }, by('operator'));
  await world.steps(2);
  const tickets: string[] = [];
  for (let each = 0; each < 600; each++)
    tickets.push((await ticketOf(ledger, 'buyer', String(each).padEnd(64, 'x'))).ticket);
  await world.steps(1);
  t.equal(
    (await ledger.queue.report()).room?.lines.length,
    600,
    'all are told of before their second is over',
  );
  await world.steps(9);
  const states = await Promise.all(tickets.map((ticket) => statusOf(ledger, ticket, 'buyer')));
  t.equal(states.filter((status) => status === 'admitted').length, 600);
});
