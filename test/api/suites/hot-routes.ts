import { randomUUID } from 'node:crypto';
import type { Test } from 'tap';
import { eventually } from '../../support/eventually.js';
import type { JsonObject, Reply } from '../../support/http.js';
import {
  affixedStamp,
  freshDocument,
  mintStamps,
  sellStamp,
  soldStamp,
  UNKNOWN_SERIAL,
  UNSEEN_SERIAL,
  type World,
} from '../world.js';

/** The plain requests of a rush are answered before Koa, look-ups from rows held in memory: nobody may be able to tell. */
export async function hotRoutes(t: Test, world: World): Promise<void> {
  await t.test('say what the same look-up says by way of Koa', (t) => bothWays(t, world));
  await t.test('carry commands out as Koa does', (t) => commandsBothWays(t, world));
  await t.test('leave to another route what is its own', (t) => openingsAreNoTicket(t, world));
  await t.test('show what the read model has seen, at once', (t) => neverHeldTooLong(t, world));
  await t.test('are counted like any other request', (t) => counted(t, world));
}

const READ_MODEL = { what: 'the read model', milliseconds: 10_000 };
/** The same meaning as no Accept header at all, and something to weigh: that is left to Koa. */
const BY_KOA = { accept: 'application/json;q=0.9, */*;q=0.1' };
const headersOf = ({ headers }: Reply): JsonObject =>
  Object.fromEntries([...headers].filter(([name]) => name !== 'date'));

async function bothWays(t: Test, { call }: World): Promise<void> {
  const [minted = ''] = await mintStamps(call, 1);
  const sold = await soldStamp(call);
  const affixed = await affixedStamp(call, freshDocument());
  const voided = await soldStamp(call);
  await call(`/v1/stamps/${voided}/void`, { body: { reason: 'damaged' } });
  await call('/v1/verifications', { body: { serial: UNKNOWN_SERIAL } });
  for (const serial of [minted, sold, affixed, voided])
    await eventually(async () => {
      const { json } = await call(`/v1/stamps/${serial}`);
      return (json.asOf as { lagMilliseconds?: number } | undefined)?.lagMilliseconds === 0;
    }, READ_MODEL);
  const tag = (await call(`/v1/stamps/${affixed}`)).headers.get('etag') ?? '';
  const requestId = randomUUID();
  const serials = [minted, sold, affixed, voided, affixed.toLowerCase(), UNKNOWN_SERIAL, UNSEEN_SERIAL];
  const wrong = [
    'STMPAAAAAAAAAAAAAAAAAA',
    'short',
    `${affixed}X`,
    'TSMPAAAAAAAAAAAAAAAAAA',
    `%58${affixed.slice(1)}`,
  ];
  const variants: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['', {}],
    ['', { 'if-none-match': tag }],
    ['', { 'if-none-match': '*' }],
    ['', { 'if-none-match': 'W/"0-0000000000000000"' }],
    ['', { authorization: 'Bearer nonsense', traceparent: 'none', prefer: 'wait=3' }],
    ['?', {}],
    ['?consistency=weak', {}],
    ['?colour=red', {}],
  ];
  for (const serial of [...serials, ...wrong])
    for (const [query, headers] of variants) {
      const ask = (more: Readonly<Record<string, string>>): Promise<Reply> =>
        call(`/v1/stamps/${serial}${query}`, {
          token: null,
          headers: { 'x-request-id': requestId, ...headers, ...more },
        });
      const [hot, koa] = [await ask({}), await ask(BY_KOA)];
      const what = `${serial}${query} ${JSON.stringify(headers)}`;
      t.equal(hot.status, koa.status, what);
      t.equal(hot.text, koa.text, what);
      t.strictSame(headersOf(hot), headersOf(koa), what);
      t.equal(hot.headers.get('x-request-id'), requestId);
    }
  const other = await call(`/v1/stamps/${affixed}`);
  t.not(other.headers.get('x-request-id'), requestId, 'an id of its own');
  t.equal((await call(`/v1/stamps/${affixed}`, { headers: { accept: 'text/html' } })).status, 406);
}

