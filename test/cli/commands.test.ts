import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@stamp-ledger/client';
import t from 'tap';
import { cliFor, cli as cliOf } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { startLedgerProcess } from '../support/server-process.js';

// Every command of the CLI against a real ledger in a process of its own.
const ledger = await startLedgerProcess();
const cli = cliFor(ledger);
const directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-cli-'));
t.teardown(async () => {
  await ledger.stop();
  rmSync(directory, { recursive: true });
});

const DOCUMENT = Buffer.from('%PDF-1.7 a statement letter\n'.repeat(10_000));
const SHA256 = createHash('sha256').update(DOCUMENT).digest('hex');
const file = join(directory, 'statement.pdf');
const otherFile = join(directory, 'application.pdf');
writeFileSync(file, DOCUMENT);
writeFileSync(otherFile, 'another document');

const MONEY = ['--denomination', '10000'];
const FROM = ['--channel', 'kanal-1', '--holder', 'buyer-1', ...MONEY];
const json = async (...args: string[]) => (await cli([...args, '--json'])).json();

let bought = 0;

async function buy(quantity: number): Promise<string[]> {
  const order = await json('order', ...FROM, '--quantity', String(quantity), '--pay', `pay-${++bought}`);
  t.equal(order.status, 'fulfilled');
  return order.serials as string[];
}

t.test('mint, batch, allocate, allocation', async (t) => {
  const minted = await cli(['mint', '--quantity', '500', ...MONEY, '--series', '2026', '--batch', 'b-1']);
  t.equal(minted.code, 0);
  t.match(minted.stdout, /^status {8}minted$/m);
  t.match(await json('batch', 'b-1'), { batchId: 'b-1', status: 'minted', minted: 500, series: '2026' });

  const later = await json('mint', '--quantity', '5', ...MONEY, '--series', '2026', '--no-wait');
  t.match(String(later.status), /^mint(ing|ed)$/);
  t.match(later, { batchId: String, position: String });

  const own = join(directory, 'own-serials');
  writeFileSync(own, 'OWN0000000000000000001\nown0-0000-0000-0000-0000-02\n');
  t.match(await json('mint', '--serials', own, ...MONEY, '--series', 'own'), { minted: 2 });

  const allocated = await cli(['allocate', '--channel', 'kanal-1', '--quantity', '300', ...MONEY]);
  t.equal(allocated.code, 0);
  const allocation = await json(
    ...['allocate', '--channel', 'kanal-2', '--quantity', '10', ...MONEY, '--batch', 'b-1'],
    ...['--allocation', 'a-2'],
  );
  t.match(allocation, { allocationId: 'a-2', status: 'allocated', allocated: 10 });
  t.match(await json('allocation', 'a-2'), { channel: 'kanal-2', quantity: 10 });
});

t.test('the same --key is the same command; with other words it is refused', async (t) => {
  const payment = ['--pay', 'pay-key', '--paid-at', '2024-09-06T13:00:00Z'];
  const args = ['order', ...FROM, ...payment, '--key', 'order-key'];
  const first = await json(...args);
  const second = await json(...args);
  t.equal(second.orderId, first.orderId);
  t.equal(second.position, first.position);
  const other = await cli([...args, '--quantity', '2']);
  t.equal(other.code, 3);
});

t.test('order, order-status, pay, cancel, refund, unfulfilled', async (t) => {
  const placed = await json('order', ...FROM, '--quantity', '2', '--order', 'o-1');
  t.match(placed, { orderId: 'o-1', status: 'placed' });
  t.equal((await cli(['order-status', 'o-1'])).code, 0);
  t.equal((await cli(['order-status', 'nothing'])).code, 4);
  t.equal((await cli(['pay', 'o-1', '--reference', 'p-1', '--amount', '1'])).code, 3, 'too little');
  t.match(await json('pay', 'o-1', '--reference', 'p-1', '--amount', '20000'), { orderId: 'o-1' });

  await json('order', ...FROM, '--order', 'o-2');
  t.match(await json('cancel', 'o-2', '--reason', 'changed-mind'), { status: 'cancelled' });

  const paid = await cli(['order', ...FROM, '--order', 'o-3', '--pay', 'p-3']);
  t.match(paid.stdout, /^serial {4,}[0-9A-Z]{22}$/m, 'people read the serials');
  t.match(await json('refund', 'o-3', '--policy', '2024-09-09'), { status: 'refunded' });
  t.equal((await cli(['refund', 'o-2', '--policy', '2024-09-09'])).code, 3);
  t.match(await json('unfulfilled'), { orders: Array });
  t.equal((await cli(['unfulfilled'])).code, 0);
});

