import type { Test } from 'tap';
import type { JsonObject } from '../../support/http.js';
import {
  affixedStamp,
  fresh,
  freshDocument,
  mintStamps,
  payment,
  pdf,
  problemName,
  RUPIAH_10000,
  recorded,
  soldStamp,
  stockedChannel,
  type World,
} from '../world.js';

const WAIT = { prefer: 'wait=10' };

/** What auditors compare with the world outside. */
export async function audits(t: Test, world: World): Promise<void> {
  await t.test('payments', (t) => payments(t, world));
  await t.test('facts recorded late', (t) => lateFacts(t, world));
  await t.test('outages', (t) => outages(t, world));
  await t.test('search', (t) => search(t, world));
  await t.test('corrections, and long histories', (t) => corrections(t, world));
  await t.test('documents with many stamps', (t) => manyStamps(t, world));
}

async function payments(t: Test, { call }: World): Promise<void> {
  const channel = await stockedChannel(call, 1);
  const reference = `PAY-${fresh()}`;
  const body = { channel, holder: 'h1', denomination: RUPIAH_10000, quantity: 1 };
  const orders = [
    await call('/v1/orders', { body: { ...body, payment: payment('10000', reference) }, headers: WAIT }),
    await call('/v1/orders', { body: { ...body, payment: payment('10000', reference) } }),
  ].map(({ json }) => json.orderId);
  const serial = await soldStamp(call);
  const found = await call(`/v1/audit/payments?reference=${reference}`);
  t.match(found.json, {
    payments: [
      { reference, amount: '10000', currency: 'IDR', paidAt: '2024-09-06T13:00:00.000Z', channel },
      { reference, orderId: orders[1], status: 'pending' },
    ],
  });
  t.match((found.json.payments as JsonObject[])[0], { orderId: orders[0], status: 'fulfilled' });
  t.equal(found.json.next, undefined);
  const period = 'from=2024-09-06T13:00:00Z&to=2024-09-06T13:00:00.001Z&limit=1';
  const first = await call(`/v1/audit/payments?${period}`);
  const second = await call(`/v1/audit/payments?${period}&after=${String(first.json.next)}`);
  t.not(JSON.stringify(second.json.payments), JSON.stringify(first.json.payments));
  t.strictSame((await call('/v1/audit/payments?to=2000-01-01T00:00:00Z')).json, { payments: [] });
  t.notMatch(JSON.stringify(found.json), serial, 'a sale without a payment is none');
}

const EVIDENCE = 'e'.repeat(64);

async function lateFacts(t: Test, { call }: World): Promise<void> {
  const incidentId = `i-${fresh()}`;
  const startedAt = '2024-09-05T02:00:00Z';
  await call('/v1/incidents', { body: { incidentId, title: 'The centre is down', startedAt } });
  const late = (occurredAt: string, id = incidentId) => ({
    occurredAt,
    backfill: { incidentId: id, source: 'kios-1 offline journal', evidenceSha256: EVIDENCE },
  });
  const [serial = ''] = await mintStamps(call, 1);
  const sale = { channel: 'direct', holder: 'holder-1' };
  const sell = (body: JsonObject) => call(`/v1/stamps/${serial}/sale`, { body: { ...sale, ...body } });
  const name = async (body: JsonObject) => problemName(await sell(body));
  t.equal(await name({ occurredAt: startedAt }), 'invalid-request', 'never without its backfill');
  t.equal(await name(late('2024-09-06T00:00:00Z', 'nothing')), 'unknown-incident');
  t.equal(await name(late('2024-09-05T01:59:59Z')), 'occurred-outside-incident');
  t.equal(await name(late('2999-01-01T00:00:00Z')), 'occurred-after-recording');
  const key = { 'idempotency-key': fresh() };
  const body = { ...sale, ...late('2024-09-06T00:00:00Z') };
  const sold = await call(`/v1/stamps/${serial}/sale`, { body, headers: key });
  t.equal(sold.status, 201);
  await call(`/v1/incidents/${incidentId}/closure`, { body: { endedAt: '2024-09-07T00:00:00Z' } });
  t.equal((await call(`/v1/stamps/${serial}/sale`, { body, headers: key })).text, sold.text);
  const affix = (occurredAt: string) =>
    call(`/v1/stamps/${serial}/affixation`, {
      body: { document: pdf(freshDocument()), ...late(occurredAt) },
    });
  t.equal(problemName(await affix('2024-09-07T00:00:01Z')), 'occurred-outside-incident');
  t.equal((await affix('2024-09-06T12:00:00Z')).status, 201);
  const history = await call(`/v1/stamps/${serial}/history`);
  t.match((history.json.events as JsonObject[])[1], {
    type: 'StampSold',
    occurredAt: '2024-09-06T00:00:00.000Z',
    metadata: { backfill: { incidentId, source: 'kios-1 offline journal', evidenceSha256: EVIDENCE } },
  });
  t.match((await call(`/v1/stamps/${serial}?atLeastRevision=2`)).json, {
    soldAt: '2024-09-06T00:00:00.000Z',
    affixedAt: '2024-09-06T12:00:00.000Z',
  });

  const channel = await stockedChannel(call, 1);
  const order = await call('/v1/orders', {
    body: { channel, holder: 'h1', denomination: RUPIAH_10000, quantity: 1 },
  });
  const paid = await call(`/v1/orders/${order.json.orderId}/payments`, {
    body: { ...payment('10000'), ...late('2024-09-06T13:00:00Z') },
  });
  t.equal(paid.status, 200);
  const [event] = (await call(`/v1/events?stream=order-${order.json.orderId}&types=OrderPaid`)).json
    .events as JsonObject[];
  t.match(event, { occurredAt: '2024-09-06T13:00:00.000Z', data: { payment: { amount: '10000' } } });
  t.notMatch(JSON.stringify(event?.data), 'backfill', 'the payment is what the provider reported');
}

