import { openProjections, runDistributedService, servePart } from '@stamp-ledger/wiring';

/** Keeps the read models in PostgreSQL up with Kafka. Any number of these may run: they share the partitions. */
await runDistributedService(process.env, async (given) =>
  servePart(given, { service: 'projections', part: await openProjections(given) }),
);