t.test('affix, show, verify: a document from a file, from stdin and by its hash', async (t) => {
  const [first = '', second = '', third = ''] = await buy(3);
  const affixed = await json('affix', first, file);
  t.match(affixed, { serial: first, state: 'affixed' });
  t.match(await json('show', first, '--at-least-revision', String(affixed.revision)), {
    state: 'affixed',
    document: { sha256: SHA256, type: 'application/pdf' },
  });
  const fromStdin = (await cli(['affix', second, '-', '--type', 'letter', '--json'], DOCUMENT)).json();
  t.match(fromStdin, { state: 'affixed' });
  t.match(await json('show', second, '--at-least-revision', String(fromStdin.revision)), {
    document: { sha256: SHA256, type: 'letter' },
  });
  t.match(await json('affix', third, `sha256:${'0'.repeat(64)}`, '--signed', file), { state: 'affixed' });
  t.equal((await cli(['affix', first, otherFile])).code, 3, 'another document');
  t.equal((await cli(['affix', first, file])).code, 0, 'the same document again');

  t.equal((await cli(['verify', third, `sha256:${'0'.repeat(64)}`])).code, 0);
  const wrong = await cli(['verify', first, otherFile, '--json']);
  t.equal(wrong.code, 6);
  t.match(wrong.json(), { verdict: 'not-genuine', reasons: ['document-mismatch'] });
  t.equal((await cli(['verify', first])).code, 6, 'no document presented');
  t.match((await cli(['verify', first, '-'], 'forged')).stdout, 'document-mismatch');

  const typed = first.toLowerCase().replace(/(.{4})/g, '$1-');
  t.match(await json('show', typed), { serial: first });
  t.match(await json('show', first, '--strong'), { state: 'affixed' });
  const lines = (await cli(['show', first, '--at-least-revision', '2'])).stdout;
  t.match(lines, /^state {10}affixed$/m, 'people read lines');
});

t.test('forged and mistyped serials', async (t) => {
  const forged = await cli(['verify', 'K7QX2M9RD4TB0W5HN8CJ3F', file, '--json']);
  t.equal(forged.code, 6);
  t.match(forged.json(), { verdict: 'not-genuine', reasons: ['unknown-serial'] });
  t.equal((await cli(['show', 'K7QX2M9RD4TB0W5HN8CJ3F'])).code, 4);
  t.equal((await cli(['show', 'short'])).code, 3);
});

t.test('reserve, release, outcome-unknown, outcome', async (t) => {
  const [serial = '', other = ''] = await buy(2);
  t.match(await json('reserve', serial, file, '--expires', '600'), { state: 'reserved' });
  t.match(await json('release', serial), { state: 'sold' });
  await json('reserve', serial, file);
  t.match(await json('outcome-unknown', serial, '--evidence', 'answer 92'), { state: 'outcome-unknown' });
  t.match(await json('outcome', serial, '--result', 'not-affixed', '--evidence', 'the issuer was asked'), {
    state: 'sold',
  });
  await json('reserve', other, file);
  await json('outcome-unknown', other);
  t.match(await json('outcome', other, '--result', 'affixed', '--evidence', 'the issuer was asked'), {
    state: 'affixed',
  });
  const trace = await cli(['trace', serial]);
  t.equal(trace.code, 0);
  for (const event of ['StampMinted', 'StampSold', 'StampReserved', 'StampReleased', 'AffixOutcomeUnknown'])
    t.match(trace.stdout, event);
  t.match(trace.stdout, `document ${SHA256.slice(0, 12)}`);
  const { events } = (await json('trace', serial)) as { events: { position: string }[] };
  const { events: past } = (await json('trace', serial, '--as-of', events[1]?.position ?? '')) as {
    events: unknown[];
  };
  t.equal(past.length, 2);
});