async function outages(t: Test, { call }: World): Promise<void> {
  const incidentId = `i-${fresh()}`;
  const startedAt = new Date().toISOString();
  await call('/v1/incidents', { body: { incidentId, title: 'The centre is down', startedAt } });
  const [open = '', resolved = ''] = [await soldStamp(call), await soldStamp(call)];
  for (const serial of [open, resolved]) {
    const body = { document: pdf(freshDocument()), expiresInSeconds: 600 };
    await call(`/v1/stamps/${serial}/reservation`, { body });
    await call(`/v1/stamps/${serial}/outcome-unknown`, { body: {} });
  }
  const evidence = { result: 'not-affixed', evidence: 'archive 7' };
  await call(`/v1/stamps/${resolved}/outcome`, { body: evidence });
  t.equal(
    problemName(await call(`/v1/stamps/${open}/sale`, { body: { channel: 'direct', holder: 'h' } })),
    'already-sold',
  );
  const order = await call('/v1/orders', {
    body: {
      channel: `empty-${fresh().slice(0, 12)}`,
      holder: 'h1',
      denomination: RUPIAH_10000,
      quantity: 1,
      payment: payment('10000'),
    },
  });
  const report = await call(`/v1/audit/outage?incident=${incidentId}`);
  t.match(report.json, {
    from: startedAt,
    incidents: [{ incidentId, status: 'open' }],
    outcomeUnknown: {
      total: 2,
      cases: [
        { serial: open, ending: 'open' },
        { serial: resolved, ending: 'not-affixed' },
      ],
      more: false,
    },
    backfilled: [],
    refunded: 0,
    paidNotFulfilled: { orders: [{ orderId: order.json.orderId, cause: 'out-of-stock' }], more: false },
    processes: { runs: [{ service: 'ledger', version: '0.1.0' }], more: false },
    sealing: 'configured',
    sealGaps: [],
  });
  const { byType } = report.json.accepted as { readonly byType: Record<string, number> };
  t.match(byType, { AffixOutcomeUnknown: 2, AffixOutcomeResolved: 1, OrderPaid: 1 });
  const { byKind } = report.json.refused as { readonly byKind: Record<string, number> };
  t.ok((byKind['already-sold'] ?? 0) >= 1);
  const again = await call(`/v1/audit/outage?from=${startedAt}&to=2999-01-01T00:00:00Z`);
  t.equal(problemName(again), 'invalid-request', 'a window is bounded');
  for (const bad of ['', '?from=2024-01-01T00:00:00Z', `?incident=${incidentId}&from=${startedAt}`])
    t.equal((await call(`/v1/audit/outage${bad}`)).status, 400);
  const backwards = '?from=2024-01-02T00:00:00Z&to=2024-01-01T00:00:00Z';
  t.equal((await call(`/v1/audit/outage${backwards}`)).status, 400);
  t.equal(problemName(await call('/v1/audit/outage?incident=nothing')), 'unknown-incident');
  const before = await call('/v1/audit/outage?from=2024-01-01T00:00:00Z&to=2024-01-02T00:00:00Z');
  t.match(before.json, { accepted: { total: 0 }, refused: { total: 0 }, processes: { runs: [] } });
  await call(`/v1/orders/${order.json.orderId}/cancellation`, { body: {} });
  await call(`/v1/orders/${order.json.orderId}/refund`, { body: { policyVersion: '1' } });
  const [given = '', lost = ''] = await mintStamps(call, 2);
  for (const [serial, reason] of [
    [given, 'refund'],
    [lost, 'lost'],
  ] as const) {
    const sale = { channel: 'direct', holder: 'h', payment: payment('10000') };
    t.equal((await call(`/v1/stamps/${serial}/sale`, { body: sale })).status, 201);
    t.equal((await call(`/v1/stamps/${serial}/void`, { body: { reason, policyVersion: '1' } })).status, 201);
  }
  const after = await call(`/v1/audit/outage?incident=${incidentId}`);
  t.match(after.json, {
    refunded: 1,
    salesRefunded: 1,
    paidNotFulfilled: { orders: [] },
  });
}

