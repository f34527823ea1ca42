/** Every bound of this adapter; its own, beside those of the port. */
export const KAFKA_LIMITS = {
  connectionMilliseconds: 5_000,
  requestMilliseconds: 15_000,
  /**
   * kafkajs tries again so many times, at growing intervals. Short ones: it counts on for as long as it asks a broker that
   * is gone, and would wait out the longest after it has learned of the others.
   */
  retries: 15,
  /**
   * The same for members of a group: kafkajs asks for a new coordinator of the group only when it begins again, so they
   * must not hold on for long to one that is gone.
   */
  memberRetries: 5,
  retryMilliseconds: 200,
  retryMillisecondsMax: 1_000,
  /** Milliseconds after which it asks again which broker has what. */
  metadataMilliseconds: 10_000,
  /** Milliseconds without a heartbeat after which a relay is taken for dead: another leads so soon after a kill. */
  relaySessionMilliseconds: 8_000,
  /** The same for a reader, whose transactions may take longer. One taken for dead by mistake loses nothing: it joins again. */
  readerSessionMilliseconds: 12_000,
  /** Milliseconds that members have to join again when the group changes; one that is gone holds up the others for as long. */
  relayRebalanceMilliseconds: 8_000,
  readerRebalanceMilliseconds: 6_000,
  heartbeatMilliseconds: 1_000,
  /** Milliseconds without any answer after which a relay joins anew: several times what its group takes to change. */
  silenceMilliseconds: 45_000,
  /** Milliseconds that a new leader has to read up to its own claim. */
  claimMilliseconds: 30_000,
  /** Lineages before its own that a mark names: readers start from a place at most seconds old. */
  ancestors: 16,
  /** Milliseconds a fetch waits for something new. */
  fetchWaitMilliseconds: 100,
  fetchBytesPerPartition: 1024 * 1024,
  /** Some ten thousand messages: kafkajs asks for more only when all of them have been taken. */
  fetchBytes: 8 * 1024 * 1024,
  partitionsAtOnce: 64,
  /**
   * Messages handed over at once: as many as a projection takes into one transaction of a rebuild. No heartbeat is sent
   * until they are taken: at a tenth of the rate that was measured they need a quarter of the session.
   */
  takenMessages: 5_000,
  /** Takes under way at once: what comes is worked out while the database still writes what came before. */
  takesAtOnce: 2,
  /** Bytes of messages sent in one request: well below the 1 MB that a broker takes for one partition. */
  sendBytes: 512 * 1024,
  /** Milliseconds between two commits of offsets, which are a hint. */
  commitMilliseconds: 1_000,
  /** Milliseconds between two looks whether those who take still have what quiet partitions have given them. */
  lookMilliseconds: 2_000,
  /** Milliseconds before what could not be taken is offered again; doubled up to the greatest. */
  takeRetryMilliseconds: 100,
  takeRetryMillisecondsMax: 2_000,
  /** Milliseconds after which it is let go of, and fetched again: much may have come or moved meanwhile. */
  takeMillisecondsMax: 60_000,
  /** kafkajs may start a reader again so many times in so many milliseconds; then the process has to. */
  restarts: 60,
  restartsMilliseconds: 600_000,
  /**
   * Milliseconds that leaving Kafka may take: kafkajs first waits for a group that is changing. After that the connections
   * are left to end by themselves or with the process, which has a bound of its own on stopping.
   */
  closeMilliseconds: 3_000,
  /**
   * Milliseconds after which the last mark is sent again, doubled up to the greatest: a reader that went over the first ones,
   * which took offsets that were lost, meets another soon, and retention never removes the only one.
   */
  markMilliseconds: 2_000,
  markMillisecondsMax: 3_600_000,
  /** Milliseconds between two looks of a leading relay whether the partitions still have all that they took. */
  lossMilliseconds: 10_000,
  /** Milliseconds that a topic keeps its messages: the log has them for good. */
  retentionMilliseconds: 604_800_000,
} as const;
