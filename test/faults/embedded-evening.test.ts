import { join } from 'node:path';
import { openEmbeddedQueries } from '@stamp-ledger/embedded';
import t from 'tap';
import { evening } from '../scenarios/evening.js';
import { startLedgerProcess } from '../support/server-process.js';

t.test('an evening of the embedded ledger, killed on the way', async (t) => {
  let ledger = await startLedgerProcess();
  t.teardown(() => ledger.stop());
  const faults = [
    {
      name: 'kill -9 the ledger',
      happen: async () => {
        ledger = await ledger.restart();
      },
    },
  ];
  const outcome = await evening({
    deployment: {
      urls: [ledger.url],
      token: ledger.token,
      faults,
      calm: { least: 1_000, most: 1_000 },
      readModels: async () => openEmbeddedQueries({ file: join(ledger.directory, 'read-models-1.sqlite') }),
    },
    size: { stamps: 5_000, orders: 1_000, affixings: 200 },
    seed: 1,
    note: (text) => t.comment(text),
  });
  t.ok(outcome.faults.length > 0, 'it was killed');
});
