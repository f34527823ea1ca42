import { runDistributedService } from '@stamp-ledger/wiring';
import { openSealer, servePart } from '@stamp-ledger/wiring/distributed';

/** Seals the log into the tiles of `LEDGER_DATA_DIR`. Any number of these may run on it: one seals, the others stand by. */
await runDistributedService(process.env, async (given) =>
  servePart(given, { part: await openSealer(given) }),
);
