import { type EventSource, PROJECTION_NAMES, projectBatch, runProjections } from '@stamp-ledger/app';
import { deriveCommandId, type LedgerEvent, serde, stampStream } from '@stamp-ledger/codec';
import type { Instant } from '@stamp-ledger/domain';
import type {
  BusMark,
  Partition,
  PortError,
  ProjectionName,
  SharedProjectionStore,
} from '@stamp-ledger/ports';
import {
  migratePostgres,
  openPostgresProjectionStore,
  openPostgresQueries,
  openPostgresRebuilds,
  openPostgresStatus,
} from '@stamp-ledger/postgres';
import t, { type Test } from 'tap';
import { eventually } from '../support/eventually.js';
import { queryPostgres, startPostgres } from '../support/postgres-server.js';
import { BATCH, positionOf, recordedStamp, serialOf, timeOf } from '../support/recorded-stamps.js';

const server = await startPostgres();
t.teardown(() => server.stop());

let databases = 0;
async function freshDatabase(): Promise<string> {
  const url = await server.createDatabase(`projections_${++databases}`);
  await migratePostgres({ url });
  return url;
}

async function openModels(t: Test, url: string) {
  const models = {
    store: await openPostgresProjectionStore({ url }),
    queries: await openPostgresQueries({ url }),
  };
  t.teardown(() => Promise.all([models.queries.close(), models.store.close()]));
  return models;
}

const partition = (name: string): Partition => name as Partition;

const eventsOf = (...indexes: readonly number[]): LedgerEvent[] =>
  indexes.map((index) => serde.decode(recordedStamp(index)));
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

const source: EventSource = {
  readStream: async () => ({ events: [] }),
  decode: serde.decode,
};

/** Applies events as they came over the bus, with the offsets they were at and the marks among them. */
async function fromBus(
  store: SharedProjectionStore,
  name: ProjectionName,
  {
    events = [],
    offsets,
    marks = [],
  }: {
    readonly events?: readonly LedgerEvent[];
    readonly offsets: Readonly<Record<string, number>>;
    readonly marks?: readonly BusMark[];
  },
): Promise<void> {
  const reached = new Map(
    Object.entries(offsets).map(([key, next]) => [partition(key), BigInt(next)] as const),
  );
  // The application's own projections, given a store whose transactions are those of the bus.
  const bus = {
    ...store,
    transact: ((projection, work) =>
      store.transactFromBus(projection, async (transaction, place) => {
        const result = await work(transaction);
        await place.saveOffsets({ offsets: reached, marks });
        return result;
      })) as SharedProjectionStore['transact'],
  };
  await projectBatch({ ...source, store: bus }, name, events);
}

const markAt = (index: number, offsets: Readonly<Record<string, number>>): BusMark => ({
  position: positionOf(index),
  recordedAt: timeOf(index),
  offsets: new Map(Object.entries(offsets).map(([key, next]) => [partition(key), BigInt(next)])),
});

t.test('a projection that the bus feeds is settled by marks, and reports are as of there', async (t) => {
  const url = await freshDatabase();
  const { store, queries } = await openModels(t, url);
  const status = await openPostgresStatus({ url });
  t.teardown(() => status.close());
  const settled = async () => (await store.settled()).get('inventory')?.position;
  const stock = async () => {
    const { asOf, groups } = await queries.inventory({});
    return [asOf.position, groups[0]?.inStock ?? 0];
  };
  // Partition a is ahead of b: events 1 and 3 are there, 2 is not.
  await fromBus(store, 'inventory', {
    events: eventsOf(0, 1, 3),
    offsets: { c: 1, a: 2 },
    marks: [markAt(1, { c: 1, a: 1 }), markAt(3, { c: 2, a: 2, b: 1 })],
  });
  t.equal(await settled(), positionOf(1));
  t.strictSame(
    await stock(),
    [positionOf(1), 1],
    'not the rows, which have the third event and lack the second',
  );
  t.equal((await queries.inventory({})).asOf.recordedAt, timeOf(1));
  t.equal((await queries.conservation()).groups[0]?.inStock, 1);
  t.strictSame(
    (await queries.inventory({}, { position: positionOf(3) })).asOf.position,
    positionOf(1),
    'a moment beyond is answered as now',
  );
  t.strictSame((await queries.inventory({}, { position: positionOf(0) })).groups, []);
  t.strictSame((await queries.inventory({}, { recordedAt: timeOf(2) })).asOf.position, positionOf(1));

  await fromBus(store, 'inventory', { events: eventsOf(2), offsets: { b: 1 } });
  t.equal(await settled(), positionOf(1), 'the mark itself has not been passed');
  await fromBus(store, 'inventory', { offsets: { c: 2 } });
  t.equal(await settled(), positionOf(3), 'a kept mark settles when it is reached');
  t.strictSame(await stock(), [positionOf(3), 3]);
  t.strictSame(
    await queryPostgres(url, 'SELECT * FROM models_1.bus_mark'),
    [],
    'reached marks are forgotten',
  );
  t.match(
    (await status.read()).statuses.find(({ projection }) => projection === 'inventory'),
    {
      position: positionOf(3),
      recordedAt: timeOf(3),
    },
  );

  await fromBus(store, 'inventory', { offsets: { c: 1 }, marks: [markAt(1, {})] });
  t.equal(await settled(), positionOf(3), 'never back');
  const offsets = await store.transactFromBus('inventory', (_, bus) => bus.loadOffsets());
  t.strictSame(
    Object.fromEntries(offsets),
    { a: 2n, b: 1n, c: 2n },
    'offsets never go back, and others stay',
  );
  t.equal((await store.progress()).get('inventory')?.position, positionOf(3));
});

