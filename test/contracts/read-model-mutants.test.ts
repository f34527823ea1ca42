import { projectBatch } from '@stamp-ledger/app';
import type { LedgerEvent } from '@stamp-ledger/codec';
import { type Deliver, readModelsContract } from '@stamp-ledger/contracts';
import type { InventoryWrite, ProgressWrite, ProjectionTransactions } from '@stamp-ledger/ports';
import t from 'tap';
import { embeddedReadModels, type WrapProjections } from './embedded-models.js';

/** Read models that do one thing wrong, and a case of the suite that has to notice. */
interface Mutant {
  readonly name: string;
  readonly noticed: string;
  readonly wrap?: WrapProjections;
  readonly deliver?: Deliver;
}

type AnyTransaction = ProjectionTransactions[keyof ProjectionTransactions];
type AnyWork = (transaction: AnyTransaction) => Promise<unknown>;

/** The store with its transactions spoilt: `change` makes of a good one what the work is given. */
const spoilTransactions =
  (change: (transaction: AnyTransaction) => object): WrapProjections =>
  (store) => ({
    progress: () => store.progress(),
    close: () => store.close(),
    transact: (name, work) =>
      store.transact(name, (transaction) =>
        (work as unknown as AnyWork)({ ...transaction, ...change(transaction) } as AnyTransaction),
      ) as ReturnType<typeof work>,
  });

/** Spoils what is saved. */
const spoilWrites = (change: (write: ProgressWrite) => object): WrapProjections =>
  spoilTransactions((transaction) => ({
    save: (write: ProgressWrite) =>
      (transaction.save as (write: ProgressWrite) => Promise<void>)({ ...write, ...change(write) }),
  }));

/** Spoils the events on their way. */
const spoilEvents =
  (change: (events: Parameters<Deliver>[2]) => Parameters<Deliver>[2]): Deliver =>
  (target, name, events) =>
    projectBatch(target, name, change(events));

const inventoryOnly = (change: (write: InventoryWrite) => object) =>
  spoilWrites((write) => ('stampChanges' in write ? change(write as InventoryWrite) : {}));

/** Stores the position in a transaction of its own, ahead of the rows. */
const positionAhead: WrapProjections = (store) => {
  return {
    progress: () => store.progress(),
    close: () => store.close(),
    transact: async (name, work) => {
      let write: ProgressWrite | undefined;
      await store
        .transact(name, async (transaction) => {
          await (work as unknown as AnyWork)({
            ...transaction,
            save: async (given: ProgressWrite) => {
              write = given;
            },
          } as unknown as AnyTransaction);
          throw new Error('only to learn the position');
        })
        .catch(() => {});
      if (write !== undefined) {
        const { progress, timeline } = write;
        const nothing = {
          stamps: [],
          events: [],
          orders: [],
          batches: [],
          allocations: [],
          incidents: [],
          lots: [],
        };
        const noHistory = {
          money: [],
          lotSnapshots: [],
          moneySnapshots: [],
          stampChanges: [],
          moneyChanges: [],
          boundaries: [],
        };
        const book = { lots: 0, boundary: undefined, changesSince: 0 };
        await store.transact(name, (transaction) =>
          (transaction.save as (write: object) => Promise<void>)({
            progress,
            timeline,
            ...nothing,
            ...noHistory,
            book,
          }),
        );
      }
      return store.transact(name, work);
    },
  };
};

/** Keeps what a failed piece of work had saved. */
const commitsFailures: WrapProjections = (store) => ({
  progress: () => store.progress(),
  close: () => store.close(),
  transact: async (name, work) => {
    let failure: unknown;
    const result = await store.transact(name, (transaction) =>
      work(transaction).catch((error: unknown) => {
        failure = error;
        return undefined;
      }),
    );
    if (failure !== undefined) throw failure;
    return result as Awaited<ReturnType<typeof work>>;
  },
});

const MUTANTS: readonly Mutant[] = [
  {
    name: 'skips an event',
    noticed: 'every row is the fold of its stream',
    deliver: spoilEvents((events) => events.filter((_, index) => index % 7 !== 6)),
  },
  {
    name: 'applies an event twice',
    noticed: 'every row is the fold of its stream',
    deliver: spoilEvents((events) =>
      events.flatMap((event): LedgerEvent[] =>
        event.type === 'StampVerified' ? [event, { ...event, revision: event.revision + 1 }] : [event],
      ),
    ),
  },
  {
    name: 'takes its rows for older than they are',
    noticed: 'the same events five times over change nothing',
    wrap: spoilTransactions((transaction) => ({
      loadStamps: async (serials: never[]) =>
        'loadStamps' in transaction
          ? (await transaction.loadStamps(serials)).map((row) => ({ ...row, revision: row.revision - 1 }))
          : [],
    })),
  },
  {
    name: 'counts a repaired event again',
    noticed: 'a deleted row comes back with its next event and is not counted twice',
    wrap: spoilTransactions(() => ({ loadChanged: async () => ({ stamps: new Set(), money: new Set() }) })),
  },
  {
    name: 'indexes an event again',
    noticed: 'the same events five times over change nothing',
    wrap: spoilTransactions(() => ({ loadIndexed: async () => new Set() })),
  },
  {
    name: 'stores the position ahead of the rows',
    noticed: 'a failed transaction leaves rows and position as they were',
    wrap: positionAhead,
  },
  {
    name: 'forgets the position',
    noticed: 'the position is stored with the rows and outlives a restart',
    wrap: spoilWrites(({ progress }) => ({ progress: { ...progress, position: '0' } })),
  },
  {
    name: 'keeps what a failed transaction saved',
    noticed: 'a failed transaction leaves rows and position as they were',
    wrap: commitsFailures,
  },
  {
    name: 'forgets when positions were reached',
    noticed: 'the inventory of a past time is that before the first event recorded later',
    wrap: spoilWrites(() => ({ timeline: [] })),
  },
  {
    name: 'leaves a lot out of a snapshot',
    noticed: 'the inventory of every past position is what a recount gives',
    wrap: inventoryOnly(({ lotSnapshots }) => ({ lotSnapshots: lotSnapshots.slice(1) })),
  },
  {
    name: 'loses a change',
    noticed: 'the inventory of every past position is what a recount gives',
    wrap: inventoryOnly(({ stampChanges }) => ({ stampChanges: stampChanges.slice(1) })),
  },
  {
    name: 'loses money',
    noticed: 'no history makes a difference',
    wrap: inventoryOnly(({ money }) => ({ money: money.map((row) => ({ ...row, paid: row.paid + 1n })) })),
  },
  {
    name: 'counts a stamp that is not there',
    noticed: 'no history makes a difference',
    wrap: inventoryOnly(({ stamps }) => ({ stamps: stamps.slice(1) })),
  },
];

for (const { name, noticed, wrap, deliver } of MUTANTS) {
  t.test(`the suite notices a model that ${name}`, async (t) => {
    const cases = readModelsContract({
      name: 'mutant',
      open: () => embeddedReadModels(wrap),
      ...(deliver === undefined ? {} : { deliver }),
    });
    const noticing = cases.find((each) => each.name === `mutant: ${noticed}`);
    t.ok(noticing, `there is a case: ${noticed}`);
    await t.rejects(noticing?.run() ?? Promise.resolve());
  });
}
