import { createClient, LedgerError } from '@stamp-ledger/client';
import t from 'tap';
import { eventually } from '../support/eventually.js';
import { startLedgerProcess } from '../support/server-process.js';

// Every call of the client, against a real ledger in a process of its own.
const ledger = await startLedgerProcess();
const client = createClient({ baseUrl: ledger.url, token: ledger.token });
t.teardown(async () => {
  client.close();
  await ledger.stop();
});

const denomination = { amount: '10000', currency: 'IDR' };
const document = { sha256: 'ab'.repeat(32), type: 'application/pdf' };
const payment = (reference: string, amount = '10000') => ({
  reference,
  amount,
  currency: 'IDR',
  paidAt: '2024-09-06T13:00:00Z',
});

const refusal = async (promise: Promise<unknown>): Promise<string | undefined> =>
  promise.then(
    () => 'accepted',
    (error: unknown) => (error instanceof LedgerError ? error.problemName : String(error)),
  );

async function stock(): Promise<void> {
  const batch = await client.batches.open(
    { batchId: 'b-1', denomination, quantity: 100, series: '2024' },
    { waitSeconds: 10 },
  );
  t.match(batch.body, { batchId: 'b-1', status: 'minted', minted: 100 });
  const allocation = await client.allocations.request(
    { allocationId: 'a-1', channel: 'kanal-1', denomination, quantity: 60 },
    { waitSeconds: 10 },
  );
  t.match(allocation.body, { allocationId: 'a-1', status: 'allocated', allocated: 60 });
}

async function buy(quantity: number, orderId: string): Promise<readonly string[]> {
  const { body } = await client.orders.place(
    {
      orderId,
      channel: 'kanal-1',
      holder: 'buyer-1',
      denomination,
      quantity,
      payment: payment(`pay-${orderId}`, String(10_000 * quantity)),
    },
    { waitSeconds: 10 },
  );
  t.equal(body.status, 'fulfilled');
  return body.serials ?? [];
}

t.test('it is there', async (t) => {
  t.match((await client.health.live()).status, 200);
  t.match((await client.health.ready()).body, { status: 'ready' });
});

t.test('stock', async (t) => {
  await stock();
  t.match((await client.batches.get('b-1')).body, { status: 'minted', quantity: 100 });
  t.match((await client.allocations.get('a-1')).body, { allocated: 60, channel: 'kanal-1' });
  t.equal(await refusal(client.batches.get('nothing')), 'unknown-batch');
});

t.test('orders: placed, paid, cancelled, refunded; the same key is the same order', async (t) => {
  const terms = { channel: 'kanal-1', holder: 'buyer-1', denomination, quantity: 1 };
  const placed = await client.orders.place({ ...terms, orderId: 'o-1' }, { key: 'key-1' });
  t.match(placed.body, { orderId: 'o-1', status: 'placed' });
  const again = await client.orders.place({ ...terms, orderId: 'o-1' }, { key: 'key-1' });
  t.equal(again.position, placed.position);
  t.equal(
    await refusal(client.orders.place({ ...terms, quantity: 2 }, { key: 'key-1' })),
    'idempotency-key-reused',
  );
  t.match((await client.orders.pay('o-1', payment('p-1'))).body, { orderId: 'o-1' });
  await client.orders.place({ ...terms, orderId: 'o-2' });
  t.match((await client.orders.cancel('o-2', { reason: 'changed-mind' })).body, { status: 'cancelled' });
  await buy(2, 'o-3');
  const refunded = await client.orders.refund('o-3', { policyVersion: '2024-09-09' });
  t.match(refunded.body, { status: 'refunded', policyVersion: '2024-09-09' });
  t.match((await client.orders.get('o-3')).body, { status: 'refunded' });
  t.match((await client.audit.unfulfilled({ limit: 10 })).body.orders, []);
});

t.test('stock policies', async (t) => {
  const policy = { channel: 'kanal-9', denomination, lowBelow: 3 };
  t.match((await client.stockPolicies.set(policy)).body, policy);
  t.match((await client.stockPolicies.list()).body.policies, [{ ...policy, inStock: 0 }]);
});

t.test('the waiting room', async (t) => {
  t.match((await client.queue.get()).body, { isOpen: false });
  t.match((await client.queue.take({ channel: 'kanal-1' })).body, { status: 'not-needed' });
  t.equal(await refusal(client.queue.look('scribble')), 'invalid-queue-ticket');
  t.equal(
    await refusal(
      client.orders.place(
        { channel: 'kanal-1', holder: 'buyer-1', denomination, quantity: 1 },
        { ticket: 'scribble' },
      ),
    ),
    'invalid-queue-ticket',
  );
  const opensAt = '2124-09-06T15:00:00.000Z';
  const announced = await client.queue.announce({ openingId: 'sale', opensAt, title: 'Last day' });
  t.match(announced.body, { openingId: 'sale', status: 'announced', opensAt, title: 'Last day' });
  t.match((await client.queue.openings()).body.openings, [{ openingId: 'sale' }]);
  t.match((await client.queue.withdraw('sale')).body, { status: 'withdrawn' });
});

