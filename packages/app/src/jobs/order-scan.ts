import { LIMITS, type OrderCursor, type OrderView } from '@stamp-ledger/ports';
import type { Context } from '../context.js';
import { queueKey } from '../queue-key.js';
import type { StockShelves } from './stock-shelf.js';

/** A waiting order, and the place in the listing right before it. */
export interface ScannedOrder {
  readonly order: OrderView;
  readonly before: OrderCursor | undefined;
}

/** Orders of one queue that were passed over: where the first one stands, and the fewest stamps that would help one. */
interface PassedOver {
  readonly order: OrderView;
  readonly before: OrderCursor | undefined;
  readonly fewest: number;
}

/**
 * Goes through the paid orders in the order of payment, each once: a long line of orders that wait for stock is not gone
 * through again for every event, but only when the stock of one of their queues has grown enough to help. Now and then
 * all are looked at again, for whatever came into the listing behind the place already reached.
 */
export class OrderScan {
  #reached: OrderCursor | undefined;
  #atEnd = false;
  #fromFrontAt: number;
  readonly #passedOver = new Map<string, PassedOver>();

  constructor(
    private readonly context: Pick<Context, 'readModels' | 'runtime'>,
    private readonly shelves: StockShelves,
  ) {
    this.#fromFrontAt = context.runtime.clock.monotonicMilliseconds();
  }

  /** Whether the last round saw the end of the listing. */
  get atEnd(): boolean {
    return this.#atEnd;
  }

  /** Goes back to the first order that the stock of today may help. */
  async beginRound(): Promise<void> {
    this.#atEnd = false;
    const now = this.context.runtime.clock.monotonicMilliseconds();
    if (now - this.#fromFrontAt > LIMITS.fulfilRescanMilliseconds) this.restart();
    for (const [key, { order, before, fewest }] of this.#passedOver) {
      const shelf = this.shelves.of(order);
      const inStock = await this.context.readModels.stockCount({
        channel: order.channel,
        denomination: order.denomination,
      });
      if (Math.max(0, inStock - shelf.takenCount) < fewest) continue;
      this.#passedOver.delete(key);
      if (before === undefined || (this.#reached !== undefined && before < this.#reached))
        this.#reached = before;
    }
  }

  /** Orders from the place reached on, at most {@link LIMITS.scannedOrders} in one round. */
  async *next(): AsyncGenerator<ScannedOrder, void, undefined> {
    for (let scanned = 0; scanned < LIMITS.scannedOrders; ) {
      const page = await this.context.readModels.ordersToFulfil({
        limit: LIMITS.fulfilOrders,
        ...(this.#reached === undefined ? {} : { after: this.#reached }),
      });
      for (const order of page) {
        const before = this.#reached;
        this.#reached = order.cursor;
        yield { order, before };
      }
      scanned += page.length;
      if (page.length < LIMITS.fulfilOrders) {
        this.#atEnd = true;
        return;
      }
    }
  }

  /** The order stays where it is until its queue has `missing` stamps more. */
  passOver({ order, before }: ScannedOrder, missing: number): void {
    const key = queueKey(order);
    const known = this.#passedOver.get(key);
    if (known === undefined) this.#passedOver.set(key, { order, before, fewest: missing });
    else
      this.#passedOver.set(key, {
        order,
        before: earlier(known.before, before),
        fewest: Math.min(known.fewest, missing),
      });
  }

  restart(): void {
    this.#reached = undefined;
    this.#passedOver.clear();
    this.#fromFrontAt = this.context.runtime.clock.monotonicMilliseconds();
  }
}

/** The front of the listing has no cursor before it. */
const earlier = (a: OrderCursor | undefined, b: OrderCursor | undefined): OrderCursor | undefined =>
  a === undefined || b === undefined ? undefined : a < b ? a : b;
