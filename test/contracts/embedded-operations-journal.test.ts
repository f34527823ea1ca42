import { rm } from 'node:fs/promises';
import { operationsJournalContract } from '@stamp-ledger/contracts';
import { openEmbeddedOperationsJournal } from '@stamp-ledger/embedded';
import t from 'tap';
import { temporaryDirectory } from './embedded-stores.js';

async function embeddedJournal() {
  const directory = await temporaryDirectory();
  const journal = await openEmbeddedOperationsJournal({ directory });
  return {
    journal,
    another: () => openEmbeddedOperationsJournal({ directory }),
    destroy: async () => {
      await journal.close();
      await rm(directory, { recursive: true });
    },
  };
}

for (const { name, run } of operationsJournalContract({ name: 'embedded', open: embeddedJournal }))
  t.test(name, () => run());

t.test('a closed journal is unavailable', async (t) => {
  const { journal, destroy } = await embeddedJournal();
  await destroy();
  const nothing = journal.report({ from: '' as never, to: '' as never });
  await t.rejects(nothing, { name: 'PortError', kind: 'unavailable' });
});
