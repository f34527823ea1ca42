import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { createClient, type LedgerClient } from '@stamp-ledger/client';
import { parseStream, type StreamName } from '@stamp-ledger/codec';
import type { Serial } from '@stamp-ledger/domain';
import type { ReadModelQueries } from '@stamp-ledger/ports';
import { eventually } from '../support/eventually.js';
import { FoldedModels, workLeft } from './folded-models.js';
import { LogBook } from './log-book.js';
import { sideBySide } from './side-by-side.js';

/** Something that goes wrong in a deployment and is put right again. Resolves when it is. */
export interface Fault {
  readonly name: string;
  happen(random: () => number): Promise<void>;
}

/** A running ledger, whatever it is made of. */
export interface Deployment {
  /** Every API, all of the same ledger. */
  readonly urls: readonly string[];
  readonly token: string;
  /** What may go wrong while the scenario runs. Faults happen one at a time. */
  readonly faults: readonly Fault[];
  /** Milliseconds between two faults; more where putting right took more, so that there is always as much time to work. */
  readonly calm: { readonly least: number; readonly most: number };
  /** Opens its read models, beside its own processes. */
  readModels(): Promise<ReadModelQueries>;
}

export interface Size {
  readonly stamps: number;
  readonly orders: number;
  /** Orders whose stamps are affixed and verified. */
  readonly affixings: number;
}

export interface Outcome {
  readonly events: number;
  readonly faults: readonly string[];
  readonly revisions: ReadonlyMap<string, number>;
}

const CHANNELS = ['post-office', 'bank', 'reseller', 'kiosk'] as const;
const DENOMINATION = { amount: '10000', currency: 'IDR' };
const BATCH_STAMPS = 10_000;
/** Stamps that every API is asked for, by look-up and by strong read. */
const ASKED_STAMPS = 300;
const SETTLE_MILLISECONDS = 300_000;

/**
 * An evening of a ledger: stamps are minted, given to channels, ordered, affixed and verified through every API while
 * faults happen at random. Afterwards the log, the read models and everything acknowledged must agree. The same seed
 * makes the same requests in the same order; what runs side by side is up to the machine.
 */
export async function evening({
  deployment,
  size,
  seed,
  note,
}: {
  readonly deployment: Deployment;
  readonly size: Size;
  readonly seed: number;
  readonly note: (text: string) => void;
}): Promise<Outcome> {
  const random = randomOf(seed);
  const clients = deployment.urls.map((baseUrl) =>
    createClient({
      baseUrl,
      token: deployment.token,
      timeoutMilliseconds: 20_000,
      retry: { attempts: 60, capMilliseconds: 1_000, totalMilliseconds: 120_000 },
    }),
  );
  const anyClient = (): LedgerClient => pick(clients, random);
  try {
    await openBatches(anyClient, size, seed);
    note('half minted');
    const chaos = startChaos(deployment, random);
    await allocateAll(anyClient, size, seed);
    note('minted and allocated');
    const orderIds = await placeOrders(anyClient, { size, seed, random });
    note(`${orderIds.length} orders accepted`);
    const serials = await affixAndVerify(anyClient, { orderIds, size, seed });
    note(`${serials.length} stamps affixed and verified`);
    const faults = await chaos.stop();
    note(`faults: ${faults.join(', ') || 'none'}`);
    return { ...(await closingAudit(anyClient, deployment, { orderIds, size, seed })), faults };
  } finally {
    for (const client of clients) client.close();
  }
}

const batchIdOf = (seed: number, first: number): string => `evening-${seed}-${first}`;