t.test('events beyond where the index is settled are not listed', async (t) => {
  const { store, queries } = await openModels(t, await freshDatabase());
  await fromBus(store, 'audit-index', {
    events: eventsOf(0, 1, 3),
    offsets: { a: 2 },
    marks: [markAt(1, { a: 1 })],
  });
  const found = async () => (await queries.findEvents({}, { limit: 10 })).map(({ position }) => position);
  t.strictSame(await found(), [positionOf(0), positionOf(1)]);
  await fromBus(store, 'audit-index', {
    events: eventsOf(2),
    offsets: { b: 1 },
    marks: [markAt(3, { b: 1 })],
  });
  t.strictSame(await found(), [0, 1, 2, 3].map(positionOf));
});

t.test('text of any kind is kept as it is, and no id that is none is looked for', async (t) => {
  const { store, queries } = await openModels(t, await freshDatabase());
  const holders = ['', 'tab\tand\r\nlines', '\\N', '\\.', 'a\\tb', '{"a","b"}', 'ünïcödé \u{1f600}'];
  const at = '2024-09-06T00:00:00.000Z' as Instant;
  const command = deriveCommandId('kept');
  await store.transact('audit-index', (transaction) =>
    transaction.save({
      progress: {
        position: positionOf(holders.length),
        recordedAt: at,
        events: holders.length,
        disorderMilliseconds: 0,
      },
      timeline: [],
      events: holders.map((holder, index) => ({
        position: positionOf(index),
        stream: stampStream(serialOf(index)),
        revision: 0,
        type: 'StampSold',
        recordedAt: at,
        occurredAt: at,
        commandId: command,
        correlationId: command,
        channel: undefined,
        holder,
        documentSha256: undefined,
        orderId: undefined,
        incidentId: undefined,
      })),
    }),
  );
  for (const [index, holder] of holders.entries())
    t.strictSame(
      (await queries.findEvents({ holder }, { limit: 10 })).map(({ position }) => position),
      [positionOf(index)],
      JSON.stringify(holder),
    );
  t.equal((await queries.findEvents({ correlationId: command }, { limit: 10 })).length, holders.length);
  t.strictSame(await queries.findEvents({ correlationId: 'no uuid' }, { limit: 10 }), []);
});

t.test('too many marks are thinned out, and the last one still settles', async (t) => {
  const { store } = await openModels(t, await freshDatabase());
  for (let round = 0; round < 3; round++)
    await fromBus(store, 'audit-index', {
      events: eventsOf(round),
      offsets: { a: round + 1 },
      marks: range(round * 400, round * 400 + 400).map((index) => markAt(index, { b: index + 1 })),
    });
  t.equal((await store.settled()).get('audit-index'), undefined);
  await fromBus(store, 'audit-index', { offsets: { b: 5_000 } });
  t.equal((await store.settled()).get('audit-index')?.position, positionOf(1_199));
});

