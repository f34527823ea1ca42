import { runDistributedService } from '@stamp-ledger/wiring';
import { openRelay, servePart } from '@stamp-ledger/wiring/distributed';

/** Carries the log to Kafka. Any number of these may run: one leads, the others stand by. */
await runDistributedService(process.env, async (given) =>
  servePart(given, { service: 'relay', part: await openRelay(given) }),
);
