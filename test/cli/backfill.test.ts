import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@stamp-ledger/client';
import t from 'tap';
import { cliFor } from '../support/cli.js';
import { startLedgerProcess } from '../support/server-process.js';

// A reseller sold offline while the centre was down, and hands its journal in afterwards.
let ledger = await startLedgerProcess();
const cli = cliFor(ledger);
const directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-cli-'));
const client = createClient({ baseUrl: ledger.url, token: ledger.token });
t.teardown(async () => {
  client.close();
  await ledger.stop();
  rmSync(directory, { recursive: true });
});

const RUPIAH = { amount: '10000', currency: 'IDR' };
const serials = Array.from({ length: 7 }, (_, index) => `OFFLINE0000000000000${index}0`);
const [first = '', second = '', third = '', fourth = '', fifth = ''] = serials;
const growing = serials.slice(5);
const AT = '2024-09-06T10:00:00Z';
const journal = join(directory, 'journal.csv');
const FROM = ['--incident', 'centre-down', '--source', 'kios-1 journal'];

await client.batches.open(
  { denomination: RUPIAH, quantity: 7, series: '2024', serials },
  { waitSeconds: 10 },
);
await client.incidents.open({
  incidentId: 'centre-down',
  title: 'The centre is down',
  startedAt: '2024-09-06T00:00:00Z',
});

t.test('sales are recorded, conflicts kept for a person, and a second run changes nothing', async (t) => {
  await client.stamps.sell(second, { channel: 'direct', holder: 'somebody-else' });
  writeFileSync(
    journal,
    [
      'serial,holder,occurredAt,reference,amount',
      `${first},buyer-1,${AT},off-1,10000`,
      `${second},buyer-2,${AT},,`,
      `${third},buyer-3,yesterday,,`,
      `${fourth},buyer-4,2024-09-05T23:00:00Z,,`,
      `${third},buyer-3,2024-09-06T17:30:00+07:00,,`,
    ].join('\n'),
  );
  const run = () => cli(['backfill', journal, ...FROM, '--channel', 'direct', '--json']);
  const done = await run();
  t.equal(done.code, 6, done.stderr);
  t.strictSame(
    done.jsonLines().map(({ kind, line }) => `${kind} ${line ?? ''}`.trim()),
    ['recorded 2', 'conflict 3', 'unreadable 4', 'conflict 5', 'recorded 6', 'summary'],
  );
  const quarantine = `${journal}.quarantine.jsonl`;
  const kept = readFileSync(quarantine, 'utf8').trimEnd().split('\n');
  t.match(
    kept.map((line) => JSON.parse(line)),
    [
      { line: 3, kind: 'conflict', error: { type: '/problems/already-sold' }, fields: { serial: second } },
      { line: 4, kind: 'unreadable', fields: { serial: third } },
      { line: 5, kind: 'conflict', error: { type: '/problems/occurred-outside-incident' } },
    ],
  );
  const { events } = (await client.stamps.history(first)).body;
  t.match(events[1], {
    type: 'StampSold',
    occurredAt: '2024-09-06T10:00:00.000Z',
    data: { holder: 'buyer-1', payment: { reference: 'off-1', amount: '10000' } },
    metadata: { backfill: { incidentId: 'centre-down', source: 'kios-1 journal' } },
  });
  t.equal((await client.stamps.lookUp(third, { strong: true })).body.soldAt, '2024-09-06T10:30:00.000Z');

  const log = async () => (await client.events.page()).body.events.map(({ position }) => position);
  const before = await log();
  const again = await run();
  t.strictSame(
    again
      .jsonLines()
      .slice(0, -1)
      .map(({ kind }) => kind),
    ['recorded', 'conflict', 'unreadable', 'conflict', 'recorded'],
  );
  t.equal((await client.stamps.history(first)).body.events.length, 2);
  t.strictSame(await log(), before);
});

t.test('half a payment, or a time of payment that is none, is no sale without payment', async (t) => {
  const file = join(directory, 'halves.jsonl');
  const sale = { serial: fifth, holder: 'buyer-5', channel: 'direct', occurredAt: AT };
  const halves = [
    { amount: '10000' },
    { reference: 'off-5' },
    { paidAt: AT },
    { reference: 'off-5', amount: '10000', paidAt: 'yesterday' },
    { kind: 'payment', orderId: 'some-order', reference: 'off-5', amount: '10000', paidAt: 'yesterday' },
  ];
  writeFileSync(file, halves.map((half) => `${JSON.stringify({ ...sale, ...half })}\n`).join(''));
  const done = await cli(['backfill', file, ...FROM, '--json']);
  t.equal(done.code, 6, done.stderr);
  const lines = done.jsonLines().slice(0, -1);
  t.strictSame(
    lines.map(({ kind }) => kind),
    halves.map(() => 'unreadable'),
  );
  t.equal((await client.stamps.history(fifth)).body.events.length, 1, 'minted, and not sold');
});

