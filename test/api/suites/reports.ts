import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import type { JsonObject } from '../../support/http.js';
import {
  affixedStamp,
  fresh,
  freshDocument,
  head,
  payment,
  RUPIAH_10000,
  stockedChannel,
  type World,
} from '../world.js';

/** What auditors and services read. */
export async function reports(t: Test, world: World): Promise<void> {
  await t.test('history', (t) => history(t, world));
  await t.test('documents', (t) => documents(t, world));
  await t.test('inventory and conservation', (t) => inventory(t, world));
  await t.test('unfulfilled', (t) => unfulfilled(t, world));
  await t.test('incidents', (t) => incidents(t, world));
  await t.test('events', (t) => events(t, world));
  await t.test('rebuilds', (t) => rebuilds(t, world));
}

interface EventRow {
  readonly position: string;
  readonly revision: number;
  readonly type: string;
  readonly stream: string;
  readonly recordedAt: string;
  readonly leafHash: string;
}

async function history(t: Test, { call }: World): Promise<void> {
  const serial = await affixedStamp(call, freshDocument());
  const whole = await call(`/v1/stamps/${serial}/history`);
  const rows = whole.json.events as EventRow[];
  t.strictSame(
    rows.map(({ type }) => type),
    ['StampMinted', 'StampSold', 'StampAffixed'],
  );
  t.strictSame(
    rows.map(({ revision }) => revision),
    [0, 1, 2],
  );
  const second = rows[1];
  t.match(second, { stream: `stamp-${serial}`, leafHash: /^[0-9a-f]{64}$/ });
  const past = await call(`/v1/stamps/${serial}/history?asOf=${second?.position}`);
  t.equal((past.json.events as EventRow[]).length, 2, 'as of a position');
  const then = await call(`/v1/stamps/${serial}/history?asOf=2020-01-01T00:00:00Z`);
  t.strictSame(then.json.events, [], 'as of a time');
}

async function documents(t: Test, { call }: World): Promise<void> {
  const sha256 = freshDocument();
  const serial = await affixedStamp(call, sha256);
  const found = await call(`/v1/documents/${sha256}`);
  t.equal(found.status, 200);
  t.match(found.json, { sha256, stamps: [{ serial, state: 'affixed', document: { sha256 } }] });
  const none = await call(`/v1/documents/${freshDocument()}`);
  t.strictSame(none.json.stamps, []);
}

async function inventory(t: Test, { call }: World): Promise<void> {
  const denomination = { amount: '6000', currency: 'IDR' };
  const channel = await stockedChannel(call, 5, denomination);
  const before = await call(`/v1/inventory?channel=${channel}&denomination=6000&currency=IDR`);
  t.match(before.json, {
    groups: [{ channel, denomination, allocated: 5 }],
    totals: { allocated: 5, sold: 0 },
  });
  const order = await call('/v1/orders', {
    body: { channel, holder: 'h1', denomination, quantity: 2, payment: payment('12000') },
    headers: { prefer: 'wait=20' },
  });
  t.equal(order.status, 201);
  const after = await call(`/v1/inventory?channel=${channel}`);
  t.match(after.json.totals, { allocated: 3, sold: 2 });
  const [group] = before.json.groups as { readonly batchId: string }[];
  t.match((await call(`/v1/inventory?batchId=${group?.batchId}`)).json.totals, { allocated: 3, sold: 2 });
  const { position } = before.json.asOf as { readonly position: string };
  t.match((await call(`/v1/inventory?channel=${channel}&asOf=${position}`)).json.totals, {
    allocated: 5,
    sold: 0,
  });

  const conservation = await call('/v1/audit/conservation');
  t.equal(conservation.status, 200);
  const groups = conservation.json.groups as readonly {
    readonly difference: number;
    readonly channel: string;
  }[];
  t.ok(groups.length > 0);
  t.ok(groups.every(({ difference }) => difference === 0));
  t.match(conservation.json.money, { currency: 'IDR', difference: { amount: '0', currency: 'IDR' } });
  const past = await call(`/v1/audit/conservation?asOf=${position}`);
  t.equal((past.json.asOf as JsonObject).position, position);
}

