import { fromThousandths, type LoggedEvent, toThousandths } from '@stamp-ledger/app';
import type { StampCounts } from '@stamp-ledger/client';
import type { Money } from '@stamp-ledger/domain';

export type Stage = keyof StampCounts;
export const STAGES: readonly Stage[] = [
  'inStock',
  'allocated',
  'sold',
  'reserved',
  'outcomeUnknown',
  'affixed',
  'voided',
];
export const SUMS = ['paid', 'pending', 'fulfilled', 'refunded'] as const;

type Of<Type extends LoggedEvent['type']> = Extract<LoggedEvent, { readonly type: Type }>;

/** The issuer's own stock. */
const DIRECT = 'direct';

/** One batch, channel and denomination, as the log alone tells. */
export interface BookGroup extends Record<Stage, number> {
  readonly batchId: string;
  readonly channel: string;
  readonly denomination: Money;
  minted: number;
}

/** One currency, in thousandths of its major unit. */
export type BookMoney = Record<(typeof SUMS)[number], bigint>;

interface Stamp {
  group: BookGroup;
  stage: Stage;
  revision: number;
  /** Of a sale without an order, until it is refunded. */
  payment?: Money;
}

interface Order {
  status: 'placed' | 'pending' | 'fulfilled' | 'closed';
  revision: number;
  payment?: Money;
}

/**
 * The books of a ledger kept from its events alone, by code that shares nothing with the ledger's read models. Holds one
 * small record a stamp and an order.
 */
export class Books {
  readonly #groups = new Map<string, BookGroup>();
  readonly #money = new Map<string, BookMoney>();
  readonly #stamps = new Map<string, Stamp>();
  readonly #orders = new Map<string, Order>();
  #events = 0;

  /** `onFault` is told of what no history may hold: a stream with a gap, a stamp sold twice. */
  constructor(private readonly onFault: (fault: string) => void) {}

  get events(): number {
    return this.#events;
  }

  get groups(): Iterable<BookGroup> {
    return this.#groups.values();
  }

  get money(): ReadonlyMap<string, BookMoney> {
    return this.#money;
  }

  /** The stamps of one group. */
  *stampsOf(wanted: BookGroup): Generator<{
    readonly serial: string;
    readonly stage: Stage;
    readonly revision: number;
  }> {
    for (const [serial, { group, stage, revision }] of this.#stamps)
      if (group === wanted) yield { serial, stage, revision };
  }

  /** Takes the next event. */
  take(event: LoggedEvent): void {
    this.#events += 1;
    const cut = event.stream.indexOf('-');
    const id = event.stream.slice(cut + 1);
    switch (event.stream.slice(0, cut)) {
      case 'stamp':
        this.#takeOfStamp(id, event);
        return;
      case 'order':
        this.#takeOfOrder(id, event);
        return;
    }
  }

  #takeOfStamp(serial: string, event: LoggedEvent): void {
    const stamp = this.#stamps.get(serial);
    if (stamp !== undefined) this.#follows(event, stamp);
    if (event.type === 'StampMinted') {
      if (stamp !== undefined) this.onFault(`${event.stream} was minted twice`);
      this.#mint(serial, event);
    } else if (stamp !== undefined) this.#step(stamp, event);
    else if (event.type !== 'StampVerified') this.onFault(`${event.stream} begins with ${event.type}`);
  }