t.test('two stores never run one projection at the same time', async (t) => {
  const url = await freshDatabase();
  const [{ store: one }, { store: two }] = [await openModels(t, url), await openModels(t, url)];
  let running = 0;
  let most = 0;
  const rounds = range(0, 20).map((index) =>
    (index % 2 === 0 ? one : two).transactFromBus('verification', async (_, bus) => {
      most = Math.max(most, ++running);
      const offsets = await bus.loadOffsets();
      await bus.saveOffsets({
        offsets: new Map([[partition('a'), (offsets.get(partition('a')) ?? 0n) + 1n]]),
        marks: [],
      });
      running--;
    }),
  );
  await Promise.all(rounds);
  t.equal(most, 1);
  const offsets = await one.transactFromBus('verification', (_, bus) => bus.loadOffsets());
  t.equal(offsets.get(partition('a')), 20n, 'each saw what the one before left');
  t.strictSame(
    await one.transact('inventory', () => two.transact('audit-index', async () => 'side by side')),
    'side by side',
    'different projections do not wait for each other',
  );
});

t.test('why a projection stands still is shown to everybody', async (t) => {
  const url = await freshDatabase();
  const { store } = await openModels(t, url);
  const status = await openPostgresStatus({ url });
  t.teardown(() => status.close());
  const halted = async () =>
    (await status.read()).statuses.flatMap(({ halted }) => (halted === undefined ? [] : [halted]));
  await store.setHalted('inventory', 'look here');
  t.strictSame(await halted(), ['look here']);
  await store.setHalted('inventory', undefined);
  t.strictSame(await halted(), []);
});

t.test('rows and offsets stay together when the server goes down while they are written', async (t) => {
  const url = await freshDatabase();
  const { store, queries } = await openModels(t, url);
  const size = 20;
  const rounds = 150;
  let failures = 0;
  let done = 0;
  const feeding = (async () => {
    while (done < rounds) {
      try {
        await store.transactFromBus('verification', async (transaction, bus) => {
          const next = Number((await bus.loadOffsets()).get(partition('a')) ?? 0n);
          const events = eventsOf(...range(next, next + size));
          await projectBatch(
            {
              ...source,
              store: {
                ...store,
                transact: ((_, work) => work(transaction as never)) as SharedProjectionStore['transact'],
              },
            },
            'verification',
            events,
          );
          await bus.saveOffsets({ offsets: new Map([[partition('a'), BigInt(next + size)]]), marks: [] });
          done = (next + size) / size;
        });
      } catch (error) {
        t.match(error, { name: 'PortError', kind: /unavailable|timeout/ });
        failures++;
        await eventually(
          () =>
            store.progress().then(
              () => true,
              () => false,
            ),
          {
            what: 'the store answers',
            milliseconds: 20_000,
          },
        );
      }
    }
  })();
  for (const at of [20, 60, 100]) {
    await eventually(async () => done >= at, { what: `round ${at}`, milliseconds: 20_000 });
    await (at === 60 ? server.crash().then(() => server.restart()) : server.restart());
  }
  await feeding;
  t.ok(failures > 0, `${failures} transactions failed on the way`);
  const [rows] = await queryPostgres(
    url,
    `SELECT count(*)::int AS stamps, (SELECT next::int FROM models_1.bus_offset) AS next,
       (SELECT events::int FROM models_1.progress WHERE projection = 'verification') AS events
      FROM models_1.stamp_view`,
  );
  const seen = rounds * size;
  t.strictSame(rows, { stamps: seen - 1, next: seen, events: seen });
  t.equal((await queries.stamp(serialOf(seen - 1)))?.state, 'minted');
});

t.test(
  'what the work rejected with is what the caller gets, and later statements of it go nowhere',
  async (t) => {
    const url = await freshDatabase();
    const { store } = await openModels(t, url);
    const reason = new Error('mine');
    let late: Promise<unknown> | undefined;
    await t.rejects(
      store.transact('verification', async (transaction) => {
        late = Promise.resolve()
          .then(() => transaction.loadStamps([serialOf(1)]))
          .then(() =>
            eventually(async () => (await store.progress()).size === 0, {
              what: 'over',
              milliseconds: 5_000,
            }),
          )
          .then(() => transaction.loadStamps([serialOf(1)]));
        throw reason;
      }),
      reason,
    );
    await t.rejects(late ?? Promise.resolve(), { name: 'PortError' });
  },
);

