import type { Command } from 'commander';
import { UsageError } from '../exit-codes.js';
import { wholeNumber } from '../options.js';
import type { Bind, Session } from '../session.js';
import { distributed } from '../wiring.js';

interface TopicOptions {
  readonly stampsPartitions: number;
  readonly ordersPartitions: number;
  readonly replicationFactor: number;
}

const PARTITIONS_MAX = 1_000;
const REPLICAS_MAX = 9;

/** What an operator does once before the services of the distributed ledger start. These work on the engines themselves. */
export function addEngineCommands(program: Command, bind: Bind): void {
  program
    .command('migrate')
    .description('bring the tables in PostgreSQL (LEDGER_DATABASE_URL) to this version; never back')
    .action(
      bind(async (session) => {
        const { migrate } = await distributed();
        const applied = await migrate(process.env).catch(asUsage);
        await session.output.result({ applied }, () => [
          applied.length === 0 ? 'up to date' : `applied ${applied.join(', ')}`,
        ]);
      }),
    );

  program
    .command('topics')
    .description('topics in Kafka (LEDGER_KAFKA_BROKERS)')
    .command('create')
    .description('create those that are missing; the number of partitions can never change afterwards')
    .option('--stamps-partitions <n>', 'partitions of ledger.stamps', wholeNumber(1, PARTITIONS_MAX), 12)
    .option('--orders-partitions <n>', 'partitions of ledger.orders', wholeNumber(1, PARTITIONS_MAX), 6)
    .option('--replication-factor <n>', 'copies of each partition', wholeNumber(1, REPLICAS_MAX), 3)
    .action(bind(createMissingTopics));
}

async function createMissingTopics(session: Session, options: TopicOptions): Promise<void> {
  const { createTopics } = await distributed();
  const created = await createTopics(process.env, options).catch(asUsage);
  await session.output.result({ created }, () => [
    created.length === 0 ? 'all there' : `created ${created.join(', ')}`,
  ]);
}

function asUsage(error: unknown): never {
  if (error instanceof Error && error.name === 'ConfigurationError') throw new UsageError(error.message);
  throw error;
}
