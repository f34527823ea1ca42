import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@stamp-ledger/client';
import t from 'tap';
import { type CliResult, cliFor } from '../support/cli.js';
import { startLedgerProcess } from '../support/server-process.js';

// One settled day: every way in which a provider and the ledger can disagree, once.
const ledger = await startLedgerProcess();
const cli = cliFor(ledger);
const directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-cli-'));
t.teardown(async () => {
  client.close();
  await ledger.stop();
  rmSync(directory, { recursive: true });
});

const RUPIAH = { amount: '10000', currency: 'IDR' };
const DAY = '2024-09-06T';
const client = createClient({ baseUrl: ledger.url, token: ledger.token });
const order = async (orderId: string, reference: string, paidAt = `${DAY}10:00:00Z`): Promise<void> => {
  const inStock = !['waits', 'given-up'].includes(orderId);
  await client.orders.place(
    {
      orderId,
      channel: inStock ? 'kios-1' : 'kios-empty',
      holder: 'buyer-1',
      denomination: RUPIAH,
      quantity: 1,
      payment: { ...RUPIAH, reference, paidAt },
    },
    inStock ? { waitSeconds: 10 } : {},
  );
};
const write = (name: string, text: string): string => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};
interface Finding {
  readonly kind: string;
  readonly reference: string;
  readonly lines: readonly number[];
  readonly payments: readonly { readonly orderId: string }[];
  readonly repairs: readonly { readonly command?: string }[];
}
const findings = (result: CliResult): Finding[] =>
  result.jsonLines().filter(({ kind }) => kind !== 'summary') as unknown as Finding[];

await client.batches.open({ denomination: RUPIAH, quantity: 20, series: '2024' }, { waitSeconds: 10 });
await client.allocations.request(
  { channel: 'kios-1', denomination: RUPIAH, quantity: 10 },
  { waitSeconds: 10 },
);
await order('good', 'ref-good');
await order('day-before', 'ref-early', '2024-09-05T23:59:59Z');
await order('once', 'ref-shared');
await order('again', 'ref-shared');
await order('less', 'ref-less');
await order('unsettled', 'ref-unsettled');
await order('waits', 'ref-waits');
await order('given-up', 'ref-owed');
await client.orders.cancel('given-up');

t.test('what matches is clean, in either format and whatever the columns are called', async (t) => {
  const csv = write(
    'good.csv',
    '\ufeffRef;"Paid; gross";When\r\nref-good;"10000.00";2024-09-06T17:00:00+07:00\r\n\r\n"ref-early";10000;\r\n',
  );
  const columns = ['--reference', 'Ref', '--amount', 'Paid; gross', '--time', 'When', '--delimiter', ';'];
  const period = ['--from', `${DAY}10:00:00Z`, '--to', `${DAY}10:00:00Z`];
  const clean = await cli(['reconcile', csv, ...columns, ...period]);
  t.equal(clean.code, 0, clean.stdout + clean.stderr);
  t.match(clean.stdout, /^matched {8,}2$/m);
  t.match(clean.stdout, 'Everything matches.');
  const lines = '{"reference":"ref-good","amount":10000,"currency":"IDR"}\n';
  const result = await cli(['reconcile', '-', '--format', 'jsonl', ...period, '--json'], lines);
  t.equal(result.code, 0);
  t.match(result.json(), { kind: 'summary', settled: 1, ledger: 0, matched: 1, clean: true });
});