  /** Revisions without a gap: nothing of a stream was left out, swapped or put in. */
  #follows(event: LoggedEvent, known: { revision: number }): void {
    if (event.revision !== known.revision + 1)
      this.onFault(`${event.stream}: revision ${event.revision} comes after ${known.revision}`);
    known.revision = event.revision;
  }

  #mint(serial: string, event: Of<'StampMinted'>): void {
    const { batchId, denomination } = event.data;
    const group = this.#group(batchId, DIRECT, denomination);
    group.minted += 1;
    group.inStock += 1;
    this.#stamps.set(serial, { group, stage: 'inStock', revision: event.revision });
  }

  #step(stamp: Stamp, event: LoggedEvent): void {
    switch (event.type) {
      case 'StampAllocated':
        this.#move(stamp, event.data.channel, 'allocated');
        return;
      case 'StampDeallocated':
        this.#move(stamp, DIRECT, 'inStock');
        return;
      case 'StampSold':
        this.#sell(stamp, event);
        return;
      case 'StampReserved':
        this.#become(stamp, 'reserved');
        return;
      case 'StampReleased':
        this.#become(stamp, 'sold');
        return;
      case 'AffixOutcomeUnknown':
        this.#become(stamp, 'outcomeUnknown');
        return;
      case 'AffixOutcomeResolved':
        this.#become(stamp, event.data.result === 'affixed' ? 'affixed' : 'sold');
        return;
      case 'StampAffixed':
        if (stamp.stage === 'affixed') this.onFault(`${event.stream} was affixed twice`);
        this.#become(stamp, 'affixed');
        return;
      case 'StampVoided':
        this.#become(stamp, 'voided');
        if (event.data.reason === 'refund') this.#refundSale(stamp);
        return;
    }
  }

  #sell(stamp: Stamp, event: Of<'StampSold'>): void {
    const { channel, orderId, payment } = event.data;
    if (stamp.stage !== 'inStock' && stamp.stage !== 'allocated')
      this.onFault(`${event.stream} was sold when it was ${stamp.stage}`);
    if (channel !== stamp.group.channel)
      this.onFault(`${event.stream} was sold by ${channel} from the stock of ${stamp.group.channel}`);
    this.#become(stamp, 'sold');
    if (orderId !== undefined || payment === undefined) return;
    stamp.payment = payment;
    this.#count(payment, undefined, 'fulfilled');
  }

  #refundSale(stamp: Stamp): void {
    if (stamp.payment === undefined) return;
    this.#count(stamp.payment, 'fulfilled', 'refunded');
    delete stamp.payment;
  }

  /** Into another channel's stock. */
  #move(stamp: Stamp, channel: string, stage: Stage): void {
    const { batchId, denomination } = stamp.group;
    stamp.group.minted -= 1;
    stamp.group[stamp.stage] -= 1;
    stamp.group = this.#group(batchId, channel, denomination);
    stamp.stage = stage;
    stamp.group.minted += 1;
    stamp.group[stage] += 1;
  }

  #become(stamp: Stamp, stage: Stage): void {
    stamp.group[stamp.stage] -= 1;
    stamp.group[stage] += 1;
    stamp.stage = stage;
  }

  #takeOfOrder(id: string, event: LoggedEvent): void {
    const order = this.#orders.get(id);
    if (order === undefined) {
      if (event.type !== 'OrderPlaced') this.onFault(`${event.stream} begins with ${event.type}`);
      this.#orders.set(id, { status: 'placed', revision: event.revision });
      return;
    }
    this.#follows(event, order);
    switch (event.type) {
      case 'OrderPaid':
        if (order.payment !== undefined) this.onFault(`${event.stream} was paid twice`);
        order.payment = event.data.payment;
        order.status = 'pending';
        this.#count(order.payment, undefined, 'pending');
        return;
      case 'OrderFulfilled':
        if (order.payment !== undefined) this.#count(order.payment, 'pending', 'fulfilled');
        order.status = 'fulfilled';
        return;
      case 'OrderRefunded':
        if (order.payment !== undefined)
          this.#count(order.payment, order.status === 'fulfilled' ? 'fulfilled' : 'pending', 'refunded');
        order.status = 'closed';
        return;
    }
  }

  #count(
    money: Money,
    from: 'pending' | 'fulfilled' | undefined,
    to: Exclude<keyof BookMoney, 'paid'>,
  ): void {
    const amount = toThousandths(money.amount) ?? 0n;
    const sums = this.#money.get(money.currency) ?? { paid: 0n, pending: 0n, fulfilled: 0n, refunded: 0n };
    if (from === undefined) sums.paid += amount;
    else sums[from] -= amount;
    sums[to] += amount;
    this.#money.set(money.currency, sums);
  }

  #group(batchId: string, channel: string, denomination: Money): BookGroup {
    const key = groupKey({ batchId, channel, denomination });
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const made = {
      batchId,
      channel,
      denomination,
      minted: 0,
      inStock: 0,
      allocated: 0,
      sold: 0,
      reserved: 0,
      outcomeUnknown: 0,
      affixed: 0,
      voided: 0,
    };
    this.#groups.set(key, made);
    return made;
  }
}

/** One text for one group, however the amount is written. */
export function groupKey({
  batchId,
  channel,
  denomination: { amount, currency },
}: Pick<BookGroup, 'batchId' | 'channel' | 'denomination'>): string {
  const thousandths = toThousandths(amount);
  const plain = thousandths === undefined ? amount : fromThousandths(thousandths);
  return `${batchId} ${channel} ${currency} ${plain}`;
}
