import { setTimeout } from 'node:timers/promises';
import { openPostgresQueries } from '@stamp-ledger/postgres';
import t, { type Test } from 'tap';
import { evening, type Fault } from '../scenarios/evening.js';
import {
  type DistributedLedger,
  startDistributedLedger,
  startEngines,
  type TestEngines,
} from '../support/distributed.js';
import { type ServiceName, type ServiceProcess, startService } from '../support/service-process.js';
import { readTopic } from './topic-check.js';

const SEEDS = (process.env.TEST_SEEDS ?? '1,2,3').split(',').map(Number);
const SIZE = { stamps: 50_000, orders: 10_000, affixings: 1_500 };

/** Kafka takes some six seconds to give a dead member's partitions to another: with less always, nothing would ever be read. */
const CALM = { least: 2_000, most: 18_000 };

for (const seed of SEEDS)
  t.test(`an evening of the distributed ledger with faults, seed ${seed}`, async (t) => {
    const engines = await startEngines();
    t.teardown(() => engines.stop());
    const ledger = await startDistributedLedger(engines);
    t.teardown(() => ledger.stop());
    const deployment = {
      urls: ledger.urls,
      token: ledger.token,
      faults: faultsOf(engines, ledger),
      calm: CALM,
      readModels: () => openPostgresQueries({ url: engines.databaseUrl }),
    };
    const outcome = await evening({ deployment, size: SIZE, seed, note: (text) => t.comment(text) });
    t.comment(`${outcome.events} events`);
    await topicsHold(t, engines, outcome.revisions);
    t.strictSame(
      await ledger.stop(),
      ledger.services.map(() => 0),
      'every service drains',
    );
  });

function faultsOf({ kafka, postgres, variables }: TestEngines, { services }: DistributedLedger): Fault[] {
  const killed = (service: ServiceProcess, index: number): Fault => ({
    name: `kill -9 ${service.name} ${index}`,
    happen: async () => {
      await service.kill();
      await service.start();
    },
  });
  const mortal: readonly ServiceName[] = ['relay', 'projections', 'fulfilment'];
  return [
    { name: 'restart Kafka', happen: () => kafka.restart() },
    { name: 'restart PostgreSQL', happen: () => postgres.restart() },
    ...services.filter(({ name }) => mortal.includes(name)).map(killed),
    {
      name: 'a projections worker comes and goes',
      happen: async (random) => {
        const third = await startService('projections', variables);
        await setTimeout(random() * CALM.most);
        await third.stop();
      },
    },
  ];
}

/** What an independent consumer finds is what the log has: every stream, to its last event, in order. */
async function topicsHold(
  t: Test,
  { kafka }: TestEngines,
  revisions: ReadonlyMap<string, number>,
): Promise<void> {
  const found = new Map<string, number>();
  for (const topic of ['ledger.stamps', 'ledger.orders', 'ledger.control']) {
    const reading = await readTopic(kafka.brokers[0] ?? '', topic);
    t.comment(`${topic}: ${reading.messages} messages, ${reading.repeated} of them repeats`);
    for (const [stream, revision] of reading.revisions) found.set(stream, revision);
  }
  t.equal(found.size, revisions.size, 'every stream is on a topic');
  const different = [...revisions].filter(([stream, revision]) => found.get(stream) !== revision);
  t.strictSame(different, [], 'and every event of it');
}