t.test('sell and void', async (t) => {
  const payment = ['--pay', 'p-sell', ...MONEY];
  const sold = await json(
    'sell',
    'OWN0000000000000000001',
    '--channel',
    'direct',
    '--holder',
    'b',
    ...payment,
  );
  t.match(sold, { state: 'sold' });
  t.equal(
    (await cli(['sell', 'OWN0000000000000000001', '--channel', 'direct', '--holder', 'c'])).code,
    3,
    'sold already',
  );
  t.match(await json('void', 'OWN0000000000000000001', '--reason', 'lost', '--policy', '2024-09-09'), {
    state: 'voided',
  });
  t.match((await cli(['show', 'OWN0000000000000000001', '--strong'])).stdout, '(lost)');
});

t.test('many at once, from stdin and from a file', async (t) => {
  const serials = await buy(20);
  const list = join(directory, 'list');
  writeFileSync(list, serials.map((serial) => `${serial}\t${file}`).join('\n'));
  const affixed = (await cli(['affix', '--file', list, '--json'])).jsonLines();
  t.same(
    affixed.map(({ serial }) => serial),
    serials,
  );
  const lines = [...serials.map((serial) => `${serial} sha256:${SHA256}`), 'FORGED0000000000000000'];
  const verified = await cli(['verify', '-', '--json'], lines.join('\n'));
  t.equal(verified.code, 6, 'one of them is not genuine');
  const verdicts = verified.jsonLines().map(({ reasons }) => (reasons as string[]).join());
  t.equal(verdicts.at(-1), 'unknown-serial');
  writeFileSync(list, [...lines, 'short'].join('\n'));
  const bulk = await cli(['verify', '--bulk', list, '--json']);
  t.equal(bulk.code, 6);
  t.same(
    bulk.jsonLines().map(({ line, reasons }) => [line, (reasons as string[]).join()]),
    [...verdicts, 'malformed-serial'].map((reasons, index) => [index + 1, reasons]),
    'the same verdicts, in one request',
  );
  t.match((await cli(['verify', '--bulk', '-'], lines.join('\n'))).stdout, /^\S+ {2}genuine {2}document/);
  t.equal((await cli(['verify', 'A', '--bulk', list])).code, 2);
  const shown = await cli(['show', '-'], serials.join('\n'));
  t.equal(shown.code, 0);
  t.equal(shown.stdout.trimEnd().split('\n').length, 20);
  t.equal((await cli(['show', ...serials.slice(0, 3), '--json'])).jsonLines().length, 3);
});

t.test('search, and corrections in a trace', async (t) => {
  const [serial = ''] = await buy(1);
  const found = await cli(['search', '--order', 'o-1', '--json']);
  t.strictSame(
    found.jsonLines().map(({ type }) => type),
    ['OrderPlaced', 'OrderPaid', 'StampSold', 'StampSold', 'OrderFulfilled'],
  );
  const few = await cli(['search', '--channel', 'kanal-1', '--types', 'StampSold', '--limit', '2']);
  t.equal(few.code, 0);
  t.equal(few.stdout.trimEnd().split('\n').length, 2);
  t.match(few.stdout, 'by channel kanal-1');
  t.match(few.stderr, 'there are more');
  t.equal((await cli(['search', '--from', 'yesterday'])).code, 3);

  const sold = (await json('trace', serial)).events as { readonly id: string; readonly type: string }[];
  const { id = '' } = sold.find(({ type }) => type === 'StampSold') ?? {};
  const client = createClient({ baseUrl: ledger.url, token: ledger.token });
  await client.stamps.correct(serial, { eventId: id, statement: 'Sold by another shop.' });
  client.close();
  const trace = await cli(['trace', serial]);
  t.match(trace.stdout, /StampSold .*\(corrected by revision \d+: Sold by another shop\.\)/);
});