async function unfulfilled(t: Test, { call }: World): Promise<void> {
  const channel = `empty-${fresh().slice(0, 12)}`;
  const orderIds: string[] = [];
  for (let each = 0; each < 2; each++) {
    const order = await call('/v1/orders', {
      body: { channel, holder: 'h1', denomination: RUPIAH_10000, quantity: 1, payment: payment('10000') },
    });
    t.match(order.json, { status: 'paid', ahead: Number });
    t.notOk('estimatedSeconds' in order.json, 'nobody knows when there will be stock');
    orderIds.push(String(order.json.orderId));
  }
  const all = await call('/v1/audit/unfulfilled');
  const rows = all.json.orders as {
    readonly orderId: string;
    readonly cause: string;
    readonly ageSeconds: number;
  }[];
  const row = rows.find(({ orderId }) => orderId === orderIds[0]);
  t.match(row, { cause: 'out-of-stock', ageSeconds: Number });
  t.match(
    (await call('/metrics', { token: null })).text,
    /^stamp_ledger_overdue_orders\{cause="out-of-stock"\} 0$/m,
    'not yet overdue',
  );
  const first = await call('/v1/audit/unfulfilled?limit=1');
  t.equal((first.json.orders as unknown[]).length, 1);
  const second = await call(
    `/v1/audit/unfulfilled?limit=1&after=${encodeURIComponent(String(first.json.next))}`,
  );
  t.not(
    JSON.stringify(second.json.orders),
    JSON.stringify(first.json.orders),
    'the next page is another one',
  );
  for (const id of orderIds) {
    await call(`/v1/orders/${id}/cancellation`, { body: {} });
    const refunded = await call(`/v1/orders/${id}/refund`, { body: { policyVersion: '1' } });
    t.equal(refunded.json.status, 'refunded');
  }
}

async function incidents(t: Test, { call }: World): Promise<void> {
  const incidentId = `i-${fresh()}`;
  const body = { incidentId, title: 'Serials cannot be generated', startedAt: '2024-09-05T02:00:00Z' };
  const opened = await call('/v1/incidents', { body });
  t.equal(opened.status, 201);
  t.equal(opened.headers.get('location'), `/v1/incidents/${incidentId}`);
  t.match(opened.json, { incidentId, status: 'open', revision: 0 });
  t.equal((await call('/v1/incidents', { body })).status, 200);
  t.match((await call(`/v1/incidents/${incidentId}`)).json, { incidentId, status: 'open' });
  const closure = { body: { endedAt: '2024-09-07T02:00:00Z', summary: 'Restored.' } };
  const closed = await call(`/v1/incidents/${incidentId}/closure`, closure);
  t.equal(closed.status, 201);
  t.match(closed.json, { status: 'closed', summary: 'Restored.', revision: 1 });
  t.equal((await call(`/v1/incidents/${incidentId}/closure`, closure)).status, 200);
  const another = await call('/v1/incidents', { body: { title: 'Another' } });
  t.equal(another.status, 201, 'an id and a time of its own, when none is given');
  await until(async () => {
    const first = await call('/v1/incidents?limit=1');
    const rows = first.json.incidents as { readonly incidentId: string }[];
    return rows[0]?.incidentId === another.json.incidentId && first.json.next === another.json.incidentId;
  });
  const next = await call(`/v1/incidents?limit=1&after=${String(another.json.incidentId)}`);
  t.match(next.json.incidents, [{ incidentId }], 'newest first, page by page');
}

async function events(t: Test, world: World): Promise<void> {
  const { call } = world;
  const serial = await affixedStamp(call, freshDocument());
  const one = await call(`/v1/events?stream=stamp-${serial}`);
  t.equal((one.json.events as unknown[]).length, 3);
  const some = await call(`/v1/events?stream=stamp-${serial}&types=StampSold,StampAffixed`);
  t.equal((some.json.events as unknown[]).length, 2);

  const seen: EventRow[] = [];
  const last = await head(world);
  for (let after = ''; ; ) {
    const page = await call(`/v1/events?limit=1000${after}`);
    const rows = page.json.events as EventRow[];
    seen.push(...rows);
    if (rows.length === 0) break;
    after = `&after=${String(page.json.next)}`;
  }
  // Jobs may have written something meanwhile.
  t.ok(
    seen.some(({ position }) => position === last),
    'to the end as it was, and beyond',
  );
  t.equal(new Set(seen.map(({ position }) => position)).size, seen.length, 'none twice');
  t.ok(
    seen.every(({ position }, index) => index === 0 || position > (seen[index - 1]?.position ?? '')),
    'in order',
  );
  let end = await call(`/v1/events?after=${seen.at(-1)?.position}`);
  while ((end.json.events as unknown[]).length > 0) end = await call(`/v1/events?after=${end.json.next}`);
  t.match(end.json.next, /^\d+$/, 'an empty page says where to go on');
}

async function rebuilds(t: Test, { call }: World): Promise<void> {
  const started = await call('/v1/rebuilds', { raw: '' });
  t.equal(started.status, 202);
  const place = started.headers.get('location') ?? '';
  t.equal(place, `/v1/rebuilds/${String(started.json.rebuildId)}`);
  await until(async () => {
    const { json } = await call(place);
    if (json.status === 'failed') throw new Error(String(json.detail));
    return json.status === 'done';
  });
  t.equal((await call('/readyz')).status, 200);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1_200; tries++) {
    if (await holds()) return;
    await sleep(25);
  }
  throw new Error('it did not come about in time');
}
