import type { Partition } from '@stamp-ledger/ports';
import type { Admin, Kafka } from 'kafkajs';
import { ending, MEMBER_RETRY, TOPICS } from './kafka-client.js';
import { placeOf } from './producer.js';

interface Place {
  /** Offset to be read next; absent where the group left off. */
  next: bigint | undefined;
  /** Whether Kafka is known to go on there: it may have noted nothing, or have those messages no more. */
  isKnown: boolean;
  isQuiet: boolean;
}

interface Known {
  /** What the group has noted; below zero for nothing. */
  readonly noted: bigint;
  /** The first message that is there. */
  readonly first: bigint;
}

/** Where a member of a group reads on in the partitions that it was given. */
export class Places {
  readonly #places = new Map<Partition, Place>();
  #admin: Admin | undefined;

  constructor(
    private readonly kafka: Kafka,
    private readonly group: string,
  ) {}

  /** The group has shared the partitions out anew. */
  given(assignment: Readonly<Record<string, readonly number[]>>): void {
    this.#places.clear();
    for (const [topic, partitions] of Object.entries(assignment))
      for (const partition of partitions)
        this.#places.set(placeOf(topic, partition), { next: undefined, isKnown: false, isQuiet: true });
  }

  movedTo(partition: Partition, next: bigint): void {
    if (this.#places.has(partition)) this.#places.set(partition, { next, isKnown: true, isQuiet: false });
  }

  sentTo(partition: Partition, next: bigint): void {
    if (this.#places.has(partition)) this.#places.set(partition, { next, isKnown: false, isQuiet: true });
  }

  isAt(partition: Partition, next: bigint): boolean {
    return this.#places.get(partition)?.next === next;
  }

  /** The partitions of which nothing came since the last call, with where they go on. Rejects when Kafka does not answer. */
  async quiet(): Promise<readonly (readonly [Partition, bigint])[]> {
    const unknown = [...this.#places].filter(([, { isKnown }]) => !isKnown);
    if (unknown.length > 0) {
      const known = await this.#ask().catch(async (error: unknown) => {
        // The next one asks anew who coordinates the group.
        await this.close();
        throw error;
      });
      for (const [partition, place] of unknown) settle(place, known.get(partition));
    }
    const quiet = [...this.#places].flatMap(([partition, { next, isQuiet }]) =>
      isQuiet && next !== undefined ? [[partition, next] as const] : [],
    );
    for (const place of this.#places.values()) place.isQuiet = true;
    return quiet;
  }

  async close(): Promise<void> {
    const admin = this.#admin;
    this.#admin = undefined;
    await ending(admin?.disconnect());
  }

  async #ask(): Promise<ReadonlyMap<Partition, Known>> {
    this.#admin ??= this.kafka.admin({ retry: MEMBER_RETRY });
    const admin = this.#admin;
    await admin.connect();
    const topics = Object.values(TOPICS);
    const known = new Map<Partition, Known>();
    for (const { topic, partitions } of await admin.fetchOffsets({ groupId: this.group, topics })) {
      const noted = new Map(partitions.map(({ partition, offset }) => [partition, BigInt(offset)]));
      for (const { partition, low } of await admin.fetchTopicOffsets(topic))
        known.set(placeOf(topic, partition), { noted: noted.get(partition) ?? -1n, first: BigInt(low) });
    }
    return known;
  }
}

function settle(place: Place, known: Known | undefined): void {
  if (known === undefined) return;
  place.next ??= known.noted;
  if (place.next < known.first) place.next = known.first;
  place.isKnown = true;
}