t.test('a server that is away is unavailable, and a database without tables is refused', async (t) => {
  const away = 'postgres://ledger:secret@127.0.0.1:1/ledger';
  // All but a migration open all the same, and say it with each call.
  const store = await openPostgresProjectionStore({ url: away });
  const queries = await openPostgresQueries({ url: away });
  const status = await openPostgresStatus({ url: away });
  t.teardown(() => Promise.all([store.close(), queries.close(), status.close()]));
  const asks: readonly (() => Promise<unknown>)[] = [
    () => store.progress(),
    () => store.transact('verification', async () => undefined),
    () => migratePostgres({ url: away }),
    () => queries.batchesToMint({ limit: 1 }),
    () => status.read(),
  ];
  for (const ask of asks) {
    const error = await ask().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    t.match(error, { name: 'PortError', kind: 'unavailable' });
    t.notMatch((error as PortError).message, /secret|127\.0\.0\.1/);
  }
  const url = await server.createDatabase('without_tables');
  const opens: readonly ((options: { url: string }) => Promise<unknown>)[] = [
    openPostgresProjectionStore,
    openPostgresQueries,
    openPostgresStatus,
    openPostgresRebuilds,
  ];
  for (const open of opens)
    await t.rejects(open({ url }), {
      name: 'PortError',
      kind: 'corrupt',
      message: /run stamp-ledger migrate/,
    });
});

t.test('migrations go forward only, once, and one process at a time', async (t) => {
  const url = await server.createDatabase('migrations');
  const applied = await Promise.all([migratePostgres({ url }), migratePostgres({ url })]);
  t.strictSame(applied.flat(), [
    '001-read-models-and-control',
    '002-seal-gaps',
    '003-bus-lineage',
    '004-moments',
    '005-event-ids',
    '006-steps-as-they-come',
  ]);
  t.strictSame(await migratePostgres({ url }), []);
  await (await openPostgresProjectionStore({ url })).close();
  await queryPostgres(
    url,
    "INSERT INTO ledger.migration (number, name, sha256) VALUES (99, '099-of-tomorrow', '')",
  );
  await t.rejects(migratePostgres({ url }), { name: 'PortError', kind: 'corrupt', message: /newer/ });
  await t.rejects(openPostgresProjectionStore({ url }), { kind: 'corrupt', message: /newer/ });
});

t.test('a run over the log keeps up with a big batch', async (t) => {
  const url = await freshDatabase();
  const { store, queries } = await openModels(t, url);
  const log = range(0, 3_001).map(recordedStamp);
  const stopping = new AbortController();
  await runProjections({
    ...source,
    store,
    read: async ({ after, limit }) =>
      log.filter(({ position }) => after === undefined || position > after).slice(0, limit),
    signal: stopping.signal,
    onStatus: () => undefined,
    waitForMore: async () => stopping.abort(),
    sleep: async () => undefined,
  });
  t.equal(await queries.batchMinted(BATCH), 3_000);
  t.strictSame(
    [...(await store.settled()).values()].map(({ position }) => position),
    [...PROJECTION_NAMES.map(() => positionOf(3_000))],
  );
  t.equal((await queries.conservation()).groups[0]?.difference, 0);
});

/** What is asked on the way of a request, as it is prepared. */
const HOT = new URL('../../../packages/postgres/dist/', import.meta.url);

t.test('no hot query scans a table', async (t) => {
  const url = await freshDatabase();
  const load = (path: string) => import(new URL(path, HOT).href);
  const { VIEW_SQL } = await load('read-models/view-queries.js');
  const { ORDER_SQL } = await load('read-models/order-queries.js');
  const { STOCK_SQL } = await load('read-models/stock-queries.js');
  const { WORK_SQL } = await load('read-models/work-queries.js');
  const { FIND_COLUMNS, findStatement } = await load('read-models/event-queries.js');
  const statements: { name: string; sql: string }[] = [VIEW_SQL, ORDER_SQL, STOCK_SQL, WORK_SQL].flatMap(
    (each) => Object.values(each),
  );
  for (const column of FIND_COLUMNS) statements.push(findStatement([column]));
  statements.push(findStatement([]), findStatement([...FIND_COLUMNS]));
  for (const { name, sql } of statements) {
    const text = sql.replaceAll('{models}', 'models_1');
    const parameters = new Set(Array.from(text.matchAll(/\$\d+/g), ([parameter]) => parameter)).size;
    const plan = await queryPostgres(
      `${url}?options=${encodeURIComponent('-c enable_seqscan=off -c plan_cache_mode=force_generic_plan')}`,
      `PREPARE asked AS ${text}; EXPLAIN EXECUTE asked${parameters === 0 ? '' : `(${Array(parameters).fill('NULL').join(', ')})`}`,
    );
    t.match(JSON.stringify(plan), /Index/, name);
    t.notMatch(JSON.stringify(plan), /Seq Scan/, name);
  }
});