t.test('a character that two reads of a file share is kept as it is', async (t) => {
  const file = join(directory, 'accents.jsonl');
  // Whatever the length of a read is: in one of the two files it ends within a character.
  for (const before of ['', 'x']) {
    const holder = before + 'é'.repeat(20_000);
    writeFileSync(file, `${JSON.stringify({ serial: fifth, holder })}\n`.repeat(8));
    t.equal((await cli(['backfill', file, ...FROM])).code, 6);
    const kept = readFileSync(`${file}.quarantine.jsonl`, 'utf8').trimEnd().split('\n');
    t.ok(kept.every((line) => JSON.parse(line).fields.holder === holder));
  }
});

t.test('affixings and payments, as JSON lines; all recorded exits with 0', async (t) => {
  const order = { channel: 'kios-1', holder: 'buyer-5', denomination: RUPIAH, quantity: 1 };
  await client.orders.place({ ...order, orderId: 'offline-order' });
  const file = join(directory, 'journal.jsonl');
  const facts = [
    { serial: fifth, holder: 'buyer-5', channel: 'direct' },
    { kind: 'affixing', serial: fifth, documentSha256: 'a'.repeat(64), documentType: 'letter' },
    { kind: 'payment', orderId: 'offline-order', reference: 'off-9', amount: 10000 },
  ];
  writeFileSync(file, facts.map((fact) => `${JSON.stringify({ ...fact, occurredAt: AT })}\n`).join(''));
  const done = await cli(['backfill', file, ...FROM]);
  t.equal(done.code, 0, done.stdout + done.stderr);
  t.match(done.stdout, /^recorded {4,}3$/m);
  t.notOk(existsSync(`${file}.quarantine.jsonl`));
  t.equal((await client.stamps.lookUp(fifth, { strong: true })).body.affixedAt, '2024-09-06T10:00:00.000Z');
  const settled = await cli(['order-status', 'offline-order', '--json']);
  t.equal(settled.json().status, 'paid');
  t.equal((await cli(['backfill', join(directory, 'nothing.csv'), ...FROM])).code, 2);
});

t.test('a journal that has grown, or was put in another order, records only what is new', async (t) => {
  const file = join(directory, 'growing.jsonl');
  const order = { channel: 'kios-1', holder: 'buyer-6', denomination: RUPIAH, quantity: 1 };
  await client.orders.place({ ...order, orderId: 'growing-order' });
  const facts = [
    { serial: growing[0], holder: 'buyer-6', channel: 'direct', reference: 'off-20', amount: '10000' },
    { kind: 'payment', orderId: 'growing-order', reference: 'off-21', amount: '10000' },
    { kind: 'affixing', serial: growing[0], documentSha256: 'b'.repeat(64), documentType: 'letter' },
    { serial: second, holder: 'buyer-2', channel: 'direct' },
  ];
  const journalOf = (...lines: object[]): void =>
    writeFileSync(file, lines.map((fact) => `${JSON.stringify({ ...fact, occurredAt: AT })}\n`).join(''));
  const run = async () => {
    const done = await cli(['backfill', file, ...FROM, '--json']);
    return done.jsonLines().slice(0, -1);
  };
  journalOf(...facts);
  t.match(await run(), [
    { kind: 'recorded' },
    { kind: 'recorded' },
    { kind: 'recorded' },
    { kind: 'conflict', error: { type: '/problems/already-sold' } },
  ]);
  journalOf({ serial: growing[1], holder: 'buyer-7', channel: 'direct' }, ...facts);
  t.match(
    await run(),
    [
      { kind: 'recorded' },
      { kind: 'already', position: /./ },
      { kind: 'already', position: /./ },
      { kind: 'already' },
      { kind: 'conflict', error: { type: '/problems/already-sold' } },
    ],
    'and what was refused is refused for the same reason',
  );
  t.equal((await client.stamps.history(growing[0] ?? '')).body.events.length, 3);
  t.equal(
    (await client.audit.search({ orderId: 'growing-order', types: ['OrderPaid'] })).body.events.length,
    1,
  );
});

t.test('while the ledger is away nothing is settled, and nothing is quarantined', async (t) => {
  const file = join(directory, 'away.jsonl');
  writeFileSync(
    file,
    `${JSON.stringify({ serial: fourth, holder: 'buyer-4', occurredAt: AT, channel: 'direct' })}\n`,
  );
  await ledger.kill();
  const away = await cli(['backfill', file, ...FROM, '--json']);
  t.equal(away.code, 5);
  t.match(away.jsonLines(), [
    { kind: 'unsent', line: 1 },
    { kind: 'summary', unsent: 1 },
  ]);
  t.notOk(existsSync(`${file}.quarantine.jsonl`));
  ledger = await ledger.restart();
  const back = await cliFor(ledger)(['backfill', file, ...FROM, '--json']);
  t.equal(back.code, 0, back.stdout);
});
