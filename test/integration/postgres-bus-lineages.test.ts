import { runBusProjections } from '@stamp-ledger/app';
import { type RecordedEvent, serde } from '@stamp-ledger/codec';
import type {
  BusConsumer,
  BusLineage,
  BusMessage,
  Delivery,
  LineageId,
  Partition,
  Taken,
} from '@stamp-ledger/ports';
import { LIMITS } from '@stamp-ledger/ports';
import { migratePostgres, openPostgresProjectionStore, openPostgresRebuilds } from '@stamp-ledger/postgres';
import t, { type Test } from 'tap';
import { queryPostgres, startPostgres } from '../support/postgres-server.js';
import { positionOf, recordedStamp, timeOf } from '../support/recorded-stamps.js';

const server = await startPostgres();
t.teardown(() => server.stop());

const CONTROL = 'control' as Partition;
const [EVEN, ODD] = ['even' as Partition, 'odd' as Partition];
const PARTITIONS = [EVEN, ODD, CONTROL];

let databases = 0;
async function freshDatabase(): Promise<string> {
  const url = await server.createDatabase(`lineages_${++databases}`);
  await migratePostgres({ url });
  return url;
}

type Take = (deliveries: readonly Delivery[]) => Promise<Taken>;

interface Running {
  /** What the log answers. */
  readonly log?: readonly RecordedEvent[];
  readonly signal?: AbortSignal;
  /** As if each reading of the clock came a slice later. */
  readonly isSliced?: boolean;
  readonly onRead?: (after: string | undefined) => void;
}

/** Runs the projections on a bus that does what `script` does with them. */
async function withTake(
  url: string,
  { log = [], signal = new AbortController().signal, isSliced = false, onRead }: Running,
  script: (take: Take) => Promise<void>,
): Promise<void> {
  const store = await openPostgresProjectionStore({ url });
  const consumer: BusConsumer = { consume: ({ take }) => script(take), close: async () => undefined };
  let time = 0;
  try {
    await runBusProjections({
      consumer,
      store,
      read: async ({ after = '', limit }) => {
        onRead?.(after);
        const from = log.findIndex(({ position }) => position > after);
        return from < 0 ? [] : log.slice(from, from + limit);
      },
      readStream: async () => ({ events: [] }),
      decode: serde.decode,
      signal,
      monotonicMilliseconds: () => {
        if (isSliced) time += LIMITS.catchUpMilliseconds;
        return time;
      },
      onAlive: () => undefined,
      onHalted: (name, reason) => t.fail(`${name} halted: ${reason}`),
    });
  } finally {
    await store.close();
  }
}

/** A bus of three partitions, published to as a relay does. */
class Bus {
  readonly #messages = new Map<Partition, BusMessage[]>(PARTITIONS.map((partition) => [partition, []]));
  #lineage: BusLineage = { id: 'none' as LineageId, ancestors: [], start: new Map() };

  /** A turn begins that goes on from these offsets, behind so many events. */
  begin(id: string, start: ReadonlyMap<Partition, bigint> = new Map(), count?: number): void {
    const { id: last, ancestors } = this.#lineage;
    const before = last === 'none' ? [] : [last, ...ancestors];
    const from = count && { position: positionOf(count - 1), recordedAt: timeOf(count - 1) };
    this.#lineage = { id: id as LineageId, ancestors: before, start, ...(from && { from }) };
  }

  publish(from: number, to: number): void {
    for (let index = from; index < to; index++) {
      const messages = this.#of(index % 2 === 0 ? EVEN : ODD);
      messages.push({ kind: 'event', offset: BigInt(messages.length), event: recordedStamp(index) });
    }
    const control = this.#of(CONTROL);
    control.push({
      kind: 'mark',
      offset: BigInt(control.length),
      lineage: this.#lineage,
      mark: { position: positionOf(to - 1), recordedAt: timeOf(to - 1), offsets: this.ends() },
    });
  }

