import { orderStream } from '@stamp-ledger/codec';
import type { OrderId, Serial } from '@stamp-ledger/domain';
import { LIMITS, type OrderView, type StockItem } from '@stamp-ledger/ports';
import type { CommandSource } from '../aggregate.js';
import type { Context } from '../context.js';
import { mustBeCaughtUp, seenByAll } from '../freshness.js';
import { fromProcess } from '../sources.js';
import { WORK_KEYS } from '../work-keys.js';
import { appendOneEach, type StampStep } from './append-one-each.js';
import type { Job, RoundResult } from './job.js';
import { OrderScan, type ScannedOrder } from './order-scan.js';
import { Recently } from './recently.js';
import { StockShelves } from './stock-shelf.js';

/** An order with the stamps that will be its own: those sold for it before a crash or conflict, and new ones. */
interface Assignment {
  readonly scanned: ScannedOrder;
  readonly source: CommandSource;
  readonly sold: readonly Serial[];
  readonly items: readonly StockItem[];
}

/**
 * Fulfils paid orders from their channel's stock, in the order in which they were paid. An order that the stock can not
 * cover is passed over, so that it holds up nobody; it stays paid and is taken up again when its stock has grown.
 *
 * Stamps are sold first and the order fulfilled after. Between the two, a crash leaves stamps that say which order they
 * were sold for: the next start counts them in. An order cancelled or refunded meanwhile gets its stamps taken back by
 * the return job. Two fulfillers can not sell one stamp: every sale expects the stamp's revision.
 */
export function fulfilJob(context: Context): Job {
  const { readModels, store, runtime, share } = context;
  const shelves = new StockShelves(readModels);
  const scan = new OrderScan(context, shelves);
  /** Orders closed, until the read models show it. */
  const closed = new Recently<OrderId>();
  /** Orders that got only a part of their stamps, until the read models show which. */
  const short = new Recently<OrderId>();
  let started = false;
  let term = share.term();

  async function soldFor(order: OrderView): Promise<readonly Serial[]> {
    if (order.outstanding === 0) return [];
    const stamps = await readModels.stampsOfOrder(order.orderId);
    return stamps.filter(({ state }) => state !== 'voided').map(({ serial }) => serial);
  }

  async function assign(): Promise<Assignment[]> {
    const assignments: Assignment[] = [];
    let stamps = 0;
    for await (const scanned of scan.next()) {
      const { order } = scanned;
      if (closed.has(order.orderId) || !share.owns(WORK_KEYS.channel(order.channel))) continue;
      if (short.has(order.orderId)) {
        scan.passOver(scanned, 0);
        continue;
      }
      const sold = await soldFor(order);
      const missing = Math.max(0, order.quantity - sold.length);
      const items = await shelves.of(order).take(missing);
      if (items === undefined) {
        scan.passOver(scanned, missing);
        continue;
      }
      assignments.push({ scanned, source: fromProcess('fulfilment', order.orderId), sold, items });
      stamps += items.length;
      if (assignments.length >= LIMITS.fulfilOrders || stamps >= LIMITS.fulfilStamps) break;
    }
    return assignments;
  }

  async function sell(assignments: readonly Assignment[]): Promise<Assignment[]> {
    const steps = assignments.flatMap(saleSteps);
    if (steps.length === 0) return [...assignments];
    const { appended } = await appendOneEach(context, steps, runtime.clock.now());
    const sold = new Set(appended.map(({ serial }) => serial));
    // What was fetched ahead is old where one of its stamps had moved on.
    for (const { scanned, items } of assignments)
      if (items.some(({ serial }) => !sold.has(serial))) shelves.of(scanned.order).drop();
    return assignments.map(({ scanned, source, sold: before, items }) => ({
      scanned,
      source,
      sold: [...before, ...items.map(({ serial }) => serial).filter((serial) => sold.has(serial))],
      items,
    }));
  }

  async function close({ scanned, source, sold }: Assignment): Promise<void> {
    const { order } = scanned;
    if (sold.length < order.quantity) {
      // Somebody else took a stamp first. What was sold counts once the read models show it.
      short.add(order.orderId);
      scan.passOver(scanned, 0);
      return;
    }
    closed.add(order.orderId);
    const result = await context.aggregates.orders.execute({
      stream: orderStream(order.orderId),
      source,
      // More than ordered may have been sold by two fulfillers: the return job takes back what the order does not keep.
      command: () => ({ kind: 'fulfil', serials: sold.slice(0, order.quantity) }),
    });
    // A refusal says that the order was cancelled or refunded first: its stamps are now the return job's.
    if (result.kind === 'done') context.fulfilmentRates.add(order);
  }

  async function settle(): Promise<void> {
    const head = await store.head();
    if (head === undefined) return;
    shelves.settle(head);
    closed.settle(head);
    short.settle(head);
  }

  /** Stock and waiting orders are the inventory's, the stamps of an order the verification model's. */
  function forget(): void {
    const inventory = seenByAll(readModels, ['inventory']);
    if (inventory !== undefined) {
      shelves.forget(inventory);
      closed.forget(inventory);
    }
    const both = seenByAll(readModels, ['inventory', 'verification']);
    if (both !== undefined) short.forget(both);
  }

  /** What was written is unknown: forget what was remembered and begin from the log, as after a crash. */
  function beginAgain(): void {
    started = false;
    shelves.clear();
    closed.clear();
    short.clear();
    scan.restart();
  }

  async function round(): Promise<RoundResult> {
    try {
      if (share.term() !== term) beginAgain();
      term = share.term();
      if (!started) await mustBeCaughtUp(context);
      started = true;
      forget();
      shelves.beginRound();
      await scan.beginRound();
      const assignments = await assign();
      // Side by side, so that the closing events share their commits.
      await Promise.all((await sell(assignments)).map(close));
      await settle();
      return assignments.length > 0 || !scan.atEnd ? 'worked' : 'idle';
    } catch (error) {
      beginAgain();
      throw error;
    }
  }

  return { name: 'fulfilment', round };
}

function saleSteps({ scanned, source, items }: Assignment): StampStep[] {
  const { orderId, channel, holder } = scanned.order;
  return items.map(({ serial, revision }) => ({
    serial,
    expected: revision,
    source,
    event: { type: 'StampSold', data: { serial, channel, holder, orderId } },
  }));
}