/** Batches are minted side by side: when half of one is, so is about half of each. */
async function openBatches(anyClient: () => LedgerClient, { stamps }: Size, seed: number): Promise<void> {
  for (let first = 0; first < stamps; first += BATCH_STAMPS)
    await anyClient().batches.open(
      {
        batchId: batchIdOf(seed, first),
        denomination: DENOMINATION,
        quantity: Math.min(BATCH_STAMPS, stamps - first),
        series: '2024',
      },
      { key: `batch-${seed}-${first}` },
    );
  await eventually(
    async () => {
      const { minted, quantity } = (await anyClient().batches.get(batchIdOf(seed, 0))).body;
      return minted >= quantity / 2;
    },
    { what: 'half of a batch', milliseconds: SETTLE_MILLISECONDS },
  );
}

async function allocateAll(anyClient: () => LedgerClient, { stamps }: Size, seed: number): Promise<void> {
  for (let first = 0; first < stamps; first += BATCH_STAMPS)
    await eventually(
      async () => (await anyClient().batches.get(batchIdOf(seed, first))).body.status === 'minted',
      { what: 'minting', milliseconds: SETTLE_MILLISECONDS },
    );
  await sideBySide(CHANNELS, async (channel) => {
    const { body } = await anyClient().allocations.request(
      { channel, denomination: DENOMINATION, quantity: Math.floor((stamps * 0.9) / CHANNELS.length) },
      { key: `allocation-${seed}-${channel}` },
    );
    await eventually(
      async () => (await anyClient().allocations.get(body.allocationId)).body.status === 'allocated',
      { what: 'allocation', milliseconds: SETTLE_MILLISECONDS },
    );
  });
}

async function placeOrders(
  anyClient: () => LedgerClient,
  { size, seed, random }: { readonly size: Size; readonly seed: number; readonly random: () => number },
): Promise<readonly string[]> {
  const orders = Array.from({ length: size.orders }, (_, index) => ({
    index,
    channel: pick(CHANNELS, random),
    quantity: 1 + Math.floor(random() * 4),
  }));
  return sideBySide(orders, async ({ index, channel, quantity }) => {
    const { body } = await anyClient().orders.place(
      {
        channel,
        holder: `holder-${index}`,
        denomination: DENOMINATION,
        quantity,
        payment: {
          reference: `pay-${seed}-${index}`,
          amount: String(10_000 * quantity),
          currency: 'IDR',
          paidAt: '2024-09-06T13:00:00.000Z',
        },
      },
      { key: `order-${seed}-${index}` },
    );
    return body.orderId;
  });
}

/** Affixes the first stamp of some orders to a document of its own, and checks it. */
async function affixAndVerify(
  anyClient: () => LedgerClient,
  {
    orderIds,
    size,
    seed,
  }: { readonly orderIds: readonly string[]; readonly size: Size; readonly seed: number },
): Promise<readonly string[]> {
  return sideBySide(orderIds.slice(0, size.affixings), async (orderId) => {
    const serial = await eventually(async () => (await anyClient().orders.get(orderId)).body.serials?.[0], {
      what: `order ${orderId}`,
      milliseconds: SETTLE_MILLISECONDS,
    });
    const sha256 = createHash('sha256').update(`${seed} ${orderId}`).digest('hex');
    await anyClient().stamps.affix(
      serial,
      { document: { sha256, type: 'application-letter' } },
      { key: `affix-${seed}-${orderId}` },
    );
    const { body } = await anyClient().stamps.verify(serial, sha256, {
      key: `verify-${seed}-${orderId}`,
    });
    assert.notEqual(body.verdict, 'not-genuine', `${serial} was affixed and is not genuine`);
    return serial;
  });
}

