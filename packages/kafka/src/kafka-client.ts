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
