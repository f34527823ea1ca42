import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { cli, cliProcess } from '../support/cli.js';
import { cutOff, jsonAnswer, problemAnswer, startFakeLedger } from '../support/fake-ledger.js';

const directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-cli-'));
t.teardown(() => rmSync(directory, { recursive: true }));
const SERIAL = 'K7QX2M9RD4TB0W5HN8CJ3F';

t.test('help says what there is and what the exit codes mean', async (t) => {
  const { code, stdout } = await cliProcess(['--help']);
  t.equal(code, 0);
  for (const command of ['mint', 'allocate', 'order', 'sell', 'reserve', 'affix', 'verify', 'void'])
    t.match(stdout, new RegExp(`^ {2}${command} `, 'm'));
  for (const command of ['show', 'trace', 'inventory', 'rebuild', 'conservation'])
    t.match(stdout, new RegExp(`^ {2}${command} `, 'm'));
  t.match(stdout, 'Exit codes:');
});

t.test('says its version', async (t) => {
  t.match(await cliProcess(['--version']), { code: 0, stdout: /^\d+\.\d+\.\d+\n$/, stderr: '' });
});

t.test('wrong usage ends with 2 and says why on stderr', async (t) => {
  const wrong = [
    ['fly'],
    ['show'],
    ['show', SERIAL, '--file', 'list'],
    ['show', SERIAL, '-'],
    ['show', SERIAL, '--url', 'ftp://127.0.0.1'],
    ['show', SERIAL, '--token-file', '/nowhere/token'],
    ['show', '--file', '/nowhere/list'],
    ['mint', '--series', '2026', '--denomination', '10000'],
    ['mint', '--quantity', '0', '--series', '2026', '--denomination', '10000'],
    ['mint', '--quantity', '1e3', '--series', '2026', '--denomination', '10000'],
    ['order', '--holder', 'h', '--denomination', '10000'],
    ['affix', SERIAL],
    ['affix', SERIAL, '/nowhere/document.pdf'],
    ['affix', SERIAL, '/'],
    ['affix', SERIAL, 'sha256:12'],
    ['affix', '-', 'document.pdf'],
    ['outcome', SERIAL, '--result', 'perhaps', '--evidence', 'x'],
    ['sell', SERIAL, '--channel', 'direct', '--holder', 'h', '--pay', 'p'],
    ['pay', 'o-1', '--reference', 'p', '--amount', '1', '--key', 'a key wants --paid-at'],
  ];
  for (const args of wrong) {
    const { code, stdout, stderr } = await cli(args);
    t.equal(code, 2, args.join(' '));
    t.equal(stdout, '');
    t.not(stderr, '');
  }
});

t.test('as a process: the exit code, stdout and stderr are those of the command', async (t) => {
  const fake = await startFakeLedger(problemAnswer(404, 'unknown-serial'));
  t.teardown(() => fake.close());
  const asked = await cliProcess(['show', '-', '--url', fake.url], `${SERIAL}\n`);
  t.match(asked, { code: 4, stdout: new RegExp(`^${SERIAL} `), stderr: '' });
  t.match(await cliProcess(['show']), { code: 2, stdout: '', stderr: /^.+/ });
});

t.test('an empty token file is wrong usage', async (t) => {
  const file = join(directory, 'empty');
  writeFileSync(file, '\n');
  t.equal((await cli(['show', SERIAL, '--token-file', file])).code, 2);
});

t.test('what the ledger answers becomes an exit code', async (t) => {
  const cases: [number, string, number][] = [
    [400, 'malformed-serial', 3],
    [401, 'unauthenticated', 7],
    [403, 'insufficient-scope', 7],
    [403, 'wrong-channel', 3],
    [404, 'unknown-serial', 4],
    [409, 'already-affixed', 3],
    [422, 'evidence-required', 3],
    [500, 'internal-error', 1],
  ];
  for (const [status, name, exit] of cases) {
    const fake = await startFakeLedger(problemAnswer(status, name));
    const { code, stderr, stdout } = await cli(['show', SERIAL, '--url', fake.url]);
    await fake.close();
    t.equal(code, exit, name);
    t.equal(stdout, '');
    t.match(stderr, `stamp-ledger: ${name}: It is ${name}.`);
  }
});

