import { Kafka, logLevel } from 'kafkajs';

const TOPICS = ['ledger.stamps', 'ledger.orders', 'ledger.control'];

/** Has Kafka note that a group, of which nobody runs, has read everything. */
export async function noteEnds(brokers: readonly string[], groupId: string): Promise<void> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    for (const topic of TOPICS) {
      const ends = await admin.fetchTopicOffsets(topic);
      const partitions = ends.map(({ partition, high }) => ({ partition, offset: high }));
      await admin.setOffsets({ groupId, topic, partitions });
    }
  } finally {
    await admin.disconnect();
  }
}
