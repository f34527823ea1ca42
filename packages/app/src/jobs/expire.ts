import { fromMilliseconds, orderStream, stampStream, toMilliseconds } from '@stamp-ledger/codec';
import { LIMITS } from '@stamp-ledger/ports';
import type { Context } from '../context.js';
import { fromProcess } from '../sources.js';
import { eachByItself } from './each-by-itself.js';

/** One sweep: ends reservations whose time is over, and rejects orders that nobody paid in time. */
export async function expireOnce(context: Context): Promise<void> {
  const { readModels, aggregates, runtime } = context;
  const now = runtime.clock.now();
  const expired = await readModels.expiredReservations({ at: now, limit: LIMITS.queryRows });
  await eachByItself(expired, async (serial) => {
    const { head } = await aggregates.stamps.load(stampStream(serial));
    await aggregates.stamps.execute({
      stream: stampStream(serial),
      // Named by the revision it ends: a later reservation of the same stamp expires by another command.
      source: fromProcess('expiry', serial, String(head)),
      command: (_state, at) => ({ kind: 'expire-reservation', at }),
    });
  });
  const placedBefore = fromMilliseconds(toMilliseconds(now) - LIMITS.unpaidOrderMilliseconds);
  const unpaid = await readModels.unpaidOrders({ placedBefore, limit: LIMITS.queryRows });
  await eachByItself(unpaid, async ({ orderId }) => {
    await aggregates.orders.execute({
      stream: orderStream(orderId),
      source: fromProcess('expiry', orderId),
      command: () => ({ kind: 'reject', reason: 'payment-not-received' }),
    });
  });
}
