/** Every bound of this adapter; its own, beside those of the port. */
export const POSTGRES_LIMITS = {
  /** Milliseconds to connect, or to wait for a connection of a pool. */
  connectMilliseconds: 5_000,
  /**
   * Milliseconds one statement may take at the server: with `graceMilliseconds` less than half of the session of a reader of
   * the bus, which says nothing to Kafka while it waits for one, and by itself less than a third.
   */
  statementMilliseconds: 3_500,
  /** Milliseconds a statement of a report may take: it reads every row. */
  reportMilliseconds: 60_000,
  /** Milliseconds that the indexes of a new generation may take. */
  indexMilliseconds: 3_600_000,
  /** Milliseconds after which the server looks whether who asked for them is still there. */
  indexWatchMilliseconds: 1_000,
  /** Memory that sorting for one of them may take, as PostgreSQL writes it. */
  indexMemory: '256MB',
  /** Milliseconds a statement waits for a lock. */
  lockMilliseconds: 3_000,
  /** Milliseconds a transaction may stand still: a projection may read the log within one. */
  idleInTransactionMilliseconds: 60_000,
  /** Milliseconds after the server's own bound when a statement without an answer is given up here. */
  graceMilliseconds: 1_500,
  /** Milliseconds after which the server gives up a connection whose client does not acknowledge what it was sent. */
  unansweredMilliseconds: 6_000,
  /**
   * Milliseconds of silence after which the server ends a session that holds locks: longer than its client asks and waits
   * for an answer, which has thus given up before.
   */
  silentSessionMilliseconds: 10_000,
  /** Milliseconds an idle connection of a pool is kept. */
  idleMilliseconds: 30_000,
  /** Connections of a store: one a projection, and one that looks. */
  storeConnections: 4,
  queryConnections: 8,
  reportConnections: 2,
  keyConnections: 6,
  /** Connections for the operations journal. */
  journalConnections: 2,
  controlConnections: 2,
  /** Calls waiting for a connection of one pool; beyond, a call is refused at once. */
  waitingCalls: 2_000,
  /** Milliseconds for which the number of the live generation is remembered by those who only read. */
  generationMilliseconds: 50,
  /** Times a query is made when the generation it reads is dropped in between. */
  generationAttempts: 3,
  /** Marks kept by one projection; beyond, every second one is forgotten. */
  keptMarks: 512,
  /** Milliseconds before a lost session is made anew; doubled up to the greatest. */
  reconnectMilliseconds: 100,
  reconnectMillisecondsMax: 5_000,
  /** Milliseconds between two looks at how the work is shared. */
  shareMilliseconds: 1_000,
  /** Milliseconds one look may take at the server; without an answer a little later everything is given up. */
  shareLookMilliseconds: 2_000,
  /** Milliseconds between two signs of life of a session that holds locks, and those that the server has to answer one. */
  pulseMilliseconds: 2_000,
  pulseAnswerMilliseconds: 2_000,
  /** Milliseconds that making, swapping and dropping generations may take: they wait for whoever uses one. */
  rebuildMilliseconds: 30_000,
  /** Times a rebuild is asked for when another one begins and ends in between. */
  rebuildAttempts: 3,
  /** Times a key is claimed when its row comes and goes in between. */
  claimAttempts: 5,
  /** Milliseconds between two sweeps of old idempotency keys, and the rows that one takes. */
  sweepMilliseconds: 60_000,
  sweepRows: 5_000,
  /** Milliseconds migrations wait for those of another process, and that one may take: some write every row anew. */
  migrateLockMilliseconds: 60_000,
  migrateMilliseconds: 3_600_000,
} as const;
