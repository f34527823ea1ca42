import { serde } from '@stamp-ledger/codec';
import type { AllocationId, BatchId, OrderId, Serial } from '@stamp-ledger/domain';
import type { EventStore, StreamAppend } from '@stamp-ledger/ports';
import type { Test } from 'tap';
import { begin, Crash, caller, type Life, patience, scene } from './scene.js';

export const denomination = { amount: '10000', currency: 'IDR' };
export const BATCH = 'batch' as BatchId;
const ALLOCATION = 'allocation' as AllocationId;
const MINTED = 30;
const ALLOCATED = 20;
/** Stamps of each order; together more than the channel has. */
const ORDERS = [3, 1, 2, 5, 4, 2, 6];
export const orderId = (index: number): OrderId => `order-${index}` as OrderId;

export const payment = (index: number, quantity: number) => ({
  reference: `payment-${index}`,
  amount: String(10_000 * quantity),
  currency: 'IDR',
  paidAt: '2024-09-06T12:00:00Z',
});

/** Sends every command of the story; sent again after a crash, each is the same command. */
export async function tellStory({ ledger }: Life): Promise<void> {
  await ledger.batches.open(
    { batchId: BATCH, denomination, quantity: MINTED, series: '2024' },
    caller('open'),
  );
  await ledger.batches.settled(BATCH, patience());
  await ledger.allocations.request(
    { allocationId: ALLOCATION, channel: 'kios', denomination, quantity: ALLOCATED },
    caller('allocate'),
  );
  await ledger.allocations.settled(ALLOCATION, patience());
  for (const [index, quantity] of ORDERS.entries())
    await ledger.orders.place(
      {
        orderId: orderId(index),
        channel: 'kios',
        holder: `holder-${index}`,
        denomination,
        quantity,
        payment: payment(index, quantity),
      },
      caller(`place ${index}`),
    );
}

/** 3+1+2+5+4+2 = 17 of 20 are sold; the order of 6 finds 3 and stays paid. */
export const COVERED = ORDERS.slice(0, -1).map((_, index) => orderId(index));
export const UNCOVERED = orderId(ORDERS.length - 1);

export async function waitForEnd({ ledger }: Life): Promise<void> {
  for (const id of COVERED) await ledger.orders.settled(id, patience());
}

interface Facts {
  readonly minted: Serial[];
  /** Serial and order of every sale. */
  readonly sales: {
    readonly serial: string;
    readonly orderId: string | undefined;
    readonly holder: string;
  }[];
  readonly voided: string[];
  readonly fulfilled: Map<string, readonly string[]>;
  readonly allocated: number;
}

export async function factsOf({ store }: Life): Promise<Facts> {
  const facts = {
    minted: [] as Serial[],
    sales: [] as Facts['sales'],
    voided: [] as string[],
    fulfilled: new Map<string, readonly string[]>(),
    allocated: 0,
  };
  for (const event of (await store.readAll({ limit: 5_000 })).map(serde.decode))
    switch (event.type) {
      case 'StampMinted':
        facts.minted.push(event.data.serial as Serial);
        break;
      case 'StampAllocated':
        facts.allocated++;
        break;
      case 'StampSold':
        facts.sales.push({
          serial: event.data.serial,
          orderId: event.data.orderId,
          holder: event.data.holder,
        });
        break;
      case 'StampVoided':
        facts.voided.push(event.data.serial);
        break;
      case 'OrderFulfilled':
        facts.fulfilled.set(event.data.orderId, event.data.serials);
        break;
      default:
    }
  return facts;
}

