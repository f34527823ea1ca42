import type { StreamName } from '@stamp-ledger/codec';
import type { EventId } from '@stamp-ledger/domain';
import { openEmbeddedEventStore } from '@stamp-ledger/embedded';
import t from 'tap';
import { openTestLedger, serve, temporaryDirectory } from '../support/server.js';
import { freshDocument, mintStamps, pdf, sellStamp } from './world.js';

/** An event that no version of the ledger can read: every projection halts in front of it. */
async function poison(directory: string): Promise<void> {
  const store = await openEmbeddedEventStore({ directory });
  const event = {
    id: '00000000-0000-8000-8000-000000000000' as EventId,
    type: 'NeverHeardOf',
    data: '{}',
    metadata: '{"schemaVersion":1,"recordedAt":"2024-09-06T13:00:00.000Z"}',
  };
  await store.append([
    { stream: 'incident-unreadable' as StreamName, expected: 'no-stream', events: [event] },
  ]);
  await store.close();
}

t.test(
  'with the projections stopped, commands and strong reads go on and nothing old is shown as new',
  async (t) => {
    const { directory, remove } = temporaryDirectory();
    const before = await openTestLedger(directory);
    const first = await serve(before);
    const [serial = ''] = await mintStamps(first.call, 1);
    await first.api.close();
    await before.close();
    await poison(directory);

    const opened = await openTestLedger(directory);
    const { api, call } = await serve(opened);
    const sold = await sellStamp(call, serial);
    t.equal(sold.status, 201, 'a command does not need the read models');
    const revision = String(sold.json.revision);

    const behind = await call(`/v1/stamps/${serial}`);
    t.match(behind.json, { state: 'minted', revision: 0 }, 'a plain look-up is behind');
    t.ok((behind.json.asOf as { lagMilliseconds: number }).lagMilliseconds > 0, 'and says so');
    t.match((await call(`/v1/stamps/${serial}?consistency=strong`)).json, {
      state: 'sold',
      asOf: { lagMilliseconds: 0 },
    });
    t.match((await call(`/v1/stamps/${serial}?atLeastRevision=${revision}`)).json, { state: 'sold' });

    const sha256 = freshDocument();
    t.equal((await call(`/v1/stamps/${serial}/affixation`, { body: { document: pdf(sha256) } })).status, 201);
    const verified = await call('/v1/verifications', { body: { serial, document: { sha256 } } });
    t.match(verified.json, { verdict: 'genuine', reasons: ['stale'], state: 'affixed' });

    const readiness = await call('/readyz');
    t.equal(readiness.status, 503, 'the halt is loud');
    const { text } = await call('/metrics');
    t.match(text, /stamp_ledger_projection_halted\{projection="inventory"\} 1/);
    t.match(text, /stamp_ledger_projection_lag_seconds\{projection="inventory"\} (?!0\n)\d/);
    t.equal((await call('/livez')).status, 200);
    await api.close();

    const shared = await serve(opened, { readModels: 'shared' });
    const ready = await shared.call('/readyz');
    t.equal(
      ready.status,
      200,
      'where other processes write them, commands and strong reads still want an API',
    );
    t.match(ready.json, {
      status: 'ready',
      degraded: [{ check: 'projection-halted', projection: 'verification' }],
    });
    await shared.api.close();
    await opened.close();
    remove();
  },
);
