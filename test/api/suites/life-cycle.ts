import type { Test } from 'tap';
import {
  affixedStamp,
  fresh,
  freshDocument,
  mintStamps,
  payment,
  pdf,
  RUPIAH_10000,
  sellStamp,
  soldStamp,
  stockedChannel,
  UNKNOWN_SERIAL,
  type World,
} from '../world.js';

/** Every command and query at its best, with the answer that the contract gives it. */
export async function lifeCycle(t: Test, world: World): Promise<void> {
  await t.test('batches', (t) => batches(t, world));
  await t.test('allocations', (t) => allocations(t, world));
  await t.test('orders', (t) => orders(t, world));
  await t.test('sale, reservation, affixing', (t) => affixing(t, world));
  await t.test('document types as they are written', (t) => documentTypes(t, world));
  await t.test('outcome unknown', (t) => outcomes(t, world));
  await t.test('void, deallocation, correction', (t) => issuer(t, world));
  await t.test('verifications', (t) => verifications(t, world));
}

/** Where the last event of a stream stands: an answer that waited has to name it, so that reading after it shows the end. */
async function lastPosition(call: World['call'], stream: string): Promise<string | undefined> {
  const page = await call(`/v1/events?limit=1000&stream=${stream}`);
  return (page.json.events as { readonly position: string }[]).at(-1)?.position;
}

async function batches(t: Test, { call }: World): Promise<void> {
  const batchId = `b-${fresh()}`;
  const body = { batchId, denomination: RUPIAH_10000, quantity: 3_000, series: 'TEST-2024' };
  const accepted = await call('/v1/batches', { body });
  t.equal(accepted.status, 202);
  t.match(accepted.json, { batchId, status: 'minting', quantity: 3_000, series: 'TEST-2024' });
  t.equal(accepted.headers.get('location'), `/v1/batches/${batchId}`);
  t.match(accepted.headers.get('ledger-position'), /^\d{16}$/);

  const again = await call('/v1/batches', { body, headers: { prefer: 'wait=25' } });
  t.equal(again.status, 201, 'the same terms again, under another key, wait for the same batch');
  t.equal(again.headers.get('preference-applied'), 'wait=25');
  t.match(again.json, { batchId, status: 'minted', minted: 3_000 });
  t.equal(again.headers.get('ledger-position'), await lastPosition(call, `batch-${batchId}`));

  const read = await call(`/v1/batches/${batchId}`);
  t.equal(read.status, 200);
  t.match(read.json, { batchId, status: 'minted', quantity: 3_000, minted: 3_000 });
  const [own = ''] = await mintStamps(call, 2);
  t.equal((await call(`/v1/stamps/${own}`)).json.state, 'minted', 'a batch may bring its own serials');
}

/** Names of the published lists, and media types with parameters. */
async function documentTypes(t: Test, { call }: World): Promise<void> {
  for (const type of ['4a: Dokumen penerimaan uang (> 5 juta)', 'text/plain; charset="utf-8"']) {
    const serial = await soldStamp(call);
    const document = { sha256: freshDocument(), type };
    t.equal((await call(`/v1/stamps/${serial}/affixation`, { body: { document } })).status, 201, type);
    t.match((await call(`/v1/stamps/${serial}?consistency=strong`)).json, { document });
  }
}

async function allocations(t: Test, { call }: World): Promise<void> {
  const channel = `c-${fresh().slice(0, 12)}`;
  const batchId = `b-${fresh()}`;
  await call('/v1/batches', {
    body: { batchId, denomination: RUPIAH_10000, quantity: 50, series: 'TEST-2024' },
    headers: { prefer: 'wait=20' },
  });
  const body = { channel, denomination: RUPIAH_10000, quantity: 20, batchId };
  const done = await call('/v1/allocations', { body, headers: { prefer: 'wait=20' } });
  t.equal(done.status, 201);
  t.match(done.json, { status: 'allocated', channel, quantity: 20, allocated: 20, batchId });
  t.equal(
    done.headers.get('ledger-position'),
    await lastPosition(call, `allocation-${String(done.json.allocationId)}`),
  );
  const accepted = await call('/v1/allocations', { body });
  t.equal(accepted.status, 202);
  t.match(accepted.json, { status: 'allocating' });
  const { allocationId } = accepted.json;
  t.equal(accepted.headers.get('location'), `/v1/allocations/${String(allocationId)}`);
  const read = await call(`/v1/allocations/${String(allocationId)}`);
  t.equal(read.status, 200);
  t.equal(read.json.allocationId, allocationId);
}

