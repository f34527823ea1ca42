import { orderStream, stampStream } from '@stamp-ledger/codec';
import type { Serial, StampCommand, StampState } from '@stamp-ledger/domain';
import { LIMITS, type OrderView } from '@stamp-ledger/ports';
import type { Context } from '../context.js';
import { seenByAll } from '../freshness.js';
import { fromProcess } from '../sources.js';
import { WORK_KEYS } from '../work-keys.js';
import { eachByItself } from './each-by-itself.js';
import type { Job } from './job.js';
import { Recently } from './recently.js';

/**
 * Takes back the stamps of orders that were refunded or cancelled, and those that two fulfillers sold for one order
 * beyond what was ordered. A sold stamp is returned by voiding it. One that its holder affixed in the moment before is
 * revoked, with the order as evidence: nobody keeps both stamp and money.
 */
export function returnStampsJob(context: Context): Job {
  const { readModels, store, share } = context;
  const returned = new Recently<Serial>();
  return {
    name: 'returning',
    round: async () => {
      // Which stamps are due is read from both models.
      const seen = seenByAll(readModels, ['inventory', 'verification']);
      if (seen !== undefined) returned.forget(seen);
      const due: { readonly order: OrderView; readonly serial: Serial }[] = [];
      for (const order of await readModels.ordersToReturn({ limit: LIMITS.queryRows })) {
        if (due.length >= LIMITS.stampChunk) break;
        if (!share.owns(WORK_KEYS.channel(order.channel))) continue;
        const kept = await keptSerials(context, order);
        for (const { serial, state } of await readModels.stampsOfOrder(order.orderId))
          if (state !== 'voided' && !kept.has(serial) && !returned.has(serial)) due.push({ order, serial });
      }
      try {
        await eachByItself(due, async ({ order, serial }) => {
          await takeBack(context, order, serial);
          returned.add(serial);
        });
      } finally {
        // One stamp that fails must not keep the others remembered for ever.
        const head = await store.head();
        if (head !== undefined) returned.settle(head);
      }
      return due.length > 0 ? 'worked' : 'idle';
    },
  };
}

/** What a fulfilled order keeps; any other closed order keeps nothing. */
async function keptSerials({ aggregates }: Context, { orderId }: OrderView): Promise<ReadonlySet<Serial>> {
  const { state } = await aggregates.orders.load(orderStream(orderId));
  return new Set(state.status === 'fulfilled' ? state.serials : []);
}

async function takeBack({ aggregates }: Context, order: OrderView, serial: Serial): Promise<void> {
  await aggregates.stamps.execute({
    stream: stampStream(serial),
    source: fromProcess('fulfilment', 'return', order.orderId),
    command: ({ state }) => voiding(order, state),
  });
}

const REASONS: { readonly [Status in OrderView['status']]?: string } = {
  refunded: 'refund',
  fulfilled: 'surplus-sale',
};

function voiding({ orderId, status, policyVersion }: OrderView, { stage }: StampState): StampCommand {
  const policy = policyVersion === undefined ? {} : { policyVersion };
  if (stage === 'affixed')
    return { kind: 'void', reason: 'revoked', evidence: `order ${orderId} ${status}`, orderId, ...policy };
  return { kind: 'void', reason: REASONS[status] ?? 'order-cancelled', orderId, ...policy };
}
