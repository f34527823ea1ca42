import type { Partition } from '@stamp-ledger/ports';
import type { Kafka } from 'kafkajs';
import { ending, TOPICS } from './kafka-client.js';
import { placeOf } from './producer.js';

/** The offset behind the last message of each partition. */
export async function endsOf(kafka: Kafka): Promise<ReadonlyMap<Partition, bigint>> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    const ends = new Map<Partition, bigint>();
    for (const topic of Object.values(TOPICS))
      for (const { partition, high } of await admin.fetchTopicOffsets(topic))
        ends.set(placeOf(topic, partition), BigInt(high));
    return ends;
  } finally {
    await ending(admin.disconnect());
  }
}

/** Whether the partitions have all messages before these offsets. */
export const isWithin = (
  offsets: ReadonlyMap<Partition, bigint> = new Map(),
  ends: ReadonlyMap<Partition, bigint>,
): boolean => [...offsets].every(([partition, offset]) => offset <= (ends.get(partition) ?? 0n));