async function orders(t: Test, { call }: World): Promise<void> {
  const channel = await stockedChannel(call, 10);
  const terms = { channel, holder: `h-${fresh()}`, denomination: RUPIAH_10000, quantity: 2 };
  const placed = await call('/v1/orders', { body: terms, headers: { prefer: 'wait=20' } });
  t.equal(placed.status, 202, 'an unpaid order is not waited for');
  t.equal(placed.headers.get('preference-applied'), null);
  t.match(placed.json, { status: 'placed', channel, quantity: 2 });
  const order = `/v1/orders/${String(placed.json.orderId)}`;
  t.equal(placed.headers.get('location'), order);
  t.notMatch(placed.text, 'holder');

  const paid = await call(`${order}/payments`, { body: payment('20000') });
  t.equal(paid.status, 200);
  t.match(paid.headers.get('ledger-position'), /^\d{16}$/);

  const fulfilled = await call('/v1/orders', {
    body: { ...terms, payment: payment('20000') },
    headers: { prefer: 'wait=20' },
  });
  t.equal(fulfilled.status, 201);
  t.match(fulfilled.json, {
    status: 'fulfilled',
    ahead: 0,
    estimatedSeconds: 0,
    payment: { amount: '20000' },
  });
  t.equal((fulfilled.json.serials as string[]).length, 2);
  t.equal(
    fulfilled.headers.get('ledger-position'),
    await lastPosition(call, `order-${String(fulfilled.json.orderId)}`),
  );
  const read = await call(`/v1/orders/${String(fulfilled.json.orderId)}`);
  t.equal(read.status, 200);
  t.strictSame(read.json.serials, fulfilled.json.serials);

  const refund = await call(`/v1/orders/${String(fulfilled.json.orderId)}/refund`, {
    body: { policyVersion: '2024-09/1', reason: 'outage' },
  });
  t.equal(refund.status, 200);
  t.match(refund.json, { status: 'refunded', amount: { amount: '20000' }, policyVersion: '2024-09/1' });

  const unwanted = await call('/v1/orders', { body: terms });
  const cancelled = await call(`/v1/orders/${String(unwanted.json.orderId)}/cancellation`, { raw: '' });
  t.equal(cancelled.status, 200, 'without a body, for all of it is optional');
  t.equal(cancelled.json.status, 'cancelled');
}

async function affixing(t: Test, { call }: World): Promise<void> {
  const [serial = ''] = await mintStamps(call, 1);
  const sold = await sellStamp(call, serial);
  t.match(sold.json, { serial, state: 'sold', revision: 1 });
  t.match(sold.headers.get('ledger-position'), /^\d{16}$/);
  const document = pdf(freshDocument());
  const stamp = `/v1/stamps/${serial}`;
  const reservation = { body: { document, expiresInSeconds: 600 } };

  const reserved = await call(`${stamp}/reservation`, reservation);
  t.equal(reserved.status, 201);
  t.match(reserved.json, { serial, state: 'reserved', revision: 2 });
  t.equal((await call(`${stamp}/reservation`, reservation)).status, 200, 'for the same document again');
  const released = await call(`${stamp}/reservation`, { method: 'DELETE' });
  t.equal(released.status, 200);
  t.equal(released.json.state, 'sold');
  const key = `release-${fresh()}`;
  t.equal((await call(`${stamp}/reservation`, { method: 'DELETE', key })).status, 200);
  const replayed = await call(`${stamp}/reservation`, { method: 'DELETE', key });
  t.equal(replayed.headers.get('idempotency-replayed'), 'true', 'a removal may have a key, too');

  const affixed = await call(`${stamp}/affixation`, { body: { document } });
  t.equal(affixed.status, 201);
  t.match(affixed.json, { serial, state: 'affixed' });
  const again = await call(`${stamp}/affixation`, { body: { document } });
  t.equal(again.status, 200, 'the same document again');
  t.equal(again.json.revision, affixed.json.revision);
}

