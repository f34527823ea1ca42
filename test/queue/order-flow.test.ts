import type { KeptOut } from '@stamp-ledger/ports';
import t from 'tap';
import { by, orderOf, queueWorld, showing } from './world.js';

const DONE = { kind: 'done', changed: true };
const WALK_IN = { hasTicket: false };

t.test('the pace follows what becomes durable, not its own past', async (t) => {
  const world = await queueWorld();
  t.teardown(() => world.close());
  let keptOut: KeptOut = 'nobody';
  const { ledger, flow } = world.start({ keptOut: () => keptOut });
  const ticket = () => ledger.queue.take({ channel: 'kiosk' }, by('ann', 'kiosk'));
  await ledger.queue.announce(
    { opensAt: world.time.instant(62), ticketsFrom: world.time.instant(2) },
    by('operator'),
  );
  await world.steps(3);
  const first = flow.capacity();
  for (let second = 0; second < 59; second++) {
    await ticket();
    await world.steps(1);
  }
  t.ok(flow.capacity() >= first, `a storm of tickets before an opening slows nothing: ${flow.capacity()}`);

  /** Orders that the store has not made durable yet; it makes `most` of them so in a second. */
  const waiting: (() => void)[] = [];
  const run = async (seconds: number, { most, coming }: { most: number; coming: () => number }) => {
    const seen: number[] = [];
    for (let second = 0; second < seconds; second++) {
      await ticket();
      const orders = Array.from({ length: Math.floor(coming()) }, () =>
        flow.run(() => new Promise<typeof DONE>((resolve) => waiting.push(() => resolve(DONE))), WALK_IN),
      );
      const milliseconds = 5 + (1_000 * Math.max(0, waiting.length - most)) / most;
      for (const durable of waiting.splice(0, most)) {
        durable();
        flow.committed(milliseconds);
      }
      void Promise.all(orders);
      await world.steps(1);
      seen.push(flow.capacity());
    }
    return seen;
  };
  const allLetIn = () => flow.capacity();
  const grown = (await run(40, { most: 1_000, coming: allLetIn })).slice(20);
  t.ok(Math.min(...grown) > 600 && Math.max(...grown) < 1_600, `about a thousand: ${grown.join(' ')}`);
  const few = await run(15, { most: 1_000, coming: () => 50 });
  t.equal(few.at(-1), few[5], 'that few come says nothing');
  const refused = await run(15, {
    most: 1_000,
    coming: () => {
      for (let each = 0; each < 1_500; each++) void flow.run(async () => ({ kind: 'refused' }), WALK_IN);
      return 50;
    },
  });
  t.equal(refused.at(-1), few[5], 'nor do those that write nothing');
  const slowed = await run(25, { most: 200, coming: allLetIn });
  t.ok((slowed.at(-1) ?? 0) < 400, `a store that does less is followed: ${slowed.join(' ')}`);
  const back = await run(20, { most: 1_000, coming: allLetIn });
  t.ok(Math.max(...back) > 800, `and one that does more again: ${back.join(' ')}`);
  keptOut = 'walk-ins';
  const full = await run(15, { most: 400, coming: () => 400 });
  t.ok(
    (full.at(-1) ?? 0) < 450,
    `while some find no room, what is done is all that can be: ${full.join(' ')}`,
  );
  keptOut = 'nobody';
  t.ok(Math.max(...(await run(10, { most: 1_000, coming: allLetIn }))) > 800, 'and no longer');
});

t.test('who comes with a ticket is counted once, when the order is taken', async (t) => {
  const world = await queueWorld();
  t.teardown(() => world.close());
  const { ledger, flow } = world.start({ keptOut: () => 'nobody' });
  await ledger.queue.announce({ opensAt: world.time.instant(3) }, by('operator'));
  await world.steps(2);
  const [ann, ben] = [by('ann', 'kiosk'), by('ben', 'kiosk')];
  const taken = await ledger.queue.take({ channel: 'kiosk' }, ann);
  if (taken.kind !== 'taken') throw new Error(`the ledger answered ${taken.kind}`);
  await world.steps(6);
  const order = orderOf('kiosk');
  const admission = await ledger.queue.admit(order, ann, showing(taken.ticket));
  if (admission.kind !== 'admitted') throw new Error(`the ledger answered ${admission.kind}`);
  t.equal(admission.hasTicket, true);
  t.equal(flow.came(), 0, 'that it may come is not yet that it did');
  const { orderId } = admission;
  for (const caller of [ann, by('ann', 'kiosk'), by('ann', 'kiosk')])
    await ledger.orders.place({ ...order, orderId }, caller, admission);
  t.equal(flow.came(), 1);
  await ledger.orders.place(order, ben);
  t.equal(flow.came(), 1, 'who walks in is nobody of the line');
});