async function search(t: Test, { call }: World): Promise<void> {
  const channel = await stockedChannel(call, 1);
  const holder = `holder-${fresh()}`;
  const correlation = '4bf92f35-77b3-4da6-a3ce-929d0e0e4736';
  const traceparent = `00-${correlation.replaceAll('-', '')}-00f067aa0ba902b7-01`;
  const order = await call('/v1/orders', {
    body: { channel, holder, denomination: RUPIAH_10000, quantity: 1, payment: payment('10000') },
    headers: { ...WAIT, traceparent },
  });
  const orderId = String(order.json.orderId);
  const [serial = ''] = order.json.serials as string[];
  const sha256 = freshDocument();
  await call(`/v1/stamps/${serial}/affixation`, { body: { document: pdf(sha256) } });
  const find = async (query: string) => (await call(`/v1/audit/events?${query}`)).json;
  const types = async (query: string) =>
    ((await find(query)).events as JsonObject[]).map(({ type }) => type as string);
  t.strictSame(await types(`orderId=${orderId}`), [
    'OrderPlaced',
    'OrderPaid',
    'StampSold',
    'OrderFulfilled',
  ]);
  t.strictSame(await types(`holder=${holder}&channel=${channel}`), ['OrderPlaced', 'StampSold']);
  t.strictSame(await types(`documentSha256=${sha256}`), ['StampAffixed']);
  t.strictSame(await types(`channel=${channel}&types=StampAllocated,AllocationRequested`), [
    'AllocationRequested',
    'StampAllocated',
  ]);
  t.strictSame(await types(`correlationId=${correlation}`), ['OrderPlaced', 'OrderPaid']);
  const [placed, paid] = (await find(`orderId=${orderId}`)).events as JsonObject[];
  const { commandId } = (placed?.metadata ?? {}) as JsonObject;
  const ofCommand = (await find(`commandId=${String(commandId)}`)).events as JsonObject[];
  t.strictSame(ofCommand.map(recorded), [placed, paid].map(recorded));
  const recordedAt = String(placed?.recordedAt);
  t.strictSame(await types(`orderId=${orderId}&to=${recordedAt}`), []);
  const first = await find(`orderId=${orderId}&from=${recordedAt}&limit=3`);
  t.equal(first.next, (first.events as JsonObject[])[2]?.position);
  t.strictSame(await types(`orderId=${orderId}&after=${String(first.next)}`), ['OrderFulfilled']);
  t.equal((await call('/v1/audit/events?holder=%00')).status, 400);
}

async function corrections(t: Test, { call }: World): Promise<void> {
  const serial = await soldStamp(call);
  const page = async (query = '') => (await call(`/v1/stamps/${serial}/history${query}`)).json;
  const [, sold] = (await page()).events as JsonObject[];
  const body = { eventId: String(sold?.id), statement: 'Sold a day earlier.' };
  const corrected = await call(`/v1/stamps/${serial}/corrections`, { body });
  t.equal(corrected.status, 201);
  const whole = (await page()).events as JsonObject[];
  t.match(whole[1]?.corrections, [
    { revision: 2, statement: 'Sold a day earlier.', position: whole[2]?.position },
  ]);
  t.equal(whole[0]?.corrections, undefined);
  const { corrections: _, ...asItWas } = whole[1] ?? {};
  t.strictSame(recorded(asItWas), recorded(sold), 'what was recorded stays');
  const then = (await page(`?asOf=${String(sold?.position)}`)).events as JsonObject[];
  t.strictSame(then.map(recorded), [whole[0], sold].map(recorded), 'nobody knew then');
  const first = await page('?limit=2');
  t.equal(first.next, 1);
  const rest = await page(`?limit=2&after=${String(first.next)}`);
  t.match(rest.events, [{ type: 'EventCorrected', revision: 2 }]);
  t.equal(rest.next, undefined);
  t.strictSame((await page('?after=2')).events, []);
}

async function manyStamps(t: Test, { call }: World): Promise<void> {
  const sha256 = freshDocument();
  const serials = [await affixedStamp(call, sha256), await affixedStamp(call, sha256)].sort();
  const first = await call(`/v1/documents/${sha256}?limit=1`);
  t.match(first.json, { stamps: [{ serial: serials[0] }], next: serials[0] });
  const second = await call(`/v1/documents/${sha256}?limit=1&after=${serials[0]}`);
  t.match(second.json, { stamps: [{ serial: serials[1] }] });
  t.equal((await call(`/v1/documents/${sha256}`)).json.next, undefined);
}
