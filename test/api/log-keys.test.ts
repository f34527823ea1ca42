import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeKey, retireKey } from '@stamp-ledger/wiring';
import t from 'tap';
import { eventually } from '../support/eventually.js';
import { directoryFor, during } from '../support/server.js';
import { mintStamps } from './world.js';

t.test('that a key of the log came or went is an event, sealed while the one before it signs', async (t) => {
  const directory = directoryFor(t);
  const environment = { LEDGER_DATA_DIR: directory, LEDGER_ORIGIN: 'stamp-ledger.test/log' };
  const recorded = (count: number) =>
    during(directory, async ({ call }) => {
      await mintStamps(call, 1);
      return eventually(
        async () => {
          const { json } = await call('/v1/audit/events?types=LogKeyAdded,LogKeyRetired');
          const events = json.events as readonly { type: string; data: unknown; stream: string }[];
          return events.length === count && events.map(({ type, data, stream }) => [stream, type, data]);
        },
        { what: `${count} events of keys`, milliseconds: 30_000 },
      );
    });
  t.strictSame(await recorded(0), [], 'the first key is known from outside');
  const [first = ''] = await during(directory, async ({ call }) =>
    (await call('/log/vkeys', { token: null })).text.split('\n'),
  );
  const vkey = await makeKey(environment, { purpose: 'log', rotate: true });
  const added = [
    ['log-keys', 'LogKeyAdded', { vkey: first }],
    ['log-keys', 'LogKeyAdded', { vkey }],
  ];
  t.strictSame(await recorded(2), added, 'and recorded when a second one signs beside it');
  const [, keyId = ''] = first.split('+');
  await retireKey(environment, { purpose: 'log', keyId });
  t.strictSame(await recorded(3), [...added, ['log-keys', 'LogKeyRetired', { vkey: first }]]);
  t.strictSame((await recorded(3)).length, 3, 'each once');
});

t.test('a damaged checkpoint halts the sealer; stamps are looked up as before', async (t) => {
  const directory = directoryFor(t);
  const serial = await during(directory, async ({ call }) => {
    const [serial = ''] = await mintStamps(call, 1);
    return eventually(async () => (await call('/log/checkpoint', { token: null })).status === 200 && serial, {
      what: 'a checkpoint',
      milliseconds: 30_000,
    });
  });
  writeFileSync(join(directory, 'log/checkpoint'), 'damaged');
  await during(directory, async ({ call }) => {
    t.match((await call(`/v1/stamps/${serial}`)).json, { serial, state: 'minted' });
    const ready = await call('/readyz');
    t.equal(ready.status, 503);
    t.match(ready.text, /sealing/, 'the sealer tells of it');
  });
});
