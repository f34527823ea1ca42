import type { Test } from 'tap';
import {
  affixedStamp,
  freshDocument,
  mintStamps,
  problemName,
  sellStamp,
  UNKNOWN_SERIAL,
  type World,
} from '../world.js';

/** What anyone may read of a stamp, and how fresh it is. */
export async function lookUps(t: Test, world: World): Promise<void> {
  await t.test('the public view', (t) => publicView(t, world));
  await t.test('ETag', (t) => etag(t, world));
  await t.test('atLeastRevision and strong', (t) => freshness(t, world));
  await t.test('unknown serials', (t) => unknown(t, world));
}

async function publicView(t: Test, { call }: World): Promise<void> {
  const sha256 = freshDocument();
  const serial = await affixedStamp(call, sha256);
  const typed = `${serial.slice(0, 4)}-${serial.slice(4, 11).toLowerCase()} ${serial.slice(11)}`;
  const reply = await call(`/v1/stamps/${encodeURIComponent(typed)}?atLeastRevision=2`, { token: null });
  t.equal(reply.status, 200, 'no token, and the serial as a person types it');
  t.match(reply.json, {
    serial,
    state: 'affixed',
    denomination: { amount: '10000', currency: 'IDR' },
    series: 'TEST-2024',
    channel: 'direct',
    document: { sha256, type: 'application/pdf' },
    verifications: { count: 0 },
    revision: 2,
    asOf: { recordedAt: String, lagMilliseconds: Number },
  });
  t.notMatch(reply.text, /holder|payment|actor|admin/);
  t.equal(reply.headers.get('access-control-allow-origin'), '*');
  t.equal(reply.headers.get('cache-control'), 'public, max-age=5, stale-while-revalidate=30');
  t.equal(reply.headers.get('x-content-type-options'), 'nosniff');
  const headOnly = await call(`/v1/stamps/${serial}`, { method: 'HEAD' });
  t.equal(headOnly.status, 200);
  t.equal(headOnly.text, '');
  t.ok(headOnly.headers.get('etag'));
}

async function etag(t: Test, { call }: World): Promise<void> {
  const [serial = ''] = await mintStamps(call, 1);
  const first = await call(`/v1/stamps/${serial}`);
  const tag = first.headers.get('etag') ?? '';
  t.match(tag, /^W\/"0-[0-9a-f]+"$/);
  for (const header of [tag, tag.slice('W/'.length), `"other", ${tag}`, '*']) {
    const same = await call(`/v1/stamps/${serial}`, { headers: { 'if-none-match': header } });
    t.equal(same.status, 304, header);
    t.equal(same.headers.get('etag'), tag);
  }
  const sold = await sellStamp(call, serial);
  const changed = await call(`/v1/stamps/${serial}?atLeastRevision=${String(sold.json.revision)}`, {
    headers: { 'if-none-match': tag },
  });
  t.equal(changed.status, 200);
  t.not(changed.headers.get('etag'), tag);
}

async function freshness(t: Test, { call }: World): Promise<void> {
  for (const serial of await mintStamps(call, 10)) {
    const { json } = await sellStamp(call, serial);
    const { revision } = json;
    const seen = await call(`/v1/stamps/${serial}?atLeastRevision=${String(revision)}`);
    t.equal(seen.json.state, 'sold', 'never older than asked for');
    t.ok(Number(seen.json.revision) >= Number(revision));
  }
  const [serial = ''] = await mintStamps(call, 1);
  const strong = await call(`/v1/stamps/${serial}?consistency=strong`);
  t.match(strong.json, { state: 'minted', asOf: { lagMilliseconds: 0 } });
  t.equal(strong.headers.get('cache-control'), 'no-cache');
  await sellStamp(call, serial);
  const sold = await call(`/v1/stamps/${serial}?consistency=strong`);
  t.match(sold.json, { state: 'sold', revision: 1 }, 'nothing of what was shown before is shown again');
  t.not(sold.headers.get('etag'), strong.headers.get('etag'));
  const future = await call(`/v1/stamps/${serial}?atLeastRevision=7`);
  t.equal(future.status, 412);
  t.equal(problemName(future), 'revision-not-reached');
  t.strictSame(future.json.facts, { revision: 1 });
  for (const query of [
    'atLeastRevision=-1',
    'atLeastRevision=1e3',
    'atLeastRevision=1&atLeastRevision=2',
    'consistency=weak',
    'colour=red',
  ]) {
    const reply = await call(`/v1/stamps/${serial}?${query}`);
    t.equal(problemName(reply), 'invalid-request', query);
    t.match(reply.json.errors, [{ parameter: query.replace(/=.*/, '') }], 'names the parameter');
  }
}

async function unknown(t: Test, { call }: World): Promise<void> {
  for (const query of ['', '?consistency=strong', '?atLeastRevision=0']) {
    const reply = await call(`/v1/stamps/NOBODY0000000000000099${query}`, { token: null });
    t.equal(reply.status, 404);
    t.equal(problemName(reply), 'unknown-serial');
    t.equal(reply.headers.get('access-control-allow-origin'), '*');
  }
  await call('/v1/verifications', { body: { serial: UNKNOWN_SERIAL } });
  t.equal((await call(`/v1/stamps/${UNKNOWN_SERIAL}`)).status, 404, 'asking for it does not make it known');
}
