import type { EventAnswer } from '@stamp-ledger/client';
import { StampLife } from './lives.js';
import { DENOMINATION, type OrderFate, type PlannedOrder } from './scenario.js';
import type { World } from './world.js';

const REFUND_POLICY = '2024-09-09/full';
const AFTERWARDS_MILLISECONDS = 400;

const FINAL: Readonly<Record<OrderFate, string>> = {
  paid: 'OrderFulfilled',
  'paid-later': 'OrderFulfilled',
  'sent-twice': 'OrderFulfilled',
  cancelled: 'OrderCancelled',
  refunded: 'OrderRefunded',
};

/** The last event that an answer may speak of: the ledger can be further along by the time it answers. */
const PAID = ['OrderPaid', 'OrderFulfilled'] as const;
export const PLACED = ['OrderPlaced', ...PAID] as const;

/** Event types that the follower subscribes to. */
export const ORDER_OUTCOMES = ['OrderFulfilled', 'OrderCancelled', 'OrderRejected', 'OrderRefunded'] as const;

/** All orders of the replay: places them when they are due, and goes on with each when the ledger says it is fulfilled. */
export class Orders {
  readonly #planned = new Map<string, PlannedOrder>();
  /** Accepted and not yet where its fate ends. */
  readonly #open = new Set<string>();
  /** Fulfilled before the answer that accepted it came: after a kill, for example. */
  readonly #ended = new Set<string>();
  readonly #seenEvents = new Set<string>();
  #accepted = 0;

  constructor(private readonly world: World) {
    for (const order of world.plan.orders) this.#planned.set(order.orderId, order);
  }

  get accepted(): number {
    return this.#accepted;
  }

  /** Accepted orders that are not settled. */
  get open(): number {
    return this.#open.size;
  }

  get openIds(): readonly string[] {
    return [...this.#open].slice(0, 5);
  }

  start(): void {
    for (const order of this.#planned.values()) this.world.live(order.orderId, () => this.#place(order));
  }

  /** An order outside the plan was accepted; it is paid and ends with its stamps. */
  acceptedElsewhere(orderId: string): void {
    this.#accept(orderId);
  }

  /** One event of the feed. Each comes once and only once. */
  take(event: EventAnswer): void {
    const { world } = this;
    world.faults.expect(!this.#seenEvents.has(event.id), () => `the feed brought ${event.id} twice`);
    this.#seenEvents.add(event.id);
    const orderId = event.stream.slice('order-'.length);
    const order = this.#planned.get(orderId);
    if (event.type === (order === undefined ? 'OrderFulfilled' : FINAL[order.fate])) this.#end(orderId);
    if (event.type === 'OrderRejected') world.faults.add(`${orderId} was rejected`);
    if (event.type !== 'OrderFulfilled') return;
    world.figures.count('orders fulfilled');
    if (order !== undefined) this.#fulfilled(order, serialsOf(event));
  }

  async #place(order: PlannedOrder): Promise<void> {
    const { client, facts, faults, figures, loop } = this.world;
    const paidAtOnce = order.fate !== 'paid-later' && order.fate !== 'cancelled';
    const body = {
      orderId: order.orderId,
      channel: order.channel,
      holder: order.holder,
      denomination: DENOMINATION,
      quantity: order.stamps.length,
      ...(paidAtOnce ? { payment: paymentOf(order) } : {}),
    };
    const place = () => client.orders.place(body, { key: `place-${order.orderId}` });
    const answer = await this.world.call('order', order.at, place);
    figures.acceptedOrder(loop.now());
    facts.add(answer, `order-${order.orderId}`, ...PLACED);
    this.#accept(order.orderId);
    if (order.fate === 'paid-later') return this.#pay(order);
    if (order.fate === 'cancelled') return this.#cancel(order);
    if (order.fate !== 'sent-twice') return;
    const again = await this.world.call('order', this.world.soon(AFTERWARDS_MILLISECONDS), place);
    figures.count('orders sent twice');
    faults.expect(
      again.body.orderId === answer.body.orderId,
      () => `${order.orderId} was sent twice and came back as ${again.body.orderId}`,
    );
  }

  async #pay(order: PlannedOrder): Promise<void> {
    const { client, facts } = this.world;
    const answer = await this.world.call('order', this.world.soon(AFTERWARDS_MILLISECONDS), () =>
      client.orders.pay(order.orderId, paymentOf(order), { key: `pay-${order.orderId}` }),
    );
    facts.add(answer, `order-${order.orderId}`, ...PAID);
  }

  async #cancel(order: PlannedOrder): Promise<void> {
    const { client, facts, figures } = this.world;
    const answer = await this.world.call('order', this.world.soon(AFTERWARDS_MILLISECONDS), () =>
      client.orders.cancel(order.orderId, { reason: 'changed-mind' }, { key: `cancel-${order.orderId}` }),
    );
    facts.add(answer, `order-${order.orderId}`, 'OrderCancelled');
    figures.count('orders cancelled');
  }

  #fulfilled(order: PlannedOrder, serials: readonly string[]): void {
    const { world } = this;
    world.figures.latency('order to stamps', world.loop.now() - order.at);
    world.faults.expect(
      serials.length === order.stamps.length,
      () => `${order.orderId}: ${serials.length} stamps for ${order.stamps.length}`,
    );
    if (order.fate === 'refunded') {
      world.live(order.orderId, () => this.#refund(order));
      return;
    }
    order.stamps.forEach((stamp, index) => {
      const serial = serials[index];
      if (serial !== undefined) world.live(serial, () => new StampLife(world, serial, stamp).run());
    });
  }

  async #refund(order: PlannedOrder): Promise<void> {
    const { client, facts, figures } = this.world;
    const body = { policyVersion: REFUND_POLICY, reason: 'not-used' };
    const answer = await this.world.call('refund', this.world.soon(AFTERWARDS_MILLISECONDS), () =>
      client.orders.refund(order.orderId, body, { key: `refund-${order.orderId}` }),
    );
    facts.add(answer, `order-${order.orderId}`, 'OrderRefunded');
    figures.count('orders refunded');
  }

  #accept(orderId: string): void {
    this.#accepted += 1;
    if (!this.#ended.has(orderId)) this.#open.add(orderId);
  }

  #end(orderId: string): void {
    this.#ended.add(orderId);
    this.#open.delete(orderId);
  }
}

const paymentOf = (order: PlannedOrder) => ({
  reference: order.paymentReference,
  amount: String(Number(DENOMINATION.amount) * order.stamps.length),
  currency: DENOMINATION.currency,
  paidAt: order.paidAt,
});

function serialsOf(event: EventAnswer): readonly string[] {
  const serials = event.data.serials;
  return Array.isArray(serials) ? (serials as readonly string[]) : [];
}
