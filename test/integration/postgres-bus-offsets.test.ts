import { runBusProjections } from '@stamp-ledger/app';
import { serde } from '@stamp-ledger/codec';
import type { BusConsumer, Delivery, Partition, Taken } from '@stamp-ledger/ports';
import { migratePostgres, openPostgresProjectionStore } from '@stamp-ledger/postgres';
import t from 'tap';
import { queryPostgres, startPostgres } from '../support/postgres-server.js';

const CONTROL = 'ledger.control/0' as Partition;
const STAMPS = 'ledger.stamps/5' as Partition;

const delivery = (partition: Partition, first: bigint, next: bigint): Delivery => ({
  partition,
  first,
  next,
  messages: [],
});

/** Runs the projections on a bus that does what `script` does with them; the log is empty, or not to be read. */
async function withTake(
  url: string,
  { isLogRead }: { readonly isLogRead: boolean },
  script: (take: (deliveries: readonly Delivery[]) => Promise<Taken>) => Promise<void>,
): Promise<void> {
  const store = await openPostgresProjectionStore({ url });
  const consumer: BusConsumer = { consume: ({ take }) => script(take), close: async () => undefined };
  const unexpected = async (): Promise<never> => {
    throw new Error('nothing has to be read from the log');
  };
  try {
    await runBusProjections({
      consumer,
      store,
      read: isLogRead ? async () => [] : unexpected,
      readStream: unexpected,
      decode: serde.decode,
      signal: new AbortController().signal,
      monotonicMilliseconds: () => performance.now(),
      onAlive: () => undefined,
      onHalted: (name, reason) => t.fail(`${name} halted: ${reason}`),
    });
  } finally {
    await store.close();
  }
}

t.test('commits that a crash of the database took back are asked of the bus again', async (t) => {
  const server = await startPostgres();
  t.teardown(() => server.stop());
  const url = await server.createDatabase('offsets');
  await migratePostgres({ url });
  const takeBack = (projection: string, to: number) =>
    queryPostgres(
      url,
      `UPDATE models_1.bus_offset SET next = ${to} WHERE partition = '${STAMPS}' AND projection = '${projection}'`,
    );
  const back = (to: bigint): Taken => ({ kind: 'rewind', to: new Map([[STAMPS, to]]) });
  const quiet = delivery(STAMPS, 16n, 16n);
  await withTake(url, { isLogRead: false }, async (take) => {
    t.same(await take([delivery(STAMPS, 0n, 16n)]), { kind: 'taken' });
    t.same(await take([quiet]), { kind: 'taken' });
    await takeBack('inventory', 15);
    t.same(await take([quiet, delivery(CONTROL, 0n, 2n)]), back(15n), 'though nothing new came of it');
    t.same(await take([delivery(STAMPS, 15n, 16n), delivery(CONTROL, 0n, 2n)]), { kind: 'taken' });
    await takeBack('inventory', 14);
  });
  await withTake(url, { isLogRead: false }, async (take) => {
    t.same(await take([quiet]), back(14n), 'a worker that was not there asks as well');
  });
  await takeBack('verification', 13);
  await withTake(url, { isLogRead: true }, async (take) => {
    t.same(await take([quiet]), back(13n));
    t.same(await take([quiet]), { kind: 'taken' }, 'what the bus has no more is read from the log');
    t.same(await take([quiet]), { kind: 'taken' });
  });
});
