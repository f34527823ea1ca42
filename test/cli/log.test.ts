import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { predecessorOf } from '@stamp-ledger/app';
import { decodeBundle, openCheckpoint, parseVkey } from '@stamp-ledger/transparency';
import t from 'tap';
import { mintStamps } from '../api/world.js';
import { cli } from '../support/cli.js';
import { directoryFor, during } from '../support/server.js';

const ORIGIN = 'stamp-ledger.test/log';
const SUCCESSOR = 'stamp-ledger.test/log-2';

/** Mints stamps and waits until they are sealed. */
const minted = (directory: string, count: number, origin = ORIGIN) =>
  during(
    directory,
    async ({ call }) => {
      const [serial = ''] = await mintStamps(call, count);
      const sale = { channel: 'direct', holder: 'holder-1' };
      const sold = await call(`/v1/stamps/${serial}/sale`, { body: sale, headers: { prefer: 'wait=20' } });
      if (sold.headers.get('ledger-sealed') !== 'true') throw new Error('not sealed');
      return serial;
    },
    origin,
  );

const log = (directory: string, args: readonly string[], origin = ORIGIN) =>
  cli(['log', ...args, '--json'], '', { LEDGER_DATA_DIR: directory, LEDGER_ORIGIN: origin });

const checkpointOf = (directory: string): Buffer => readFileSync(join(directory, 'log/checkpoint'));
const sizeOf = (checkpoint: Buffer): number => Number(checkpoint.toString().split('\n')[1]);

t.test(
  'a lost lock: the largest checkpoint that anybody holds is adopted, and the log goes on',
  async (t) => {
    const directory = directoryFor(t);
    await minted(directory, 20);
    const older = checkpointOf(directory);
    await minted(directory, 20);
    const kept = join(directory, 'kept-by-an-auditor');
    cpSync(join(directory, 'log/checkpoint'), kept);
    t.match(await log(directory, ['adopt']), { code: 2, stdout: /nothing is lost/ });

    rmSync(join(directory, 'log-lock'), { recursive: true });
    writeFileSync(join(directory, 'log/checkpoint'), older);
    await during(directory, async ({ call }) => {
      t.match((await call('/readyz')).json, { failing: [{ reason: 'lock-lost' }] });
      t.equal((await log(directory, ['adopt'])).code, 5, 'not while a ledger runs');
    });
    const adopted = await log(directory, ['adopt', kept]);
    t.equal(adopted.code, 0, adopted.stderr);
    const size = sizeOf(readFileSync(kept));
    t.match(adopted.json(), { size, root: readFileSync(kept, 'utf8').split('\n')[2] });
    await minted(directory, 5);
    t.ok(sizeOf(checkpointOf(directory)) > size);
  },
);

t.test(
  'a log that contradicts the events for good: closed, and held to by the one that follows',
  async (t) => {
    const directory = directoryFor(t);
    const other = directoryFor(t);
    await minted(directory, 20);
    const vkeys = await during(directory, async ({ call }) => (await call('/log/vkeys')).text);
    const last = checkpointOf(directory);
    await minted(other, 30);
    for (const name of readdirSync(other).filter((each) => each.startsWith('log.sqlite')))
      cpSync(join(other, name), join(directory, name));
    await during(directory, async ({ call }) => {
      t.match((await call('/readyz')).json, { failing: [{ reason: 'source-differs' }] });
    });

    t.match(await log(directory, ['succeed', '--reason', 'x']), { code: 2, stdout: /name of the new log/ });
    const succeeded = await log(directory, ['succeed', '--reason', 'the events were replaced'], SUCCESSOR);
    t.equal(succeeded.code, 0, succeeded.stderr + succeeded.stdout);
    const { closed, vkey } = succeeded.json() as { closed: { directory: string }; vkey: string };
    t.strictSame(readFileSync(join(closed.directory, 'checkpoint')), last, 'the old log is kept as it was');

    const serial = await minted(directory, 10, SUCCESSOR);
    await minted(directory, 10, SUCCESSOR);
    const trust = { origin: SUCCESSOR, logKeys: [parseVkey(vkey)] };
    t.ok(openCheckpoint(checkpointOf(directory), trust));
    const bundle = readdirSync(join(directory, 'log/tile/entries/000.p'))
      .map(Number)
      .sort((a, b) => a - b)[0]!;
    const file = readFileSync(join(directory, `log/tile/entries/000.p/${bundle}`));
    const predecessor = predecessorOf(decodeBundle(file, bundle)[0]!)!;
    t.equal(predecessor.reason, 'the events were replaced');
    const logKeys = predecessor.vkeys.map(parseVkey);
    t.equal(
      openCheckpoint(Buffer.from(predecessor.checkpoint), { origin: ORIGIN, logKeys }).size,
      sizeOf(last),
    );
    t.equal(`${predecessor.vkeys.join('\n')}\n`, vkeys);

    await during(
      directory,
      async ({ url, call }) => {
        t.equal((await call('/readyz')).status, 200);
        const asking = ['--url', url, '--token-file', join(directory, 'admin-token'), '--key', vkey];
        t.match(await cli(['trace', serial, ...asking]), { code: 0, stdout: /2 checked, 0 not yet/ });
        const audited = await cli(['audit', 'source', '--json', ...asking]);
        t.match(audited.json(), { outcome: 'clean', unsealed: 0 });
      },
      SUCCESSOR,
    );
  },
);
