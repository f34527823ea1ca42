import { gzipSync } from 'node:zlib';
import type { Test } from 'tap';
import type { Call } from '../../support/http.js';
import {
  affixedStamp,
  fresh,
  freshDocument,
  head,
  mintStamps,
  payment,
  pdf,
  problemName,
  RUPIAH_10000,
  soldStamp,
  stockedChannel,
  UNKNOWN_SERIAL,
  type World,
} from '../world.js';

interface Case {
  readonly what: string;
  readonly path: string;
  readonly call: Call;
  readonly status: number;
  readonly problem: string;
  /** What `errors` must hold. */
  readonly errors?: readonly object[];
}

/** Each bad request has a problem of its own name and leaves the ledger as it was: the log ends where it ended. */
export async function badInput(t: Test, world: World): Promise<void> {
  for (const cases of [
    await stampCases(world),
    await orderCases(world),
    await batchCases(world),
    bodyCases(),
  ])
    for (const each of cases)
      await t.test(each.what, async (t) => {
        const before = await head(world);
        const reply = await world.call(each.path, each.call);
        t.equal(problemName(reply), each.problem, reply.text);
        t.equal(reply.status, each.status);
        t.equal(reply.json.status, each.status);
        t.match(reply.headers.get('content-type'), /^application\/problem\+json/);
        t.equal(reply.json.instance, reply.headers.get('x-request-id'));
        if (each.errors !== undefined) t.match(reply.json.errors, each.errors);
        t.equal(await head(world), before, 'the ledger is unchanged');
      });
}

async function stampCases({ call }: World): Promise<Case[]> {
  const document = pdf(freshDocument());
  const [minted = '', voided = ''] = await mintStamps(call, 2);
  await call(`/v1/stamps/${voided}/void`, { body: { reason: 'misprint' } });
  const sold = await soldStamp(call);
  const affixed = await affixedStamp(call, freshDocument());
  const reserved = await soldStamp(call);
  await call(`/v1/stamps/${reserved}/reservation`, { body: { document, expiresInSeconds: 600 } });
  const doubtful = await soldStamp(call);
  await call(`/v1/stamps/${doubtful}/reservation`, { body: { document, expiresInSeconds: 600 } });
  await call(`/v1/stamps/${doubtful}/outcome-unknown`, { body: {} });
  const generated = await generatedSerial(call);
  const at = (serial: string, rest: string) => `/v1/stamps/${encodeURIComponent(serial)}${rest}`;
  const affix = (serial: string, what: string, status: number, problem: string): Case => ({
    what,
    path: at(serial, '/affixation'),
    call: { body: { document: pdf(freshDocument()) } },
    status,
    problem,
  });
  const sale = { body: { channel: 'direct', holder: 'h1' } };
  return [
    affix(UNKNOWN_SERIAL, 'affixing an unknown serial', 404, 'unknown-serial'),
    affix(minted, 'affixing before the sale', 409, 'not-sold'),
    affix(affixed, 'affixing to a second document', 409, 'already-affixed'),
    affix(voided, 'affixing a void stamp', 409, 'stamp-voided'),
    affix(reserved, 'affixing to another document than reserved', 409, 'reserved-for-another-document'),
    affix(doubtful, 'affixing while the outcome is unknown', 409, 'outcome-unknown'),
    affix('not a serial', 'affixing what is no serial', 400, 'malformed-serial'),
    {
      what: 'O for 0 in a serial',
      path: at(confuse(generated), ''),
      call: {},
      status: 400,
      problem: 'malformed-serial',
    },
    {
      what: 'O for 0 in a command',
      path: at(confuse(generated), '/sale'),
      call: sale,
      status: 400,
      problem: 'malformed-serial',
    },
    {
      what: 'a serial with a slash',
      path: at('ABC/DEF', ''),
      call: {},
      status: 400,
      problem: 'malformed-serial',
    },
    {
      what: 'a serial with plus signs',
      path: '/v1/stamps/ABC+DEF',
      call: {},
      status: 400,
      problem: 'malformed-serial',
    },
    {
      what: 'a serial with broken percent-encoding',
      path: '/v1/stamps/ABC%ZZ',
      call: {},
      status: 400,
      problem: 'malformed-serial',
    },
    {
      what: 'a serial beyond ASCII',
      path: at('ſTMP'.padEnd(22, 'ı'), ''),
      call: {},
      status: 400,
      problem: 'malformed-serial',
    },
    { what: 'selling twice', path: at(sold, '/sale'), call: sale, status: 409, problem: 'already-sold' },
    {
      what: "selling another channel's stamp",
      path: at(minted, '/sale'),
      call: { body: { channel: 'elsewhere', holder: 'h1' } },
      status: 403,
      problem: 'wrong-channel',
    },
    {
      what: 'releasing what was never reserved',
      path: at(minted, '/reservation'),
      call: { method: 'DELETE' },
      status: 409,
      problem: 'not-reserved',
    },
    {
      what: 'resolving without doubt',
      path: at(sold, '/outcome'),
      call: { body: { result: 'affixed', evidence: 'x' } },
      status: 409,
      problem: 'wrong-state',
    },
    {
      what: 'voiding an affixed stamp for any reason',
      path: at(affixed, '/void'),
      call: { body: { reason: 'misprint' } },
      status: 409,
      problem: 'void-reason-not-allowed',
    },
    {
      what: 'revoking without evidence',
      path: at(affixed, '/void'),
      call: { body: { reason: 'revoked' } },
      status: 422,
      problem: 'evidence-required',
    },
    {
      what: 'refunding without a policy',
      path: at(sold, '/void'),
      call: { body: { reason: 'refund' } },
      status: 422,
      problem: 'policy-version-required',
    },
    {
      what: 'correcting an unknown event',
      path: at(sold, '/corrections'),
      call: { body: { eventId: '6f1f0f3e-8c1b-4b7e-9d52-3c7f8f2f1a10', statement: 'x' } },
      status: 404,
      problem: 'unknown-event',
    },
    {
      what: 'a hash that is none',
      path: at(sold, '/affixation'),
      call: { body: { document: pdf('abc') } },
      status: 400,
      problem: 'invalid-request',
      errors: [{ pointer: '#/document/sha256' }],
    },
  ];
}

