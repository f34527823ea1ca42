import { setTimeout } from 'node:timers/promises';
import { Kafka, type KafkaConfig, logLevel } from 'kafkajs';
import { KAFKA_LIMITS } from './limits.js';

/** Where Kafka is, and how to log in. */
export interface KafkaOptions {
  readonly brokers: readonly string[];
  /** With a user, SASL SCRAM-SHA-512. */
  readonly security?: { readonly tls: boolean; readonly user?: string; readonly password?: string };
}

export const TOPICS = {
  stamps: 'ledger.stamps',
  orders: 'ledger.orders',
  control: 'ledger.control',
} as const;

/** Retries are said out loud: by default kafkajs takes others when NODE_ENV is `test`. */
export const RETRY = {
  retries: KAFKA_LIMITS.retries,
  initialRetryTime: KAFKA_LIMITS.retryMilliseconds,
  maxRetryTime: KAFKA_LIMITS.retryMillisecondsMax,
  factor: 0.2,
  multiplier: 2,
};

export const MEMBER_RETRY = { ...RETRY, retries: KAFKA_LIMITS.memberRetries };

export function kafkaClient({ brokers, security }: KafkaOptions, clientId: string): Kafka {
  const { user, password } = security ?? {};
  const config: KafkaConfig = {
    brokers: [...brokers],
    clientId,
    // What matters of its log comes as errors and events.
    logLevel: logLevel.NOTHING,
    connectionTimeout: KAFKA_LIMITS.connectionMilliseconds,
    requestTimeout: KAFKA_LIMITS.requestMilliseconds,
    retry: RETRY,
    ...(security?.tls === true ? { ssl: true } : {}),
    ...(user === undefined || password === undefined
      ? {}
      : { sasl: { mechanism: 'scram-sha-512', username: user, password } }),
  };
  return new Kafka(config);
}

/** Waits for an ending to be over, but not for ever, and whether it succeeds or not: there is nothing to do about it. */
export async function ending(work: Promise<void> | undefined): Promise<void> {
  if (work === undefined) return;
  const enough = new AbortController();
  const late = setTimeout(KAFKA_LIMITS.closeMilliseconds, undefined, { signal: enough.signal });
  await Promise.race([work, late]).catch(() => undefined);
  enough.abort();
  await late.catch(() => undefined);
}
