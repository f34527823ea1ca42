import { LIMITS } from '@stamp-ledger/ports';
import t from 'tap';
import { openTestLedger, serve, temporaryDirectory } from '../support/server.js';
import { fresh, mintStamps } from './world.js';

t.setTimeout(60_000);

const { directory, remove } = temporaryDirectory();
const first = await openTestLedger(directory);
t.teardown(remove);

t.test('what was recorded long ago is found again, and not recorded once more', async (t) => {
  const { api, call } = await serve(first);
  const [serial = ''] = await mintStamps(call, 1);
  const line = JSON.stringify({ serial });
  const bulk = (lines: readonly string[], key: string, by = call) =>
    by('/v1/verifications/bulk', {
      raw: lines.join('\n'),
      key,
      headers: { 'content-type': 'application/x-ndjson' },
    });
  const key = fresh();
  const answer = await bulk([line, line], key);
  // Enough that the first ones are no longer among the latest, and that what is known of the older ones has to grow.
  await bulk(new Array<string>(LIMITS.rememberedCommands + 600).fill(line), fresh());
  const before = await first.ledger.audit.head();
  t.equal((await bulk([line, line], key)).text, answer.text, 'the same answers');
  t.equal(await first.ledger.audit.head(), before, 'nothing new');
  t.match((await bulk([`${line} `], key)).text, /idempotency-key-reused/, 'other bytes are noticed');
  await api.close();
  await first.close();

  const second = await openTestLedger(directory);
  const again = await serve(second);
  const after = await second.ledger.audit.head();
  t.equal((await bulk([line, line], key, again.call)).text, answer.text, 'the same after a start');
  t.equal(await second.ledger.audit.head(), after);
  await again.api.close();
  await second.close();
});