t.test('inventory, conservation, rebuild', async (t) => {
  const inventory = await cli(['inventory']);
  t.equal(inventory.code, 0);
  t.match(inventory.stdout, /^b-1 +kanal-2 +IDR 10000/m);
  const { groups } = (await json('inventory', '--channel', 'kanal-2')) as { groups: unknown[] };
  t.equal(groups.length, 1);
  const conservation = await cli(['conservation']);
  t.equal(conservation.code, 0);
  t.match(conservation.stdout, 'Differences: 0.');
  const rebuilt = await cli(['rebuild', '--json']);
  t.match(rebuilt.json(), { status: 'done' });
  t.equal(rebuilt.stderr, '', 'machines get no progress');
  t.match((await cli(['rebuild'])).stdout, /^status {3}done$/m);
});

t.test('stock-policy, stocks', async (t) => {
  const args = ['stock-policy', '--channel', 'kanal-5', ...MONEY, '--low-below', '5'];
  t.match(await json(...args), { channel: 'kanal-5', lowBelow: 5 });
  t.equal((await cli([...args, '--refill', '20'])).code, 2, 'a refill has a limit');
  await json(...args, '--refill', '20', '--per-day', '20');
  const refilled = async () => (await cli(['stocks'])).stdout;
  t.match(
    await eventually(async () => /kanal-5 .* 20 .* enough/.test(await refilled()) && (await refilled()), {
      what: 'the refill',
      milliseconds: 20_000,
    }),
    /^channel +denomination +in stock/,
  );
});

// From here on orders of this ledger need a ticket.
t.test('queue', async (t) => {
  t.match((await cli(['queue', 'status'])).stdout, /^tickets {2}not needed$/m);
  t.match(await json('queue', 'take', '--channel', 'kanal-1'), { status: 'not-needed' });
  const never = ['--opens-at', '2124-09-06T15:00:00Z', '--opening', 'never'];
  const announced = await cli([
    'queue',
    'announce',
    ...never,
    '--share',
    'kanal-1=3',
    '--share',
    'kanal-2=1',
  ]);
  t.match(announced.stdout, /^kanal-1 +weight 3$/m);
  t.equal((await cli(['queue', 'announce', ...never, '--share', 'kanal-1'])).code, 2);
  t.match(await json('queue', 'withdraw', 'never', '--reason', 'later'), { status: 'withdrawn' });
  t.match((await cli(['queue', 'openings'])).stdout, /^never +withdrawn/m);

  const at = (seconds: number): string => new Date(Date.now() + seconds * 1_000).toISOString();
  await json('queue', 'announce', '--opens-at', at(2), '--tickets-from', at(0.5), '--title', 'Now');
  await eventually(async () => (await json('queue', 'status')).isOpen === true, {
    what: 'the room opens',
    milliseconds: 10_000,
  });
  t.equal((await cli(['order', ...FROM])).code, 5, 'without a ticket');
  const { ticket, orderId } = (await json('queue', 'take', '--channel', 'kanal-1')) as Record<string, string>;
  t.match((await cli(['queue', 'ticket', ticket ?? ''])).stdout, /^status {5}before-opening$/m);
  t.match(await json('queue', 'ticket', ticket ?? '', '--wait', '20'), { status: 'admitted' });
  t.match(await json('order', ...FROM, '--ticket', ticket ?? ''), { orderId, status: 'placed' });
  t.match((await cli(['queue', 'status'])).stdout, /^tickets {2}needed \(opening\)$/m);
});

t.test('who may not, and a ledger that is gone', async (t) => {
  const token = join(directory, 'wrong-token');
  writeFileSync(token, 'not-a-token');
  t.equal((await cliOf(['inventory', '--url', ledger.url, '--token-file', token])).code, 7);
  t.equal((await cliOf(['inventory', '--url', ledger.url])).code, 7, 'no token at all');
  await ledger.kill();
  t.equal((await cli(['inventory'])).code, 5);
});