/** A command that is refused changes nothing, so it can be sent twice; one that is carried out needs a stamp for each way. */
async function commandsBothWays(t: Test, { call }: World): Promise<void> {
  const serial = await soldStamp(call);
  const document = { sha256: freshDocument(), type: 'application/pdf' };
  const requestId = randomUUID();
  const hidden = { detail: undefined, instance: undefined };
  const both = async (path: string, request: Parameters<World['call']>[1]): Promise<readonly Reply[]> =>
    Promise.all(
      [{}, BY_KOA].map((more) =>
        call(path, {
          ...request,
          headers: {
            'x-request-id': requestId,
            'idempotency-key': randomUUID(),
            ...request?.headers,
            ...more,
          },
        }),
      ),
    );
  const refusals: readonly (readonly [string, Parameters<World['call']>[1]])[] = [
    [`/v1/stamps/${serial}/affixation`, { body: { document }, token: null }],
    [`/v1/stamps/${serial}/affixation`, { body: { document }, token: 'nonsense' }],
    [`/v1/stamps/${serial}/affixation`, { body: { document }, headers: { 'idempotency-key': '' } }],
    [`/v1/stamps/${serial}/affixation`, { body: { document, more: 1 } }],
    [`/v1/stamps/${serial}/affixation?colour=red`, { body: { document } }],
    [`/v1/stamps/${UNKNOWN_SERIAL}/affixation`, { body: { document } }],
    ['/v1/stamps/short/affixation', { body: { document } }],
    [`/v1/stamps/${serial}/sale`, { body: { channel: 'direct', holder: 'other' } }],
    [`/v1/stamps/${serial}/reservation`, { body: {} }],
    ['/v1/orders', { body: { quantity: 0 } }],
    ['/v1/verifications', { body: {} }],
  ];
  for (const [path, request] of refusals) {
    const what = `${path} ${JSON.stringify(request)}`;
    const [hot, koa] = await both(path, request);
    t.ok((hot?.status ?? 0) >= 400, what);
    t.equal(hot?.status, koa?.status, what);
    t.strictSame({ ...hot?.json, ...hidden }, { ...koa?.json, ...hidden }, what);
    t.strictSame(headersOf(hot as Reply), headersOf(koa as Reply), what);
  }
  const affixed = [];
  for (const more of [{}, BY_KOA]) {
    const own = await soldStamp(call);
    const reply = await call(`/v1/stamps/${own}/affixation`, {
      body: { document: { ...document, sha256: freshDocument() } },
      headers: more,
    });
    affixed.push({
      status: reply.status,
      json: { ...reply.json, serial: reply.json.serial === own },
      headers: [...reply.headers.keys()].sort(),
    });
  }
  t.match(affixed[0], { status: 201, json: { serial: true, state: 'affixed' } });
  t.strictSame(affixed[0], affixed[1]);
}

async function openingsAreNoTicket(t: Test, { call }: World): Promise<void> {
  for (const headers of [{}, BY_KOA]) {
    const reply = await call('/v1/queue/openings', { headers });
    t.equal(reply.status, 200);
    t.ok(Array.isArray(reply.json.openings));
  }
}

/** As soon as the read models say that they are there, no look-up may show less. */
async function neverHeldTooLong(t: Test, { call, opened }: World): Promise<void> {
  for (const serial of await mintStamps(call, 6)) {
    t.equal((await call(`/v1/stamps/${serial}?atLeastRevision=0`)).json.state, 'minted');
    const held = await call(`/v1/stamps/${serial}`);
    const sold = await sellStamp(call, serial);
    const position = sold.headers.get('ledger-position') ?? '';
    // Ten at once: the first of them reads, the others wait for it.
    await eventually(async () => {
      const verification = opened.ledger.readModels
        .status()
        .find(({ projection }) => projection === 'verification');
      return (verification?.position ?? '') >= position;
    }, READ_MODEL);
    const replies = await Promise.all(Array.from({ length: 10 }, () => call(`/v1/stamps/${serial}`)));
    t.strictSame(new Set(replies.map(({ json }) => json.state)), new Set(['sold']));
    t.not(replies[0]?.headers.get('etag'), held.headers.get('etag'));
  }
}

async function counted(t: Test, { call }: World): Promise<void> {
  const serial = await soldStamp(call);
  const counts = async (status: number): Promise<number> => {
    const { text } = await call('/metrics');
    const line = `stamp_ledger_http_requests_total{method="GET",route="/v1/stamps/{serial}",status="${status}"} `;
    const at = text.indexOf(line);
    return at < 0 ? 0 : Number.parseInt(text.slice(at + line.length), 10);
  };
  const before = { found: await counts(200), malformed: await counts(400) };
  await call(`/v1/stamps/${serial}`);
  await call('/v1/stamps/STMPAAAAAAAAAAAAAAAAAA');
  t.equal(await counts(200), before.found + 1);
  t.equal(await counts(400), before.malformed + 1);
  const { text } = await call('/metrics');
  for (const line of text.split('\n').filter((each) => each.startsWith('stamp_ledger_http_')))
    t.match(line, /^\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? [0-9.]+(e-[0-9]+)?$/);
  const of = 'method="GET",route="/v1/stamps/{serial}",class="4xx"';
  const valuesOf = (start: string): number[] =>
    text
      .split('\n')
      .filter(
        (line) => line.startsWith(`stamp_ledger_http_request_duration_seconds${start}`) && line.includes(of),
      )
      .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
  const buckets = valuesOf('_bucket');
  t.strictSame(
    buckets,
    [...buckets].sort((a, b) => a - b),
    'each bucket holds those below it',
  );
  t.strictSame(valuesOf('_count'), buckets.slice(-1));
  t.ok((valuesOf('_sum')[0] ?? 0) > 0);
}
