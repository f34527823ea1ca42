import { runDistributedService } from '@stamp-ledger/wiring';
import { openProjections, servePart } from '@stamp-ledger/wiring/distributed';

/** Keeps the read models in PostgreSQL up with Kafka. Any number of these may run: they share the partitions. */
await runDistributedService(process.env, async (given) =>
  servePart(given, { service: 'projections', part: await openProjections(given) }),
);
