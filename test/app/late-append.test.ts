import { createContext, createLedger, type Ledger, type Outcome } from '@stamp-ledger/app';
import { entryText, orderStream } from '@stamp-ledger/codec';
import type { OrderId, OrderState } from '@stamp-ledger/domain';
import { type EventStore, PortError, type StreamAppend } from '@stamp-ledger/ports';
import { leafHash } from '@stamp-ledger/transparency';
import t, { type Test } from 'tap';
import { begin, caller, type Life, passing, scene, testRuntime } from './scene.js';

/**
 * An append whose answer did not come may still be written while its command is sent again, by the same process or by
 * another. Whoever gets an answer must get it from what the log has: a receipt for other bytes would accuse the ledger.
 */
const ORDER = 'order-late' as OrderId;
const WISH = {
  orderId: ORDER,
  channel: 'direct',
  holder: 'h',
  denomination: { amount: '10000', currency: 'IDR' },
  quantity: 1,
};
const place = (ledger: Ledger): Promise<Outcome<OrderState>> => ledger.orders.place(WISH, caller('place it'));

async function holdsWhatItPromised(t: Test, { store }: Life, outcome: Outcome<OrderState>): Promise<void> {
  if (outcome.kind !== 'done') return void t.fail(`not done but ${outcome.kind}`);
  const { events } = await store.readStream({ stream: orderStream(ORDER), limit: 10 });
  t.equal(events.length, 1, 'it is written once');
  t.strictSame(
    outcome.leaves?.map(({ leaf }) => Buffer.from(leaf).toString('hex')),
    events.map((event) => leafHash(Buffer.from(entryText(event))).toString('hex')),
    'the receipt is for what the log has',
  );
}

/** A store whose first append times out and is written only when the next one comes. */
function writesLate(store: EventStore): EventStore {
  let late: readonly StreamAppend[] | undefined;
  let sent = 0;
  return {
    ...passing(store),
    append: async (appends) => {
      if (sent++ === 0) {
        late = appends;
        throw new PortError('timeout', 'no answer came');
      }
      if (late !== undefined) await store.append(late);
      late = undefined;
      return store.append(appends);
    },
  };
}

t.test('an append that timed out and is written while its command is tried again', async (t) => {
  const stage = await scene();
  const life = await begin(stage.directory, { store: writesLate });
  await holdsWhatItPromised(t, life, await place(life.ledger));
  await life.end();
  await stage.remove();
});

t.test('a command that another process has sent, and that is written before ours', async (t) => {
  const stage = await scene();
  const life = await begin(stage.directory);
  const { readModels, store } = life;
  const other = createLedger(createContext({ store, readModels, runtime: testRuntime(3_600_000) }));
  const ours: EventStore = {
    ...passing(store),
    append: async (appends) => {
      await place(other);
      return store.append(appends);
    },
  };
  const ledger = createLedger(createContext({ store: ours, readModels, runtime: testRuntime() }));
  await holdsWhatItPromised(t, life, await place(ledger));
  await life.end();
  await stage.remove();
});