/** A serial that the ledger made, with its check character. */
async function generatedSerial(call: World['call']): Promise<string> {
  const channel = await stockedChannel(call, 5);
  const page = await call('/v1/orders', {
    body: { channel, holder: 'h1', denomination: RUPIAH_10000, quantity: 5, payment: payment('50000') },
    headers: { prefer: 'wait=20' },
  });
  const serials = page.json.serials as string[];
  return serials.find((serial) => /[0O]/.test(serial.slice(4))) ?? serials[0] ?? '';
}

/** Swaps the first 0 or O behind the mark for the other; the check character has to notice. */
const confuse = (serial: string): string =>
  serial.slice(0, 4) +
  serial
    .slice(4)
    .replace(/[0O]/, (one) => (one === '0' ? 'O' : '0'))
    .replace(/^([^0O]*)$/, (rest) => `${rest.slice(1)}${rest[0]}`);

async function orderCases({ call }: World): Promise<Case[]> {
  const channel = await stockedChannel(call, 1);
  const body = { channel, holder: 'h1', denomination: RUPIAH_10000, quantity: 1 };
  const orderId = `o-${fresh()}`;
  await call('/v1/orders', { body: { ...body, orderId } });
  await call('/v1/orders', {
    body: { ...body, orderId: `${orderId}-paid`, payment: payment('10000') },
    headers: { prefer: 'wait=20' },
  });
  const order = (
    what: string,
    change: object,
    status: number,
    problem: string,
    errors?: Case['errors'],
  ): Case => ({
    what,
    path: '/v1/orders',
    call: { body: { ...body, ...change } },
    status,
    problem,
    ...(errors === undefined ? {} : { errors }),
  });
  const money = (amount: unknown, currency: unknown = 'IDR') => ({ denomination: { amount, currency } });
  const pay = `/v1/orders/${orderId}/payments`;
  return [
    order('a negative amount', money('-10000'), 400, 'invalid-request', [
      { pointer: '#/denomination/amount' },
    ]),
    order('an amount of 1e3', money('1e3'), 400, 'invalid-request', [{ pointer: '#/denomination/amount' }]),
    order('an amount as a number', money(10_000), 400, 'invalid-request', [
      { pointer: '#/denomination/amount' },
    ]),
    order('an amount of nothing', money('0'), 422, 'invalid-amount'),
    order('more decimals than the currency has', money('10.001', 'USD'), 422, 'invalid-amount'),
    order('an unknown currency', money('10000', 'XXZ'), 422, 'unknown-currency'),
    order('a currency that is no code', money('10000', 'rupiah'), 400, 'invalid-request', [
      { pointer: '#/denomination/currency' },
    ]),
    order('an order of 0', { quantity: 0 }, 400, 'invalid-request', [{ pointer: '#/quantity' }]),
    order('an order of 1,001', { quantity: 1_001 }, 400, 'invalid-request', [{ pointer: '#/quantity' }]),
    order('an identity number for a holder', { holder: '3174012345678901' }, 400, 'invalid-request', [
      { pointer: '#/holder' },
    ]),
    order('an order id with other terms', { orderId, quantity: 2 }, 409, 'order-exists'),
    order('a payment of too little', { payment: payment('1') }, 422, 'payment-mismatch'),
    {
      what: 'paying an unknown order',
      path: '/v1/orders/nobody/payments',
      call: { body: payment('1') },
      status: 404,
      problem: 'unknown-order',
    },
    {
      what: 'paying too much',
      path: pay,
      call: { body: payment('10001') },
      status: 422,
      problem: 'payment-mismatch',
    },
    {
      what: 'paying twice',
      path: `/v1/orders/${orderId}-paid/payments`,
      call: { body: payment('10000') },
      status: 409,
      problem: 'already-paid',
    },
    {
      what: 'refunding an unpaid order',
      path: `/v1/orders/${orderId}/refund`,
      call: { body: { policyVersion: '1' } },
      status: 409,
      problem: 'order-not-refundable',
    },
    {
      what: 'refunding without a policy version',
      path: `/v1/orders/${orderId}/refund`,
      call: { body: {} },
      status: 400,
      problem: 'invalid-request',
      errors: [{ pointer: '#/policyVersion', detail: 'is missing' }],
    },
    {
      what: 'cancelling a fulfilled order',
      path: `/v1/orders/${orderId}-paid/cancellation`,
      call: { body: {} },
      status: 409,
      problem: 'order-not-cancellable',
    },
    {
      what: 'refunding another amount',
      path: `/v1/orders/${orderId}-paid/refund`,
      call: { body: { policyVersion: '1', amount: { amount: '10001', currency: 'IDR' } } },
      status: 422,
      problem: 'refund-amount-mismatch',
    },
  ];
}

