/** Every bound of this adapter; its own, beside those of the port. */
export const KAFKA_LIMITS = {
  connectionMilliseconds: 5_000,
  requestMilliseconds: 15_000,
  /** kafkajs tries a request again so many times, at growing intervals. */
  retries: 8,
  retryMilliseconds: 200,
  retryMillisecondsMax: 5_000,
  /** Milliseconds without a heartbeat after which a member is taken for dead. */
  sessionMilliseconds: 10_000,
  rebalanceMilliseconds: 20_000,
  heartbeatMilliseconds: 1_000,
  /** Milliseconds a fetch waits for something new. */
  fetchWaitMilliseconds: 100,
  fetchBytesPerPartition: 512 * 1024,
  fetchBytes: 4 * 1024 * 1024,
  partitionsAtOnce: 64,
  /** Messages handed over at once. */
  takenMessages: 2_000,
  /** Bytes of messages sent in one request. */
  sendBytes: 512 * 1024,
  /** Milliseconds between two commits of offsets, which are a hint. */
  commitMilliseconds: 1_000,
  /** Milliseconds before what could not be taken is offered again; doubled up to the greatest. */
  takeRetryMilliseconds: 100,
  takeRetryMillisecondsMax: 2_000,
  /** Milliseconds after which the last mark is sent again, so that retention never removes it. */
  markMilliseconds: 3_600_000,
  /** Milliseconds that a topic keeps its messages: the log has them for good. */
  retentionMilliseconds: 604_800_000,
} as const;