/** One comparison a life: what the log and the reports say, against the story. */
async function checkStory(t: Test, life: Life, name: string): Promise<void> {
  const { minted, sales, voided, fulfilled, allocated } = await factsOf(life);
  const waiting = await life.ledger.orders.report(UNCOVERED);
  const unfulfilled = await life.ledger.audit.unfulfilled({ limit: 10 });
  const conservation = await life.ledger.audit.conservation();
  const serialsOf = (id: OrderId) => sales.filter((sale) => sale.orderId === id).map(({ serial }) => serial);
  t.strictSame(
    {
      minted: minted.length,
      mintedTwice: minted.length - new Set(minted).size,
      allocated,
      soldTwice: sales.length - new Set(sales.map(({ serial }) => serial)).size,
      voided,
      fulfilled: [...fulfilled.keys()].sort(),
      stampsOfOrders: COVERED.map((id) => fulfilled.get(id)?.length),
      strangeStamps: COVERED.filter(
        (id) => serialsOf(id).sort().join() !== [...(fulfilled.get(id) ?? [])].sort().join(),
      ),
      strangeHolders: sales.filter((sale) => sale.holder !== sale.orderId?.replace('order', 'holder')),
      waiting: waiting?.state.status,
      unfulfilled: unfulfilled.map(({ order, cause }) => [order.orderId, cause]),
      differences: [
        ...conservation.groups.map(({ difference }) => difference),
        ...conservation.money.map(({ difference }) => Number(difference.amount)),
      ].filter((difference) => difference !== 0),
    },
    {
      minted: MINTED,
      mintedTwice: 0,
      allocated: ALLOCATED,
      soldTwice: 0,
      voided: [],
      fulfilled: COVERED,
      stampsOfOrders: ORDERS.slice(0, -1),
      strangeStamps: [],
      strangeHolders: [],
      // Paid and out of stock: it stays paid, and is listed with its cause.
      waiting: 'paid',
      unfulfilled: [[UNCOVERED, 'out-of-stock']],
      differences: [],
    },
    name,
  );
}

/** A store that dies at its `fatal`-th append, before or after the write, and is dead from then on. */
function dyingAt(fatal: number, when: 'before' | 'after', calls: { count: number }) {
  return (store: EventStore): EventStore => {
    let dead = false;
    let announce: (crash: Crash) => void = () => undefined;
    /** Rejects at the moment of death, so that nobody waits for a store that is gone. */
    const death = new Promise<never>((_, reject) => {
      announce = reject;
    });
    death.catch(() => undefined);
    const dies = async (): Promise<never> => {
      dead = true;
      announce(new Crash(`died ${when} append ${fatal}`));
      return death;
    };
    const alive = <Result>(work: () => Promise<Result>): Promise<Result> => (dead ? dies() : work());
    return {
      append: (appends: readonly StreamAppend[]) =>
        alive(async () => {
          const call = calls.count++;
          if (call === fatal && when === 'before') return dies();
          const results = await store.append(appends);
          return call === fatal && when === 'after' ? dies() : results;
        }),
      readStream: (request) => alive(() => store.readStream(request)),
      readAll: (request) => alive(() => store.readAll(request)),
      head: () => alive(async () => store.head()),
      last: () => alive(() => store.last()),
      follow: (request) => store.follow(request),
      streamChanged: (request) => alive(() => Promise.race([death, store.streamChanged(request)])),
      close: () => store.close(),
    };
  };
}

/** A death of the story's ledger: at which of its appends, and on which side of the write. */
export interface Death {
  readonly fatal: number;
  readonly when: 'before' | 'after';
}

/** The story without a death; answers how many appends it takes. */
export async function undisturbed(t: Test): Promise<number> {
  const calls = { count: 0 };
  const stage = await scene();
  const life = await begin(stage.directory, {
    store: dyingAt(Number.POSITIVE_INFINITY, 'before', calls),
  });
  await tellStory(life);
  await waitForEnd(life);
  await checkStory(t, life, 'undisturbed');
  await life.end();
  await stage.remove();
  return calls.count;
}

/** The story's ledger dies, another goes on where it died, and the end is the same. */
export async function dieAndGoOn(t: Test, { fatal, when }: Death): Promise<void> {
  const stage = await scene();
  const first = await begin(stage.directory, { store: dyingAt(fatal, when, { count: 0 }) });
  await tellStory(first)
    .then(() => waitForEnd(first))
    .catch((error: unknown) => {
      if (!(error instanceof Crash)) throw error;
    });
  await first.end();
  const second = await begin(stage.directory);
  await tellStory(second);
  await waitForEnd(second);
  await checkStory(t, second, `died ${when} append ${fatal}`);
  await second.end();
  await stage.remove();
}
