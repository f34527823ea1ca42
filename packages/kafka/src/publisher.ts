import { type BusPublisher, PortError, type PublisherTurn } from '@stamp-ledger/ports';
import type { Kafka } from 'kafkajs';
import { kafkaError } from './errors.js';
import { type KafkaOptions, kafkaClient } from './kafka-client.js';
import { Membership } from './membership.js';

/**
 * The publishing side. Publishers are members of one consumer group over the one partition of the control topic: whoever
 * is given it leads. It announces itself with a claim, whose offset is its epoch, and reads the topic up to there: then it
 * knows the last mark that the partitions can keep. A later claim ends its turn. `onError` hears why a turn ended that was
 * not given up.
 */
export async function openKafkaPublisher({
  clientId,
  onError,
  ...options
}: KafkaOptions & {
  readonly clientId: string;
  readonly onError?: (error: PortError) => void;
}): Promise<BusPublisher> {
  return new Publisher(kafkaClient(options, clientId), onError);
}

class Publisher implements BusPublisher {
  #membership: Membership | undefined;
  #closed = false;

  constructor(
    private readonly kafka: Kafka,
    private readonly onError: ((error: PortError) => void) | undefined,
  ) {}

  async lead({
    signal,
    onStandBy,
    onAlive,
  }: Parameters<BusPublisher['lead']>[0]): Promise<PublisherTurn | undefined> {
    await this.#leave();
    if (this.#closed) throw new PortError('unavailable', 'the publisher is closed');
    if (signal.aborted) return undefined;
    const membership = new Membership(this.kafka, { onError: this.onError, onStandBy, onAlive });
    this.#membership = membership;
    const settled = new AbortController();
    const given = new Promise<undefined>((resolve) => {
      signal.addEventListener('abort', () => resolve(undefined), { once: true, signal: settled.signal });
    });
    try {
      const turn = await Promise.race([membership.lead(), given]);
      if (signal.aborted) await this.#leave();
      return signal.aborted ? undefined : turn;
    } catch (error) {
      await this.#leave();
      if (signal.aborted) return undefined;
      throw kafkaError(error, 'taking the lead');
    } finally {
      settled.abort();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#leave();
  }

  async #leave(): Promise<void> {
    const membership = this.#membership;
    this.#membership = undefined;
    await membership?.leave();
  }
}
