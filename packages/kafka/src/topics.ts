import { PortError } from '@stamp-ledger/ports';
import type { Admin } from 'kafkajs';
import { kafkaError } from './errors.js';
import { ending, type KafkaOptions, kafkaClient, TOPICS } from './kafka-client.js';
import { KAFKA_LIMITS } from './limits.js';

export interface TopicOptions extends KafkaOptions {
  readonly stampsPartitions?: number;
  readonly ordersPartitions?: number;
  readonly replicationFactor?: number;
  /** Copies that must have a message before it counts as sent; by default all but one. */
  readonly minInSyncReplicas?: number;
}

const PARTITIONS = { stamps: 12, orders: 6 } as const;

/**
 * Creates the topics that are missing and answers their names. Keys stay in their partition for good, so the number of
 * partitions can never change afterwards. Rejects with a PortError.
 */
export async function createTopics(options: TopicOptions): Promise<readonly string[]> {
  const { stampsPartitions = PARTITIONS.stamps, ordersPartitions = PARTITIONS.orders } = options;
  const { replicationFactor = 1, minInSyncReplicas = Math.max(1, replicationFactor - 1) } = options;
  const wanted = [
    { topic: TOPICS.stamps, numPartitions: stampsPartitions },
    { topic: TOPICS.orders, numPartitions: ordersPartitions },
    // One: whoever holds it leads, and what relays say there is in one order.
    { topic: TOPICS.control, numPartitions: 1 },
  ];
  const admin = kafkaClient(options, 'stamp-ledger-topics').admin();
  try {
    await admin.connect();
    const existing = new Set(await admin.listTopics());
    if (existing.has(TOPICS.control)) await refuseManyPartitions(admin);
    const missing = wanted.filter(({ topic }) => !existing.has(topic));
    if (missing.length > 0)
      await admin.createTopics({
        waitForLeaders: true,
        timeout: KAFKA_LIMITS.requestMilliseconds,
        topics: missing.map((topic) => ({
          ...topic,
          replicationFactor,
          configEntries: configOf(minInSyncReplicas),
        })),
      });
    return missing.map(({ topic }) => topic);
  } catch (error) {
    throw kafkaError(error, 'creating topics');
  } finally {
    await ending(admin.disconnect());
  }
}

async function refuseManyPartitions(admin: Admin): Promise<void> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [TOPICS.control] });
  if (topics[0]?.partitions.length !== 1)
    throw new PortError('corrupt', `${TOPICS.control} must have one partition`);
}

const configOf = (minInSyncReplicas: number) => [
  { name: 'retention.ms', value: String(KAFKA_LIMITS.retentionMilliseconds) },
  { name: 'cleanup.policy', value: 'delete' },
  // kafkajs reads gzip alone: what is sent is kept as it is.
  { name: 'compression.type', value: 'producer' },
  { name: 'min.insync.replicas', value: String(minInSyncReplicas) },
];
