import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseVkey } from '@stamp-ledger/transparency';
import t from 'tap';
import { cli } from '../support/cli.js';

const directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-keys-'));
t.teardown(() => rmSync(directory, { recursive: true }));
const on = { LEDGER_DATA_DIR: directory, LEDGER_ORIGIN: 'stamps.example/log' };
const keys = (...args: string[]) => cli(['keys', ...args], '', on);
const vkeyOf = async (...args: string[]): Promise<string> =>
  String((await keys(...args, '--json')).json().vkey);

t.test('keys are made, rotated and retired; the last one stays', async (t) => {
  t.strictSame((await keys('list', '--json')).json(), { keys: [] });
  t.equal((await keys('rotate')).code, 2, 'there is none to rotate');
  const first = await vkeyOf('make');
  t.equal(parseVkey(first).name, 'stamps.example/log');
  t.equal(statSync(join(directory, 'keys/log/0001.skey')).mode & 0o777, 0o600);
  t.equal((await keys('make')).code, 2, 'there is one already');
  t.match(await keys('retire', parseVkey(first).keyId), { code: 2, stderr: /the last key/ });

  const second = await vkeyOf('rotate');
  const signing = (vkey: string) => ({ state: 'signing', vkey });
  t.strictSame((await keys('list', '--json')).json(), { keys: [signing(second), signing(first)] });
  t.equal((await keys('retire', '00000000')).code, 2);
  t.match(await keys('retire', parseVkey(first).keyId), { code: 0, stdout: `retired ${first}\n` });
  t.equal((await keys('list')).stdout, `signing  ${second}\nretired  ${first}\n`);
  t.strictSame(readdirSync(join(directory, 'keys/log')).sort(), ['0001.vkey', '0002.skey']);
});

t.test('receipts have keys of their own', async (t) => {
  const vkey = await vkeyOf('make', '--purpose', 'receipts');
  t.equal(parseVkey(vkey).name, 'stamps.example/log/receipts');
  t.equal((await keys('list', '--purpose', 'stamps')).code, 2);
});
