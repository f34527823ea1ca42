import { operationsJournalContract } from '@stamp-ledger/contracts';
import { migratePostgres, openPostgresOperationsJournal } from '@stamp-ledger/postgres';
import t from 'tap';
import { startPostgres } from '../support/postgres-server.js';

const server = await startPostgres();
t.teardown(() => server.stop());

let databases = 0;
async function postgresJournal() {
  const url = await server.createDatabase(`journal_${++databases}`);
  await migratePostgres({ url });
  const journal = await openPostgresOperationsJournal({ url });
  return {
    journal,
    another: () => openPostgresOperationsJournal({ url }),
    destroy: () => journal.close(),
  };
}

for (const { name, run } of operationsJournalContract({ name: 'postgres', open: postgresJournal }))
  t.test(name, () => run());