async function closingAudit(
  anyClient: () => LedgerClient,
  deployment: Deployment,
  {
    orderIds,
    size,
    seed,
  }: { readonly orderIds: readonly string[]; readonly size: Size; readonly seed: number },
): Promise<{ readonly events: number; readonly revisions: ReadonlyMap<string, number> }> {
  await sideBySide(orderIds, (orderId) =>
    eventually(async () => (await anyClient().orders.get(orderId)).body.status === 'fulfilled', {
      what: `order ${orderId}`,
      milliseconds: SETTLE_MILLISECONDS,
    }),
  );
  const models = await deployment.readModels();
  const folded = new FoldedModels();
  try {
    await eventually(async () => (await workLeft(models)).length === 0, {
      what: 'rest',
      milliseconds: SETTLE_MILLISECONDS,
    });
    const book = new LogBook();
    for await (const event of anyClient().events.follow({ stopAtHead: true })) {
      book.take(event);
      await folded.take(event);
    }
    assert.equal(book.minted, size.stamps, 'every stamp was minted once');
    for (const orderId of orderIds) book.assertSettledOnce(orderId);
    const conservation = await eventually(
      async () => {
        const { body } = await anyClient().audit.conservation();
        return (body.asOf.position ?? '') >= book.position ? body : undefined;
      },
      { what: 'the read models', milliseconds: SETTLE_MILLISECONDS },
    );
    for (const group of conservation.groups) assert.equal(group.difference, 0, JSON.stringify(group));
    assert.equal(Number(conservation.money.difference.amount), 0);
    assert.deepEqual(countsOf(conservation.groups), book.counts(), 'the read models say what the log says');
    await caughtUp(models, book);
    await folded.assertSameAs(models);
    await sideBySide(book.sample(ASKED_STAMPS), async (serial) => {
      const { body } = await anyClient().stamps.lookUp(serial);
      const { asOf: _, ...view } = body;
      const strong = await anyClient().stamps.lookUp(serial, { strong: true });
      const { asOf: __, ...strongly } = strong.body;
      assert.deepEqual(view, strongly, `${serial} in seed ${seed}`);
    });
    return { events: book.events, revisions: book.revisions };
  } finally {
    await folded.close();
    await models.close();
  }
}

/** Waits for the models that conservation does not ask: each keeps its own pace. */
async function caughtUp(models: ReadModelQueries, { events, revisions }: LogBook): Promise<void> {
  await eventually(
    async () => (await models.countEvents({})).reduce((sum, { count }) => sum + count, 0) >= events,
    { what: 'the audit index', milliseconds: SETTLE_MILLISECONDS },
  );
  await sideBySide([...revisions], async ([stream, revision]) => {
    const { kind, id } = parseStream(stream as StreamName) ?? assert.fail(stream);
    if (kind !== 'stamp') return;
    await eventually(async () => ((await models.stamp(id as Serial))?.revision ?? -1) >= revision, {
      what: `verification of ${id}`,
      milliseconds: SETTLE_MILLISECONDS,
    });
  });
}

const STAGES = ['inStock', 'allocated', 'sold', 'reserved', 'outcomeUnknown', 'affixed', 'voided'] as const;

const countsOf = (groups: readonly Readonly<Record<(typeof STAGES)[number], number>>[]) =>
  Object.fromEntries(STAGES.map((stage) => [stage, groups.reduce((sum, group) => sum + group[stage], 0)]));

/** Lets one fault after the other happen, in an order of chance, until stopped; none is left half-way. */
function startChaos(
  { faults, calm }: Deployment,
  random: () => number,
): { stop(): Promise<readonly string[]> } {
  const happened: string[] = [];
  let stopping = false;
  const running = (async () => {
    // Every fault happens at least once, then any.
    const first = [...faults].sort(() => random() - 0.5);
    while (!stopping || first.length > 0) {
      const fault = first.shift() ?? (faults.length === 0 ? undefined : pick(faults, random));
      if (fault === undefined) return;
      happened.push(fault.name);
      const begun = performance.now();
      await fault.happen(random);
      const took = performance.now() - begun;
      await setTimeout(Math.max(took, calm.least + random() * (calm.most - calm.least)));
    }
  })();
  running.catch(() => undefined);
  return {
    stop: async () => {
      stopping = true;
      await running;
      return happened;
    },
  };
}

function pick<Item>(items: readonly Item[], random: () => number): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

/** Numbers from 0 up to 1 that the seed alone decides (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