async function outcomes(t: Test, { call }: World): Promise<void> {
  const serial = await soldStamp(call);
  const stamp = `/v1/stamps/${serial}`;
  await call(`${stamp}/reservation`, { body: { document: pdf(freshDocument()), expiresInSeconds: 600 } });
  const unknown = await call(`${stamp}/outcome-unknown`, { body: { evidence: 'timeout of the signer' } });
  t.equal(unknown.status, 201);
  t.equal(unknown.json.state, 'outcome-unknown');
  t.equal((await call(`${stamp}/outcome-unknown`, { raw: '' })).status, 200);
  const resolution = {
    body: { result: 'affixed', evidence: { sha256: freshDocument(), reference: 'report 4711' } },
  };
  const resolved = await call(`${stamp}/outcome`, resolution);
  t.equal(resolved.status, 201);
  t.equal(resolved.json.state, 'affixed');
  t.equal((await call(`${stamp}/outcome`, resolution)).status, 200);
}

async function issuer(t: Test, { call }: World): Promise<void> {
  const [first = ''] = await mintStamps(call, 1);
  t.equal((await call(`/v1/stamps/${first}/void`, { body: { reason: 'misprint' } })).status, 201);
  const again = await call(`/v1/stamps/${first}/void`, { body: { reason: 'misprint' } });
  t.equal(again.status, 200);
  t.equal(again.json.state, 'voided');
  t.match((await call(`/v1/stamps/${first}?atLeastRevision=1`)).json, {
    state: 'voided',
    voided: { reason: 'misprint' },
  });

  const channel = await stockedChannel(call, 1);
  const allocated = await allocatedStamp(call, channel);
  t.equal(
    (await call(`/v1/stamps/${allocated}/deallocation`, { body: { reason: 'channel-closed' } })).status,
    201,
  );
  const back = await call(`/v1/stamps/${allocated}/deallocation`, { body: { reason: 'channel-closed' } });
  t.equal(back.status, 200);
  t.equal(back.json.state, 'minted');

  const history = await call(`/v1/stamps/${first}/history`);
  const [minted] = history.json.events as { readonly id: string }[];
  const corrected = await call(`/v1/stamps/${first}/corrections`, {
    body: { eventId: minted?.id, statement: 'The series was recorded wrongly.' },
  });
  t.equal(corrected.status, 201);
  t.equal(corrected.json.state, 'voided', 'a correction changes no state');
}

/** The one stamp of a channel's stock, found through the events. */
async function allocatedStamp(call: World['call'], channel: string): Promise<string> {
  for (let after = ''; ; ) {
    const page = await call(`/v1/events?limit=1000&types=StampAllocated${after}`);
    const events = page.json.events as {
      readonly data: { readonly serial: string; readonly channel: string };
    }[];
    const found = events.find(({ data }) => data.channel === channel);
    if (found !== undefined) return found.data.serial;
    if (events.length === 0) throw new Error(`nothing was allocated to ${channel}`);
    after = `&after=${String(page.json.next)}`;
  }
}

async function verifications(t: Test, { call }: World): Promise<void> {
  const sha256 = freshDocument();
  const serial = await affixedStamp(call, sha256);
  const genuine = await call('/v1/verifications', {
    body: { serial: serial.toLowerCase(), document: { sha256 } },
  });
  t.equal(genuine.status, 200);
  t.match(genuine.json, { serial, verdict: 'genuine', reasons: [], state: 'affixed', document: { sha256 } });
  t.match(genuine.headers.get('ledger-position'), /^\d{16}$/);
  t.notMatch(genuine.text, 'holder');

  const other = await call('/v1/verifications', { body: { serial, document: { sha256: freshDocument() } } });
  t.match(other.json, { verdict: 'not-genuine', reasons: ['document-mismatch'] });
  const none = await call('/v1/verifications', { body: { serial } });
  t.match(none.json.reasons, ['no-document-presented']);

  const forged = await call('/v1/verifications', { body: { serial: UNKNOWN_SERIAL } });
  t.equal(forged.status, 200);
  t.match(forged.json, { serial: UNKNOWN_SERIAL, verdict: 'not-genuine', state: 'unknown' });
  t.ok((forged.json.reasons as string[]).includes('unknown-serial'));
  t.ok(forged.headers.get('ledger-position'), 'a forgery is recorded');
  const malformed = await call('/v1/verifications', { body: { serial: 'scribble' } });
  t.match(malformed.json, { serial: 'scribble', verdict: 'not-genuine' });
  t.ok((malformed.json.reasons as string[]).includes('malformed-serial'));
  t.equal(malformed.headers.get('ledger-position'), null, 'what cannot be a serial is not recorded');
}