t.test('each disagreement is found, with its places and the commands that may repair it', async (t) => {
  const file = write(
    'day.csv',
    [
      'reference,amount,currency,time,order',
      `ref-good,10000,IDR,${DAY}00:00:00Z,`,
      `ref-good,10000,IDR,${DAY}00:00:01Z,`,
      'ref-shared,20000,IDR,,',
      'ref-less,9000,IDR,,',
      'ref-waits,10000,IDR,,',
      'ref-owed,10000,IDR,,',
      'ref-lost,10000,IDR,,',
      `ref-for,10000.5,IDR,${DAY}23:00:00Z,order-9`,
      'ref-early,10000,,,',
      '"10,000",x,IDR,,',
      'ref-short',
    ].join('\n'),
  );
  const result = await cli(['reconcile', file, '--json']);
  t.equal(result.code, 6);
  const seen = findings(result).map(({ kind, reference, lines, payments, repairs }) => [
    kind,
    reference ?? '',
    lines.join(),
    payments.map(({ orderId }) => orderId).join(),
    ...repairs.map(({ command }) => command ?? 'advice'),
  ]);
  t.strictSame(seen.map((each) => each.join(' | ')).sort(), [
    'amount-difference | ref-good | 2,3 | good | advice',
    'amount-difference | ref-less | 5 | less | advice',
    'duplicate | ref-good | 2,3 | good | advice',
    'duplicate | ref-shared | 4 | once,again | stamp-ledger refund again --policy POLICY-VERSION',
    `paid-without-stamp | ref-for | 9 |  | stamp-ledger pay order-9 --reference ref-for --amount 10000.50 --currency IDR --paid-at ${DAY}23:00:00.000Z`,
    'paid-without-stamp | ref-lost | 8 |  | advice',
    'paid-without-stamp | ref-owed | 7 | given-up | stamp-ledger refund given-up --policy POLICY-VERSION',
    'paid-without-stamp | ref-waits | 6 | waits | stamp-ledger order-status waits',
    'stamp-without-payment | ref-unsettled |  | unsettled | stamp-ledger refund unsettled --policy POLICY-VERSION',
    'unreadable |  | 11 | ',
    'unreadable |  | 12 | ',
  ]);
  t.match(result.jsonLines().at(-1), {
    kind: 'summary',
    settled: 11,
    ledger: 7,
    matched: 1,
    period: { from: `${DAY}00:00:00.000Z`, to: `${DAY}23:00:00.001Z` },
    findings: { duplicate: 2, 'paid-without-stamp': 4 },
    clean: false,
  });
  const read = await cli(['reconcile', file]);
  t.equal(read.code, 6);
  t.match(read.stdout, /^duplicate {2}ref-shared {2}the ledger took it for 2 orders or sales$/m);
  t.match(read.stdout, 'order once (fulfilled); order again (fulfilled)');
  t.match(read.stdout, 'nothing was changed');
  t.equal((await client.orders.get('again')).body.status, 'fulfilled', 'only proposed');
});

t.test('what was never delivered and never settled is told apart', async (t) => {
  const file = write('empty.jsonl', '\n');
  const result = await cli(['reconcile', file, '--json']);
  t.equal(result.code, 6);
  const kinds = findings(result).map(({ kind, reference }) => `${kind} ${reference}`);
  t.ok(kinds.includes('payment-not-settled ref-waits'), kinds.join());
  t.ok(kinds.includes('payment-not-settled ref-owed'));
  t.ok(kinds.includes('stamp-without-payment ref-good'));
  t.match(findings(result).find(({ reference }) => reference === 'ref-waits')?.repairs, [
    { command: 'stamp-ledger cancel waits --reason payment-not-settled' },
  ]);
});

t.test('a day that no calendar has is no time', async (t) => {
  const lines = ['2024-02-30T10:00:00Z', '2023-02-29T10:00:00+07:00', '2024-02-29T10:00:00Z'];
  const file = write(
    'days.csv',
    `reference,amount,time\n${lines.map((time) => `ref-x,1,${time}`).join('\n')}\n`,
  );
  const found = findings(await cli(['reconcile', file, '--json'])).filter(
    ({ kind }) => kind === 'unreadable',
  );
  t.strictSame(
    found.map(({ lines: places }) => places),
    [[2], [3]],
  );
});

t.test('files that are none, and lines that are none', async (t) => {
  const usage = async (path: string, ...more: string[]) => {
    const result = await cli(['reconcile', path, ...more]);
    t.equal(result.code, 2, result.stdout);
    return result.stderr;
  };
  t.match(await usage(join(directory, 'nothing.csv')), /cannot read .*ENOENT/);
  t.match(await usage(write('columns.csv', 'ref,amount\nx,1\n')), 'has no column reference');
  for (const option of ['--currency', '--time', '--order'])
    t.match(
      await usage(write('unnamed.csv', 'reference,amount\nx,1\n'), option, 'nothing'),
      'has no column nothing',
      `${option} names a column that is not there`,
    );
  t.match(await usage(write('open.csv', 'reference,amount\n"x,1\n')), 'open.csv');
  t.match(await usage(write('long.jsonl', `{"reference":"${'x'.repeat(70_000)}"}`)), 'longer than');
  t.match(await usage(write('some.csv', 'reference,amount\n'), '--from', 'yesterday'), '--from');
  const broken = '{"reference":"ref-good","amount":[1]}\nnonsense\n[]\n';
  const result = await cli(
    ['reconcile', '-', '--format', 'jsonl', '--to', '2000-01-01T00:00:00Z', '--json'],
    broken,
  );
  t.strictSame(
    findings(result).map(({ kind, lines }) => `${kind} ${lines.join()}`),
    ['unreadable 1', 'unreadable 2', 'unreadable 3'],
  );
});