  ends(): ReadonlyMap<Partition, bigint> {
    return new Map(PARTITIONS.map((partition) => [partition, BigInt(this.#of(partition).length)]));
  }

  lose(partition: Partition, count: number): void {
    this.#of(partition).splice(-count);
  }

  delivery(partition: Partition, first: bigint): Delivery {
    const messages = this.#of(partition).slice(Number(first));
    return { partition, first, next: first + BigInt(messages.length), messages };
  }

  /** Gives a worker everything from where it stands, until it wants no more; it begins where `positions` say. */
  async deliver(take: Take, positions = new Map<Partition, bigint>()): Promise<void> {
    for (let isQuiet = false; !isQuiet; ) {
      isQuiet = true;
      for (const partition of PARTITIONS) {
        const end = BigInt(this.#of(partition).length);
        const at = positions.get(partition) ?? 0n;
        // Kafka begins anew for one that stands behind the end.
        const delivery = this.delivery(partition, at > end ? 0n : at);
        const taken = await take([delivery]);
        if (taken.kind === 'taken') positions.set(partition, delivery.next);
        else isQuiet = false;
        if (taken.kind === 'rewind') for (const [of, to] of taken.to) positions.set(of, to);
        if (delivery.messages.length > 0) isQuiet = false;
      }
    }
  }

  #of(partition: Partition): BusMessage[] {
    return this.#messages.get(partition) ?? [];
  }
}

/** Every projection has exactly the first `count` events, and says so. */
async function assertHas(t: Test, url: string, count: number, what: string): Promise<void> {
  const store = await openPostgresProjectionStore({ url });
  const settled = await store.settled();
  await store.close();
  const [rows] = await queryPostgres(
    url,
    `SELECT (SELECT count(*)::int FROM ledger.live JOIN ledger.generation ON number = generation) AS live,
            (SELECT count(*)::int FROM models_1.stamp_view) AS verification,
            (SELECT count(*)::int FROM models_1.stamp) AS inventory,
            (SELECT count(*)::int FROM models_1.event_index) AS "audit-index"`,
  );
  t.strictSame(
    rows,
    { live: 1, verification: count - 1, inventory: count - 1, 'audit-index': count },
    `${what}: the rows`,
  );
  t.strictSame(
    new Set([...settled.values()].map(({ position }) => position)),
    new Set([positionOf(count - 1)]),
    `${what}: settled`,
  );
}

async function assertSettled(t: Test, url: string, count: number, what: string): Promise<void> {
  const store = await openPostgresProjectionStore({ url });
  const settled = await store.settled();
  await store.close();
  t.strictSame(
    [...settled.values()].map(({ position }) => position),
    [1, 2, 3].map(() => positionOf(count - 1)),
    what,
  );
}

const positionsOf = (bus: Bus): Map<Partition, bigint> => new Map(bus.ends());

t.test('a bus that is made anew, under a worker that goes on and one that starts', async (t) => {
  for (const isGoingOn of [true, false]) {
    const url = await freshDatabase();
    const first = new Bus();
    first.begin('a');
    first.publish(0, 40);
    const second = new Bus();
    second.begin('b');
    await withTake(url, {}, async (take) => {
      await first.deliver(take);
      await assertHas(t, url, 40, 'at first');
      if (!isGoingOn) return;
      second.publish(0, 10);
      second.publish(10, 50);
      await second.deliver(take, positionsOf(first));
      await assertHas(t, url, 50, 'going on');
    });
    if (isGoingOn) continue;
    second.publish(0, 30);
    await withTake(url, {}, (take) => second.deliver(take, positionsOf(first)));
    await assertHas(t, url, 40, 'started, nothing new');
    second.publish(30, 50);
    await withTake(url, {}, (take) => second.deliver(take, positionsOf(first)));
    await assertHas(t, url, 50, 'started');
  }
});

t.test('a bus that lost its last messages gives their offsets to others', async (t) => {
  for (const isAllRead of [true, false]) {
    const url = await freshDatabase();
    const bus = new Bus();
    bus.begin('a');
    bus.publish(0, 20);
    const kept = bus.ends();
    if (!isAllRead) await withTake(url, {}, (take) => bus.deliver(take));
    bus.publish(20, 40);
    const positions = isAllRead ? new Map<Partition, bigint>() : new Map(kept);
    await withTake(url, {}, async (take) => {
      if (isAllRead) await bus.deliver(take, positions);
      // Read on the control topic alone: marks that wait for what is lost then.
      else await take([bus.delivery(CONTROL, kept.get(CONTROL) ?? 0n)]);
      bus.lose(EVEN, 10);
      bus.begin('b', kept);
      bus.publish(20, 40);
      bus.publish(40, 60);
      await bus.deliver(take, positions);
    });
    await assertHas(t, url, 60, isAllRead ? 'all was read' : 'not all was read');
  }
});

t.test('what was settled by messages in the place of lost ones is settled no more', async (t) => {
  const url = await freshDatabase();
  const bus = new Bus();
  bus.begin('a');
  bus.publish(0, 20);
  const kept = bus.ends();
  await withTake(url, {}, async (take) => {
    const positions = new Map<Partition, bigint>();
    await bus.deliver(take, positions);
    bus.publish(20, 40);
    bus.lose(EVEN, 10);
    // The turn that has not noticed yet goes on, and so does the worker.
    bus.publish(40, 60);
    await take([bus.delivery(CONTROL, kept.get(CONTROL) ?? 0n)]);
    for (const partition of [EVEN, ODD]) await take([bus.delivery(partition, kept.get(partition) ?? 0n)]);
    await assertSettled(t, url, 60, 'though it lacks ten');
    bus.begin('b', kept, 20);
    bus.publish(20, 60);
    await take([bus.delivery(CONTROL, positions.get(CONTROL) ?? 0n)]);
    await assertSettled(t, url, 20, 'where the next turn begins');
    await bus.deliver(take, positions);
  });
  await assertHas(t, url, 60, 'in the end');
});

t.test('what was fetched before another worker entered a lineage is asked for again', async (t) => {
  const url = await freshDatabase();
  const bus = new Bus();
  bus.begin('a');
  bus.publish(0, 20);
  const kept = bus.ends();
  await withTake(url, {}, async (slow) => {
    await bus.deliver(slow);
    bus.publish(20, 40);
    const inHand = bus.delivery(EVEN, kept.get(EVEN) ?? 0n);
    bus.lose(EVEN, 10);
    bus.begin('b', kept);
    bus.publish(20, 50);
    await withTake(url, {}, (quick) => bus.deliver(quick, new Map(kept)));
    await assertHas(t, url, 50, 'the other worker');
    await queryPostgres(url, `UPDATE models_1.bus_offset SET next = 12 WHERE partition = '${EVEN}'`);
    t.strictSame(
      await slow([inHand]),
      { kind: 'rewind', to: new Map([[EVEN, kept.get(EVEN)]]) },
      'it is not what the offsets are about',
    );
    await bus.deliver(slow, new Map(kept));
    bus.publish(50, 60);
    await bus.deliver(slow, new Map(kept));
  });
  await assertHas(t, url, 60, 'both');
});

t.test('marks of a lineage before are known as such, however far the bus goes back', async (t) => {
  const url = await freshDatabase();
  const bus = new Bus();
  for (const [index, id] of ['a', 'b', 'c', 'd'].entries()) {
    bus.begin(id, index === 0 ? new Map() : bus.ends());
    bus.publish(index * 10, index * 10 + 10);
    await withTake(url, {}, (take) => bus.deliver(take));
    await assertHas(t, url, index * 10 + 10, id);
  }
  const rows = await queryPostgres(url, 'SELECT DISTINCT id FROM models_1.bus_lineage');
  t.strictSame(rows, [{ id: 'd' }]);
});

t.test('a generation whose offsets are of another lineage by now does not go live as it is', async (t) => {
  const url = await freshDatabase();
  const rebuilds = await openPostgresRebuilds({ url });
  t.teardown(() => rebuilds.close());
  const bus = new Bus();
  bus.begin('a');
  bus.publish(0, 10);
  await withTake(url, {}, (take) => bus.deliver(take));
  const generation = await rebuilds.createGeneration();
  const next = new Bus();
  next.begin('b');
  next.publish(0, 4);
  await withTake(url, {}, (take) => next.deliver(take));
  t.equal(await rebuilds.swapGeneration(generation), false);
  const place = `SELECT projection, partition, next::int, id
    FROM models_%.bus_offset JOIN models_%.bus_lineage USING (projection) ORDER BY 1, 2`;
  t.strictSame(
    await queryPostgres(url, place.replaceAll('%', String(generation))),
    await queryPostgres(url, place.replaceAll('%', '1')),
    'it has taken over the place of the live one',
  );
  t.equal(await rebuilds.swapGeneration(generation), true);
});

t.test('reading a long log is done by parts, each of which is kept', async (t) => {
  const url = await freshDatabase();
  const pages = 2;
  const count = LIMITS.projectionEvents * pages + 100;
  const log = Array.from({ length: count }, (_, index) => recordedStamp(index));
  const stopping = new AbortController();
  const quiet: Delivery = { partition: EVEN, first: 9n, next: 9n, messages: [] };
  const back: Taken = { kind: 'rewind', to: new Map([[EVEN, 0n]]) };
  await withTake(url, { log, isSliced: true }, async (take) => {
    t.strictSame(await take([quiet]), back, 'the bus is asked first');
    t.strictSame(await take([quiet]), { kind: 'unfinished' }, 'the bus is heard again after a part');
  });
  const starts = new Set<string | undefined>();
  await withTake(
    url,
    { log, signal: stopping.signal, onRead: (after) => starts.add(after) },
    async (take) => {
      t.strictSame(await take([quiet]), back);
      stopping.abort();
      t.strictSame(await take([quiet]), { kind: 'unfinished' }, 'one that is to end does so after a page');
    },
  );
  t.strictSame(
    [...starts],
    [positionOf(LIMITS.projectionEvents - 1)],
    'and goes on from where the one before came to',
  );
  await withTake(url, { log }, async (take) => {
    t.strictSame(await take([quiet]), back);
    t.strictSame(await take([quiet]), { kind: 'taken' });
    t.strictSame(await take([quiet]), { kind: 'taken' });
  });
  await assertHas(t, url, count, 'in the end');
});