async function batchCases({ call }: World): Promise<Case[]> {
  const [existing = ''] = await mintStamps(call, 1);
  const fine = { denomination: RUPIAH_10000, quantity: 2, series: 'TEST-2024' };
  const own = (serial: string) => `Y${serial.slice(1)}`;
  const batch = (
    what: string,
    change: object,
    status: number,
    problem: string,
    errors?: Case['errors'],
  ): Case => ({
    what,
    path: '/v1/batches',
    call: { body: { ...fine, ...change } },
    status,
    problem,
    ...(errors === undefined ? {} : { errors }),
  });
  const batchId = `b-${fresh()}`;
  await call('/v1/batches', { body: { ...fine, batchId }, headers: { prefer: 'wait=20' } });
  const incidentId = `i-${fresh()}`;
  await call('/v1/incidents', { body: { incidentId, title: 'x' } });
  await call(`/v1/incidents/${incidentId}/closure`, { body: { summary: 'over' } });
  const allocation = (change: object) => ({
    body: { channel: 'kantorpos', denomination: RUPIAH_10000, quantity: 1, ...change },
  });
  return [
    batch('a batch of 0', { quantity: 0 }, 400, 'invalid-request', [{ pointer: '#/quantity' }]),
    batch('a batch of 10^9', { quantity: 1e9 }, 400, 'invalid-request', [{ pointer: '#/quantity' }]),
    batch('a batch of 1.5', { quantity: 1.5 }, 400, 'invalid-request', [{ pointer: '#/quantity' }]),
    batch('a batch of a word', { quantity: '2' }, 400, 'invalid-request', [{ pointer: '#/quantity' }]),
    batch('a serial twice in a batch', { serials: [own(existing), own(existing)] }, 422, 'duplicate-serial'),
    batch('a serial that exists', { quantity: 1, serials: [existing] }, 409, 'serial-exists'),
    batch('fewer serials than the quantity', { serials: [own(existing)] }, 422, 'serials-quantity-mismatch'),
    batch(
      'a serial with a wrong check character',
      { quantity: 1, serials: ['STMP000000000000000000'] },
      400,
      'malformed-serial',
    ),
    batch(
      'a serial in lower case',
      { quantity: 1, serials: [existing.toLowerCase()] },
      400,
      'invalid-request',
      [{ pointer: '#/serials/0' }],
    ),
    batch('an unknown currency', { denomination: { amount: '1', currency: 'ZZZ' } }, 422, 'unknown-currency'),
    batch('an unknown member', { colour: 'red' }, 400, 'invalid-request', [
      { pointer: '#/colour', detail: 'is not known here' },
    ]),
    batch('a batch id with other terms', { batchId, quantity: 3 }, 409, 'batch-exists'),
    {
      what: 'more than is in stock',
      path: '/v1/allocations',
      call: allocation({ quantity: 1_000_000 }),
      status: 409,
      problem: 'insufficient-stock',
    },
    {
      what: "the issuer's own channel",
      path: '/v1/allocations',
      call: allocation({ channel: 'direct' }),
      status: 422,
      problem: 'channel-not-allocatable',
    },
    {
      what: 'a channel in capitals',
      path: '/v1/allocations',
      call: allocation({ channel: 'KantorPos' }),
      status: 400,
      problem: 'invalid-request',
      errors: [{ pointer: '#/channel' }],
    },
    {
      what: 'closing an unknown incident',
      path: '/v1/incidents/nobody/closure',
      call: { body: {} },
      status: 404,
      problem: 'unknown-incident',
    },
    {
      what: 'closing with other words',
      path: `/v1/incidents/${incidentId}/closure`,
      call: { body: { summary: 'not over' } },
      status: 409,
      problem: 'incident-closed',
    },
    {
      what: 'an incident id with other terms',
      path: '/v1/incidents',
      call: { body: { incidentId, title: 'y' } },
      status: 409,
      problem: 'incident-exists',
    },
    {
      what: 'a time that is none',
      path: '/v1/incidents',
      call: { body: { title: 'x', startedAt: '2024-02-30T00:00:00Z' } },
      status: 400,
      problem: 'invalid-request',
      errors: [{ pointer: '#/startedAt' }],
    },
  ];
}

