import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { directoryFor, during } from '../support/server.js';
import { mintStamps } from './world.js';

t.test(
  'events that no known sealer was there for are in the outage report, as something unknown',
  async (t) => {
    const directory = directoryFor(t);
    const from = new Date(Date.now() - 60_000).toISOString();
    const to = await during(directory, async ({ call }) => {
      await mintStamps(call, 3);
      const now = new Date().toISOString();
      const { json } = await call(`/v1/audit/outage?from=${from}&to=${now}`);
      t.strictSame(json.sealGaps, [], 'it was there');
      return now;
    });
    // What a sealer found and did not live to write down is gone in the same way.
    for (const suffix of ['', '-wal', '-shm'])
      rmSync(join(directory, `journal.sqlite${suffix}`), { force: true });
    await during(directory, async ({ call }) => {
      const { json } = await call(`/v1/audit/outage?from=${from}&to=${to}`);
      const { total } = json.accepted as { readonly total: number };
      t.ok(total >= 4);
      t.strictSame(json.sealGaps, [{ extent: 'unknown', from, to, events: total }]);
    });
  },
);