t.test('the life of stamps', async (t) => {
  const [first = '', second = '', third = '', fourth = ''] = await buy(4, 'o-4');
  const reserved = await client.stamps.reserve(first, { document, expiresInSeconds: 600 });
  t.match(reserved.body, { serial: first, state: 'reserved' });
  t.match((await client.stamps.release(first)).body, { state: 'sold' });
  const affixed = await client.stamps.affix(first, { document });
  t.match(affixed, { status: 201, body: { state: 'affixed' } });
  t.ok(affixed.position);
  const found = await client.stamps.lookUp(first, { atLeastRevision: affixed.revision ?? 0 });
  t.match(found.body, { state: 'affixed', document, series: '2024', channel: 'kanal-1' });
  t.match(await client.stamps.lookUpIfChanged(first, found.etag ?? ''), { status: 304 });
  t.match((await client.stamps.lookUp(first, { strong: true })).body.state, 'affixed');
  t.match((await client.stamps.verify(first, document.sha256)).body, { verdict: 'genuine' });
  t.match((await client.stamps.verify(first)).body.reasons, ['no-document-presented']);

  await client.stamps.reserve(second, { document, expiresInSeconds: 600 });
  await client.stamps.reportOutcomeUnknown(second, { evidence: 'answer 92' });
  t.match((await client.stamps.resolveOutcome(second, { result: 'not-affixed', evidence: 'asked' })).body, {
    state: 'sold',
  });
  t.match((await client.stamps.void(third, { reason: 'lost' })).body, { state: 'voided' });
  t.equal(await refusal(client.stamps.affix(third, { document })), 'stamp-voided');

  const history = (await client.stamps.history(first)).body;
  t.same(
    history.events.map(({ revision }) => revision),
    [...history.events.keys()],
  );
  const mistaken = history.events.at(-1);
  t.match(
    (await client.stamps.correct(first, { eventId: mistaken?.id ?? '', statement: 'Checked by mistake.' }))
      .body,
    { serial: first },
  );
  const before = (await client.stamps.history(first, { asOf: affixed.position ?? '' })).body;
  t.equal(before.events.at(-1)?.type, 'StampAffixed');
  const bound = await eventually(
    async () => {
      const { stamps } = (await client.audit.document(document.sha256)).body;
      return stamps.length > 0 && stamps;
    },
    { what: 'the document in the read model', milliseconds: 20_000 },
  );
  t.match(bound, [{ serial: first }]);
  t.match((await client.stamps.lookUp(fourth, { atLeastRevision: 2 })).body.state, 'sold');
});

t.test('direct sale and return of stock', async (t) => {
  const { body } = await client.events.page({ types: ['StampAllocated'], limit: 1_000 });
  const serial = String(body.events.at(-1)?.data.serial);
  t.match((await client.stamps.deallocate(serial, { reason: 'returned' })).body, { state: 'minted' });
  const sold = await client.stamps.sell(serial, {
    channel: 'direct',
    holder: 'buyer-2',
    payment: payment('p-direct'),
  });
  t.match(sold, { status: 201, body: { state: 'sold' } });
});

t.test('incidents', async (t) => {
  const opened = await client.incidents.open({ incidentId: 'i-1', title: 'Serials cannot be generated' });
  t.match(opened.body, { incidentId: 'i-1', status: 'open' });
  t.match((await client.incidents.close('i-1', { summary: 'Repaired.' })).body, { status: 'closed' });
  t.match((await client.incidents.get('i-1')).body, { title: 'Serials cannot be generated' });
  t.match((await client.incidents.list()).body.incidents, [{ incidentId: 'i-1' }]);
});

t.test('reports', async (t) => {
  const { body: inventory } = await client.audit.inventory({ channel: 'kanal-1' });
  t.ok(inventory.groups.every(({ channel }) => channel === 'kanal-1'));
  const { body: conservation } = await client.audit.conservation();
  t.equal(
    conservation.groups.reduce((total, { minted }) => total + minted, 0),
    100,
  );
  t.ok(conservation.groups.every(({ difference }) => difference === 0));
  t.equal(conservation.money.difference.amount, '0');
});

t.test('the feed of events, whole and narrowed', async (t) => {
  const positions: string[] = [];
  for await (const { position } of client.events.follow({ limit: 50, stopAtHead: true }))
    positions.push(position);
  t.same(positions, [...new Set(positions)].sort());
  t.ok(positions.length > 160, 'a hundred minted, sixty allocated, and what came of them');
  const types = new Set<string>();
  for await (const event of client.events.follow({ types: ['OrderFulfilled'], stopAtHead: true }))
    types.add(event.type);
  t.same([...types], ['OrderFulfilled']);
});

t.test('a rebuild', async (t) => {
  const started = await client.rebuilds.start();
  let { body } = started;
  while (body.status === 'running') {
    await new Promise((resolve) => setTimeout(resolve, 50));
    ({ body } = await client.rebuilds.get(body.rebuildId));
  }
  t.equal(body.status, 'done');
});

t.test('without a token only what is public', async (t) => {
  const stranger = createClient({ baseUrl: ledger.url });
  t.teardown(() => stranger.close());
  t.equal(await refusal(stranger.audit.conservation()), 'unauthenticated');
  t.equal(await refusal(stranger.stamps.lookUp('A'.repeat(22))), 'unknown-serial');
});