function bodyCases(): Case[] {
  const raw = (
    what: string,
    sent: string | Uint8Array,
    status: number,
    problem: string,
    headers: Record<string, string> = {},
  ): Case => ({
    what,
    path: '/v1/verifications',
    call: { raw: sent, headers },
    status,
    problem,
  });
  const good = JSON.stringify({ serial: UNKNOWN_SERIAL });
  return [
    raw('a body of 1 MB', JSON.stringify({ serial: 'x'.repeat(1_000_000) }), 413, 'body-too-large'),
    raw('__proto__', '{"serial":"x","__proto__":{"admin":true}}', 400, 'forbidden-key'),
    raw('__proto__ in disguise', '{"serial":"x","\\u005f_proto__":{}}', 400, 'forbidden-key'),
    raw('constructor.prototype', '{"serial":"x","constructor":{"prototype":{}}}', 400, 'forbidden-key'),
    raw('invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400, 'invalid-utf-8'),
    raw('half a surrogate pair', '{"serial":"\\ud800"}', 400, 'malformed-json'),
    raw('a byte order mark', `\ufeff${good}`, 400, 'malformed-json'),
    raw('gzip', gzipSync(good), 415, 'unsupported-encoding', { 'content-encoding': 'gzip' }),
    raw('the wrong media type', good, 415, 'unsupported-media-type', { 'content-type': 'text/plain' }),
    raw('a form', 'serial=x', 415, 'unsupported-media-type', {
      'content-type': 'application/x-www-form-urlencoded',
    }),
    raw('merge-patch', good, 415, 'unsupported-media-type', {
      'content-type': 'application/merge-patch+json',
    }),
    raw('another charset', good, 415, 'unsupported-media-type', {
      'content-type': 'application/json; charset=latin1',
    }),
    raw('no JSON', '{"serial":', 400, 'malformed-json'),
    raw('nothing', '', 400, 'malformed-json'),
    raw('an array', '[]', 400, 'invalid-request'),
    raw('deep nesting', '['.repeat(30_000) + ']'.repeat(30_000), 400, 'invalid-request'),
    raw('a key twice', '{"serial":"a","serial":"b"}', 400, 'duplicate-key'),
    raw('a key twice in disguise', '{"serial":"a","s\\u0065rial":"b"}', 400, 'duplicate-key'),
    raw('an integer beyond 2^53', '{"serial":9007199254740993}', 400, 'unsafe-integer'),
    raw('a number beyond all', '{"serial":1e999}', 400, 'unsafe-integer'),
    raw('negative zero', '{"serial":-0}', 400, 'unsafe-integer'),
    {
      what: 'no key',
      path: '/v1/verifications',
      call: { raw: good, key: null },
      status: 400,
      problem: 'idempotency-key-required',
    },
    {
      what: 'an empty key',
      path: '/v1/verifications',
      call: { raw: good, key: '' },
      status: 400,
      problem: 'invalid-idempotency-key',
    },
    {
      what: 'a key of two words',
      path: '/v1/verifications',
      call: { raw: good, key: 'two words' },
      status: 400,
      problem: 'invalid-idempotency-key',
    },
    {
      what: 'a key that is too long',
      path: '/v1/verifications',
      call: { raw: good, key: 'k'.repeat(256) },
      status: 400,
      problem: 'invalid-idempotency-key',
    },
    {
      what: 'a key with an open quote',
      path: '/v1/verifications',
      call: { raw: good, key: '"open' },
      status: 400,
      problem: 'invalid-idempotency-key',
    },
  ];
}
