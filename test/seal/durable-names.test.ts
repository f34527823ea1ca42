import { mkdirSync, readlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { openTileFiles } from '@stamp-ledger/embedded';
import t from 'tap';
import { directoryFor } from '../support/server.js';

t.test('names of directories that somebody else made are durable too', async (t) => {
  const directory = directoryFor(t);
  // As a process leaves them that died between making them and syncing their names.
  mkdirSync(join(directory, 'log/tile/0/000.p'), { recursive: true });
  const handle = await open(directory);
  const kind = Object.getPrototypeOf(handle) as { sync: () => Promise<void> };
  await handle.close();
  const { sync } = kind;
  const synced = new Set<string>();
  kind.sync = function (this: { readonly fd: number }) {
    synced.add(readlinkSync(`/proc/self/fd/${this.fd}`));
    return sync.call(this);
  };
  t.teardown(() => {
    kind.sync = sync;
  });
  const tiles = openTileFiles({ directory: join(directory, 'log') });
  await tiles.write([{ path: 'tile/0/000.p/1', bytes: Buffer.alloc(32) }]);
  for (const name of ['', 'log', 'log/tile', 'log/tile/0', 'log/tile/0/000.p'])
    t.ok(synced.has(join(directory, name)), `the names in ${name || 'the directory of the log'}`);
});
