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

/** Runs the projections on a bus that does what `script` does with them. */
async function withTake(
  url: string,
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
      read: unexpected,
      readStream: unexpected,
      decode: serde.decode,
      signal: new AbortController().signal,
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
  const takeBack = () =>
    queryPostgres(
      url,
      `UPDATE models_1.bus_offset SET next = 15 WHERE partition = '${STAMPS}' AND projection = 'inventory'`,
    );
  await withTake(url, async (take) => {
    t.same(await take([delivery(STAMPS, 0n, 16n)]), { kind: 'taken' });
    t.same(await take([delivery(CONTROL, 0n, 1n)]), { kind: 'taken' });
    await takeBack();
    const again = { kind: 'rewind', to: new Map([[STAMPS, 15n]]) };
    t.same(await take([delivery(CONTROL, 1n, 2n)]), again, 'though nothing new came of that partition');
    t.same(await take([delivery(STAMPS, 15n, 16n), delivery(CONTROL, 1n, 2n)]), { kind: 'taken' });
    await takeBack();
    t.same(await take([delivery(CONTROL, 2n, 3n)]), again);
    t.same(
      await take([delivery(CONTROL, 2n, 3n)]),
      { kind: 'taken' },
      'once: it may be another worker’s now',
    );
  });
});
