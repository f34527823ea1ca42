import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { caller } from '../support/http.js';
import { directoryFor, temporaryDirectory } from '../support/server.js';
import {
  type FailedStart,
  ROOT,
  startInVain,
  startLedgerProcess,
  startWithNpm,
} from '../support/server-process.js';

const DRAIN_MILLISECONDS = 10_000;

/** One sentence for a person, nothing on stdout, and no way into the code. */
function gaveUp(t: Test, { code, stdout, stderr }: FailedStart, why: RegExp): void {
  t.equal(code, 71, stderr);
  t.equal(stdout, '');
  t.match(stderr, /^stamp-ledger cannot start: .+\n$/, 'one line');
  t.match(stderr, why);
  t.notMatch(stderr, /\.js|node:internal/, 'no stack');
}

t.test('what another ledger holds', async (t) => {
  const first = await startLedgerProcess();
  await t.test('its data directory', async (t) => {
    const second = await startInVain({ LEDGER_PORT: '0', LEDGER_DATA_DIR: first.directory });
    gaveUp(t, second, /another process has .* open for writing/);
  });
  await t.test('its port', async (t) => {
    const { directory, remove } = temporaryDirectory();
    const second = await startInVain({ LEDGER_PORT: new URL(first.url).port, LEDGER_DATA_DIR: directory });
    gaveUp(t, second, /EADDRINUSE.* 127\.0\.0\.1:\d+/);
    remove();
  });
  t.equal((await caller(first.url, first.token)('/readyz')).status, 200, 'the first goes on');
  t.equal(await first.stop(), 0);
});

t.test('what cannot be read', async (t) => {
  const directory = directoryFor(t);
  const vain = () => startInVain({ LEDGER_PORT: '0', LEDGER_DATA_DIR: directory });
  const key = join(directory, 'keys', 'serial.key');
  mkdirSync(key, { recursive: true });
  await t.test('a key that is no file', async (t) => gaveUp(t, await vain(), /EISDIR/));
  rmSync(key, { recursive: true });
  writeFileSync(key, 'scribble');
  await t.test('a key that is none', async (t) => {
    const start = await vain();
    gaveUp(t, start, /serial\.key does not hold 32 bytes in hexadecimal/);
    t.notMatch(start.stderr, 'scribble', 'and keeps it to itself');
  });
  rmSync(directory, { recursive: true });
  mkdirSync(directory);
  writeFileSync(join(directory, 'log.sqlite'), 'no log at all, '.repeat(1_000));
  await t.test('a log that is none', async (t) => gaveUp(t, await vain(), /the log cannot be opened/));
  await t.test('a data directory where none can be made', async (t) => {
    const start = await startInVain({ LEDGER_PORT: '0', LEDGER_DATA_DIR: '/proc/nowhere/data' });
    gaveUp(t, start, /ENOENT.* '\/proc\/nowhere'/);
  });
  await t.test('a data directory that is a file', async (t) => {
    const start = await startInVain({
      LEDGER_PORT: '0',
      LEDGER_DATA_DIR: join(directory, 'log.sqlite'),
      LEDGER_LOG_LEVEL: 'silent',
    });
    gaveUp(t, start, /log\.sqlite/);
  });
});

t.test('what is written is for its owner alone, though everybody may look into the directory', async (t) => {
  const directory = directoryFor(t);
  chmodSync(directory, 0o755);
  const ledger = await startLedgerProcess({ directory });
  const files = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isFile());
  t.ok(files.some(({ name }) => name === 'log.sqlite'));
  const open = files.filter(({ name }) => (statSync(join(directory, name)).mode & 0o077) !== 0);
  t.strictSame(
    open.map(({ name }) => name),
    [],
  );
  await ledger.stop();
});

t.test('a wrong configuration', async (t) => {
  const directory = directoryFor(t);
  const data = join(directory, 'data');
  await t.test('every fault at once', async (t) => {
    const { code, stdout, stderr } = await startInVain({
      LEDGER_PORT: '70000',
      LEDGER_DATA_DIR: data,
      LEDGER_LOG_LEVEL: 'loud',
      LEDGER_PUBLIC_URL: 'ftp://secret.test',
      LEDGER_OIDC_ISSUER: 'https://id.test',
      LEDGER_KAFKA_BROKERS: 'secret:9092',
    });
    t.equal(code, 78);
    t.equal(stdout, '');
    t.equal(stderr.trimEnd().split('\n').length, 5, stderr);
    for (const name of [
      'LEDGER_PORT',
      'LEDGER_LOG_LEVEL',
      'LEDGER_PUBLIC_URL',
      'LEDGER_OIDC_AUDIENCE',
      'LEDGER_KAFKA_BROKERS',
    ])
      t.match(stderr, name);
    t.notMatch(stderr, /secret|70000|loud|\.js/, 'no value, no stack');
  });
  await t.test('everybody may call, and nobody says who they are', async (t) => {
    const { code, stdout, stderr } = await startInVain({
      LEDGER_HOST: '0.0.0.0',
      LEDGER_PORT: '0',
      LEDGER_DATA_DIR: data,
    });
    t.equal(code, 78);
    t.equal(stdout, '');
    t.match(stderr, /^LEDGER_HOST must be a loopback address unless .*\n$/);
  });
  await t.test('a part of the distributed ledger without engines', async (t) => {
    const { code, stdout, stderr } = await startInVain(
      { LEDGER_PORT: '0', LEDGER_DATA_DIR: data },
      join(ROOT, 'services/relay/dist/main.js'),
    );
    t.equal(code, 78);
    t.equal(stdout, '');
    t.match(stderr, /LEDGER_EVENTSTOREDB_URL, LEDGER_KAFKA_BROKERS and LEDGER_DATABASE_URL must name/);
  });
  t.throws(() => readFileSync(data), { code: 'ENOENT' }, 'nothing was made');
});

t.test('npm start hands a SIGTERM on', async (t) => {
  const server = await startWithNpm();
  t.equal((await fetch(`${server.url}/livez`)).status, 200);
  t.equal(await server.stop(), 0);
  await t.rejects(fetch(`${server.url}/livez`), 'no process goes on behind npm');
});

t.test('the exit codes are in the README', async (t) => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8').replace(/\s+/g, ' ');
  t.match(readme, /ends with 0 .* 70 .* 71 .* 78 /);
});

t.test('SIGTERM in the middle of a million stamps', async (t) => {
  const server = await startLedgerProcess();
  const call = caller(server.url, server.token);
  const opened = await call('/v1/batches', {
    body: { denomination: { amount: '10000', currency: 'IDR' }, quantity: 1_000_000, series: 'TEST-2024' },
  });
  t.equal(opened.status, 202);
  const batch = opened.headers.get('location') ?? '';
  while (Number((await call(batch)).json.minted) === 0) await sleep(50);
  t.equal((await call(batch)).json.status, 'minting');
  const begun = performance.now();
  t.equal(await server.stop(), 0);
  const took = performance.now() - begun;
  t.ok(took < DRAIN_MILLISECONDS, `${Math.round(took)} ms`);
});