t.test('with --json the error is one document on stdout, and nothing is on stderr', async (t) => {
  const fake = await startFakeLedger(problemAnswer(404, 'unknown-serial'));
  t.teardown(() => fake.close());
  const result = await cli(['show', SERIAL, '--json', '--url', fake.url]);
  t.equal(result.code, 4);
  t.equal(result.stderr, '');
  t.match(result.json(), { error: { kind: 'problem', type: '/problems/unknown-serial', status: 404 } });
});

t.test('no answer ends with 5 and tells the key with which it is safe to go on', async (t) => {
  const fake = await startFakeLedger(cutOff);
  t.teardown(() => fake.close());
  const { code, stderr } = await cli(['void', SERIAL, '--reason', 'lost', '--url', fake.url]);
  t.equal(code, 5);
  const key = /--key (\S+)/.exec(stderr)?.[1];
  t.equal(new Set(fake.requests.map(({ headers }) => headers['idempotency-key'])).size, 1);
  t.equal(key, fake.requests[0]?.headers['idempotency-key']);
});

t.test('what the run made up is part of what a repeat needs', async (t) => {
  const fake = await startFakeLedger(cutOff);
  t.teardown(() => fake.close());
  const args = ['pay', 'o-1', '--reference', 'p', '--amount', '1', '--url', fake.url];
  const { code, stderr } = await cli(args);
  t.equal(code, 5);
  const [, key = '', at = ''] = /--key (\S+) --paid-at (\S+)/.exec(stderr) ?? [];
  const first = fake.requests[0];
  await cli([...args, '--key', key, '--paid-at', at]);
  const last = fake.requests.at(-1);
  t.equal(last?.body, first?.body);
  t.equal(last?.headers['idempotency-key'], first?.headers['idempotency-key']);
});

t.test('a job that is not finished in time ends with 5 and goes on', async (t) => {
  const batch = { batchId: 'b-1', status: 'minting', minted: 1, quantity: 5, series: 'x' };
  const fake = await startFakeLedger(jsonAnswer(202, batch));
  t.teardown(() => fake.close());
  const args = ['mint', '--quantity', '5', '--series', 'x', '--denomination', '1', '--wait', '1'];
  const { code, stderr } = await cli([...args, '--url', fake.url]);
  t.equal(code, 5);
  t.match(stderr, 'stamp-ledger batch b-1');
});

t.test('several serials: one line each, in order, and the gravest exit code', async (t) => {
  const fake = await startFakeLedger((response, { url }) => {
    if (url.includes('UNKNOWN')) problemAnswer(404, 'unknown-serial')(response, {} as never);
    else if (url.includes('REFUSED')) problemAnswer(409, 'wrong-state')(response, {} as never);
    else {
      const serial = url.split('/').at(-2) ?? '';
      setTimeout(() => jsonAnswer(201, { serial, revision: 3, state: 'voided' })(response, {} as never), 20);
    }
  });
  t.teardown(() => fake.close());
  const input = ['# a list', 'ONE', '', 'UNKNOWN', 'TWO', 'REFUSED', 'THREE'].join('\n');
  const args = ['void', '-', '--reason', 'lost', '--url', fake.url, '--key', 'k'];
  const people = await cli(args, input);
  t.equal(people.code, 3);
  t.same(
    people.stdout.split('\n').map((line) => line.split('  ')[0]),
    ['ONE', 'UNKNOWN', 'TWO', 'REFUSED', 'THREE', ''],
  );
  const machines = await cli([...args, '--json'], input);
  t.match(machines.jsonLines(), [
    { serial: 'ONE', state: 'voided' },
    { serial: 'UNKNOWN', error: { status: 404 } },
    { serial: 'TWO' },
    { serial: 'REFUSED', error: { type: '/problems/wrong-state' } },
    { serial: 'THREE' },
  ]);
  const keys = fake.requests.map(({ headers }) => headers['idempotency-key']);
  t.same([...new Set(keys)].sort(), ['k:ONE', 'k:REFUSED', 'k:THREE', 'k:TWO', 'k:UNKNOWN']);
});

t.test('a long list from a file', async (t) => {
  const fake = await startFakeLedger(jsonAnswer(201, { serial: 'A', revision: 3, state: 'voided' }));
  t.teardown(() => fake.close());
  const list = join(directory, 'list');
  writeFileSync(list, Array.from({ length: 500 }, (_, index) => `S${index}`).join('\n'));
  const result = await cli(['void', '--file', list, '--reason', 'lost', '--url', fake.url]);
  t.equal(result.code, 0);
  t.equal(result.stdout.trimEnd().split('\n').length, 500);
  t.equal(fake.requests.length, 500);
});
