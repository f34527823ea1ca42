import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { emptyStore, exported, fill } from '../app-move/moving.js';
import { cli, cliProcess } from '../support/cli.js';

const directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-move-'));
t.teardown(() => rmSync(directory, { recursive: true }));
const path = (name: string): string => join(directory, name);
const on = (ledger: string) => ({ LEDGER_DATA_DIR: ledger });

const source = await emptyStore();
t.teardown(() => rmSync(source.directory, { recursive: true }));
await fill(source.store, 300, 21);
const whole = `${(await exported(source.store)).join('\n')}\n`;

t.test('a store that somebody has open is left alone', async (t) => {
  const { code, stderr } = await cliProcess(['export', path('never')], '', on(source.directory));
  t.equal(code, 5);
  t.match(stderr, 'stamp-ledger: unavailable: ');
  t.strictSame(readdirSync(directory), []);
  await source.store.close();
});

t.test('export to a file, import, import again', async (t) => {
  const file = path('ledger.jsonl');
  const out = await cli(['export', file], '', on(source.directory));
  t.match(out, { code: 0, stdout: `exported 300 events to ${file}\n` });
  t.equal(readFileSync(file, 'utf8'), whole);
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.strictSame(readdirSync(directory), ['ledger.jsonl'], 'nothing else is left behind');

  const target = on(path('target'));
  const first = await cli(['import', file], '', target);
  t.match(first, { code: 0, stdout: 'appended 300 events behind 0 that were there\n' });
  const second = await cli(['import', file], '', target);
  t.match(second, { code: 0, stdout: 'nothing to do: all 300 events were there\n' });
  t.equal((await cli(['export'], '', target)).stdout, whole);
});

t.test('from stdout to stdin, for machines', async (t) => {
  const { stdout, stderr } = await cli(['export', '-', '--json'], '', on(source.directory));
  t.equal(stdout, whole);
  t.equal(stderr, '');
  const result = await cli(['import', '-', '--json'], stdout, on(path('piped')));
  t.strictSame(result.json(), { outcome: 'complete', found: 0, appended: 300 });
});

t.test('what is wrong with a file is found before the store is touched', async (t) => {
  const file = path('cut.jsonl');
  writeFileSync(file, whole.slice(0, -20));
  const target = path('untouched');
  const result = await cli(['import', file, '--json'], '', on(target));
  t.equal(result.code, 2);
  t.strictSame(result.json(), {
    error: { kind: 'truncated', message: 'line 302: the export ends within a line', line: 302 },
  });
  t.notOk(readdirSync(directory).includes('untouched'));
});

t.test('a store that holds another ledger is refused with 3', async (t) => {
  const other = await emptyStore();
  await fill(other.store, 5, 22);
  await other.store.close();
  const result = await cli(['import', path('ledger.jsonl')], '', on(other.directory));
  t.equal(result.code, 3);
  t.match(result.stderr, 'stamp-ledger: target-differs: line ');
  rmSync(other.directory, { recursive: true });
});

t.test('files that cannot be read or written, and a wrong environment, are wrong usage', async (t) => {
  for (const [args, variables] of [
    [['import', '/nowhere/file'], on(path('target'))],
    [['export', '/nowhere/file'], on(source.directory)],
    [['export', '-'], { LEDGER_EVENTSTOREDB_URL: 'http://127.0.0.1' }],
    [['import'], on(path('target'))],
    [['export', '-'], on(path('mistyped'))],
  ] as const) {
    const { code, stderr, stdout } = await cli(args, '', variables);
    t.equal(code, 2, args.join(' '));
    t.equal(stdout, '');
    t.not(stderr, '');
  }
  t.notOk(readdirSync(directory).includes('mistyped'), 'a directory without a ledger is not made one');
});
