import { outOfOrder, releaseEverybody } from '../../queue/release.js';
import { by, orderOf, queueWorld, showing, steady } from '../../queue/world.js';

export interface Fairness {
  readonly tickets: number;
  /** Let in after somebody who stands behind them by the rule. */
  readonly outOfOrder: number;
  readonly notLetIn: number;
  /** Tickets that were forged, passed on or used twice; and those of them that let anything in. */
  readonly abuses: number;
  readonly abused: number;
}

/** Lets 100,000 in by the rule, and tries what must not let anybody in. */
export async function measureFairness(): Promise<Fairness> {
  const { tickets, notLetIn } = releaseEverybody();
  const jumped = outOfOrder(tickets).reduce((sum, line) => sum + line.jumped, 0);
  return { tickets: tickets.length, outOfOrder: jumped, notLetIn, ...(await abuse()) };
}

/** With an admitted ticket of one buyer: each of its characters changed, in other hands, for another order, and again. */
async function abuse(): Promise<Pick<Fairness, 'abuses' | 'abused'>> {
  const world = await queueWorld();
  try {
    const { ledger } = world.start(steady(10));
    await ledger.queue.announce({ opensAt: world.time.instant(3) }, by('operator'));
    await world.steps(2);
    const taken = await ledger.queue.take({ channel: 'kiosk' }, by('ann', 'kiosk'));
    if (taken.kind !== 'taken') throw new Error(`no ticket was given: ${taken.kind}`);
    const { ticket, orderId } = taken;
    await world.steps(6);
    const admits = async (
      text: string,
      actor = 'ann',
      order: ReturnType<typeof orderOf> = orderOf('kiosk'),
    ) => (await ledger.queue.admit(order, by(actor, 'kiosk'), showing(text))).kind === 'admitted';
    if (!(await admits(ticket))) throw new Error('a good ticket was not let in');
    const forged = Array.from(ticket, (character, at) =>
      admits(ticket.slice(0, at) + (character === 'a' ? 'b' : 'a') + ticket.slice(at + 1)),
    );
    const others = [
      admits(ticket, 'bob'),
      admits(ticket, 'ann', { ...orderOf('kiosk'), orderId: 'another' }),
    ];
    const place = (holder: string) =>
      ledger.orders.place({ ...orderOf('kiosk', holder), orderId }, by('ann', 'kiosk'));
    await place('first');
    const replayed = place('second').then(({ kind }) => kind !== 'refused');
    const letIn = await Promise.all([...forged, ...others, replayed]);
    return { abuses: letIn.length, abused: letIn.filter(Boolean).length };
  } finally {
    await world.close();
  }
}
