import { orderStream } from '@stamp-ledger/codec';
import type { Serial } from '@stamp-ledger/domain';
import { LIMITS, type OrderCursor, type OrderView, type StockItem } from '@stamp-ledger/ports';
import type { Context } from '../context.js';
import { mustBeCaughtUp } from '../freshness.js';
import { fromProcess } from '../sources.js';
import { appendOneEach, type StampStep } from './append-one-each.js';
import type { Job, RoundResult } from './job.js';
import { Recently } from './recently.js';
import { StockShelf } from './stock-shelf.js';

/** An order with the stamps that will be its own: those sold for it before a crash or conflict, and new ones. */
interface Assignment {
  readonly order: OrderView;
  readonly sold: readonly Serial[];
  readonly items: readonly StockItem[];
}

/**
 * Fulfils paid orders from their channel's stock, in the order in which they were paid. An order that the stock can not
 * cover is passed over, so that it holds up nobody; it stays paid and is tried again when the stock changes.
 *
 * Stamps are sold first and the order fulfilled after. Between the two, a crash leaves stamps that say which order they
 * were sold for: the next start counts them in. An order cancelled or refunded meanwhile gets its stamps taken back by
 * the return job. Two fulfillers can not sell one stamp: every sale expects the stamp's revision.
 */
export function fulfilJob(context: Context): Job {
  const { readModels, store, runtime } = context;
  const taken = new Recently<Serial>();
  const settled = new Recently<OrderView['orderId']>();
  const shelves = new Map<string, StockShelf>();
  /** Stamps this process has sold for orders that are not complete yet, ahead of the read model. */
  const partly = new Map<OrderView['orderId'], readonly Serial[]>();
  let resumeAfter: OrderCursor | undefined;
  let started = false;

  function shelf({ channel, denomination }: OrderView): StockShelf {
    const key = `${channel}\n${denomination.amount}\n${denomination.currency}`;
    const known = shelves.get(key);
    if (known !== undefined) return known;
    const made = new StockShelf(readModels, { channel, denomination }, taken);
    shelves.set(key, made);
    return made;
  }

  async function soldFor(order: OrderView): Promise<readonly Serial[]> {
    const known = partly.get(order.orderId);
    if (known !== undefined || order.outstanding === 0) return known ?? [];
    const stamps = await readModels.stampsOfOrder(order.orderId);
    return stamps.filter(({ state }) => state !== 'voided').map(({ serial }) => serial);
  }

  async function assign(): Promise<Assignment[]> {
    const assignments: Assignment[] = [];
    let stamps = 0;
    for (let scanned = 0; scanned < LIMITS.scannedOrders; ) {
      const page = await readModels.ordersToFulfil({
        limit: LIMITS.fulfilOrders,
        ...(resumeAfter === undefined ? {} : { after: resumeAfter }),
      });
      scanned += page.length;
      for (const order of page) {
        resumeAfter = order.cursor;
        if (settled.has(order.orderId)) continue;
        const sold = await soldFor(order);
        const items = await shelf(order).take(order.quantity - sold.length);
        if (items === undefined) continue;
        assignments.push({ order, sold, items });
        stamps += items.length;
        if (assignments.length >= LIMITS.fulfilOrders || stamps >= LIMITS.fulfilStamps)
          return fromTheFront(assignments);
      }
      if (page.length < LIMITS.fulfilOrders) return fromTheFront(assignments);
    }
    // So many orders wait for stock that one round does not see them all: the next goes on behind them.
    return assignments;
  }

  function fromTheFront(assignments: Assignment[]): Assignment[] {
    resumeAfter = undefined;
    return assignments;
  }

  async function sell(assignments: readonly Assignment[]): Promise<Assignment[]> {
    const steps = assignments.flatMap(({ order, items }) => saleSteps(order, items));
    if (steps.length === 0) return [...assignments];
    const { appended } = await appendOneEach(context, steps, runtime.clock.now());
    const sold = new Set(appended.map(({ serial }) => serial));
    return assignments.map(({ order, sold: before, items }) => ({
      order,
      sold: [...before, ...items.map(({ serial }) => serial).filter((serial) => sold.has(serial))],
      items,
    }));
  }

  async function close({ order, sold }: Assignment): Promise<void> {
    if (sold.length < order.quantity) {
      partly.set(order.orderId, sold);
      return;
    }
    const result = await context.aggregates.orders.execute({
      stream: orderStream(order.orderId),
      source: fromProcess('fulfilment', order.orderId),
      command: () => ({ kind: 'fulfil', serials: sold }),
    });
    // A refusal says that the order was cancelled or refunded first: its stamps are now the return job's.
    partly.delete(order.orderId);
    settled.add(order.orderId);
    if (result.kind === 'done') context.fulfilmentRate.add(1);
  }

  async function round(): Promise<RoundResult> {
    if (!started) await mustBeCaughtUp(context);
    started = true;
    const seen = readModels.status().find(({ projection }) => projection === 'inventory')?.position;
    if (seen !== undefined) {
      taken.forget(seen);
      settled.forget(seen);
    }
    for (const each of shelves.values()) each.beginRound();
    const assignments = await assign();
    if (assignments.length === 0) return resumeAfter === undefined ? 'idle' : 'worked';
    try {
      // Side by side, so that the closing events share their commits.
      await Promise.all((await sell(assignments)).map(close));
    } catch (error) {
      // What was written is unknown: forget what was remembered and begin from the log, as after a crash.
      started = false;
      partly.clear();
      shelves.clear();
      throw error;
    } finally {
      const head = await store.head();
      if (head !== undefined) {
        taken.settle(head);
        settled.settle(head);
      }
    }
    return 'worked';
  }

  return { name: 'fulfilment', round };
}

function saleSteps({ orderId, channel, holder }: OrderView, items: readonly StockItem[]): StampStep[] {
  const source = fromProcess('fulfilment', orderId);
  return items.map(({ serial, revision }) => ({
    serial,
    expected: revision,
    source,
    event: { type: 'StampSold', data: { serial, channel, holder, orderId } },
  }));
}
