import { runDistributedService } from '@stamp-ledger/wiring';
import { openFulfilment, servePart } from '@stamp-ledger/wiring/distributed';

/** Does the work behind accepted commands. Any number of these may run: they share it by channel and batch. */
await runDistributedService(process.env, async (given) =>
  servePart(given, { part: await openFulfilment(given) }),
);
