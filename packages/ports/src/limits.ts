/** Every bound of the core, in one place. HTTP has its own in the api service. */
export const LIMITS = {
  /** Events in one append call. */
  appendEvents: 10_000,
  /** Events handed to the log and not yet answered; beyond, an append is refused at once. */
  pendingAppendEvents: 100_000,
  /** Commits whose times are kept until somebody looks. */
  meteredCommits: 10_000,
  /** Callers waiting for streams to change. */
  streamWaiters: 20_000,
  /** Streams whose last revision the embedded log remembers. */
  knownStreamHeads: 20_000,
  /** Events in one page of a stream or of the log. */
  readEvents: 5_000,
  /** Times a command is decided again after a version conflict. */
  commandAttempts: 4,
  /** Commands waiting for one stream in this process. */
  commandsPerStream: 2_000,
  /** Characters of events behind the folded streams that are held, summed over the streams of one kind. */
  cachedCharacters: 8_000_000,
  /** Latest commands remembered of one stream; what came before is looked for in the log. */
  rememberedCommands: 1_000,
  /** Stamps minted, allocated or returned in one append. */
  stampChunk: 1_000,
  /** Stamps of one batch minted before the next batch has its turn. */
  mintedStamps: 5_000,
  /** Milliseconds after its payment in which an order is to have its stamps; beyond, it is told to operators as overdue. */
  orderPromiseMilliseconds: 60_000,
  /** Milliseconds between two looks for overdue orders. */
  overdueWatchMilliseconds: 10_000,
  /** Orders taken up in one round of fulfilment. */
  fulfilOrders: 256,
  /** Waiting orders looked at in one round of fulfilment. */
  scannedOrders: 5_000,
  /** Milliseconds after which fulfilment looks at every waiting order again. */
  fulfilRescanMilliseconds: 60_000,
  /** Stamps of a stock fetched at once. */
  fetchedStamps: 2_000,
  /** Stamps sold in one append of fulfilment. */
  fulfilStamps: 4_000,
  /** Milliseconds a query waits for the read models before it says they are behind. */
  readModelWaitMilliseconds: 5_000,
  /** Rows in one page of any query. */
  queryRows: 1_000,
  /** Events the relay puts on the bus at once. */
  relayEvents: 1_000,
  /** Findings that an audit of the log lists; beyond, they are counted, and listed when they are the first of their kind. */
  auditFindings: 100,
  /** Milliseconds that the clocks of the machines that record events may be apart, for whoever holds receipts to the log. */
  receiptGraceMilliseconds: 60_000,
  /** Milliseconds by which a promised event is in the log; a sealer that is well needs few seconds. */
  receiptOverdueMilliseconds: 10 * 60_000,
  /** Files of the log that an audit reads at once. */
  auditFilesAtOnce: 16,
  /** Orders whose channel the relay remembers. */
  relayedOrders: 100_000,
  /** Milliseconds before the relay tries again when the log or the bus is away; doubled up to the greatest. */
  relayRetryMilliseconds: 100,
  relayRetryMillisecondsMax: 5_000,
  /** Milliseconds a look-up waits for the log to say where it ends, and after which it is asked again when it did not. */
  logHeadWaitMilliseconds: 250,
  logHeadRetryMilliseconds: 1_000,
  /** Milliseconds for which what the log said of its end stands: the grain in which lag is told. */
  logHeadMilliseconds: 1,
  /** Rows of the verification model that are held in memory, about 1.5 kB each with the text made of them. */
  cachedStampViews: 20_000,
  /** Among about so many other look-ups a stamp must be asked for again for its row to be held. */
  askedStampViews: 16_384,
  /** Milliseconds after which such a row is read again though the model has not moved: it may be away. */
  cachedStampViewMilliseconds: 1_000,
  /** Events sealed in one round: what is held in memory until it is durable. */
  sealEvents: 25_000,
  /** Events read for sealing at once: between two such pages the calls on files that have ended are followed by the next. */
  sealReadEvents: 512,
  /** Milliseconds between the beginnings of two rounds of sealing when little comes in; with a backlog there is no pause. */
  sealIntervalMilliseconds: 250,
  /** Milliseconds before sealing is tried again when the log or a file is unavailable; doubled up to the greatest. */
  sealRetryMilliseconds: 100,
  sealRetryMillisecondsMax: 5_000,
  /** Files of the transparency log that are open at once until they are durable, and calls on them that run at once. */
  tileFilesAtOnce: 256,
  tileWrites: 64,
  /** Milliseconds that an event may wait to be sealed before an outage report tells of it; more than clocks are apart. */
  sealGapMilliseconds: 2_000,
  /** Milliseconds that a witness has to cosign, and between two rounds in which witnesses are asked. */
  witnessMilliseconds: 5_000,
  witnessPauseMilliseconds: 500,
  /** Rounds in which a witness that failed is not asked; doubled after each failure up to this. */
  witnessPausesMax: 128,
  /** Milliseconds after which witnesses are asked to cosign the newest checkpoint again when no newer one was sealed. */
  witnessAgainMilliseconds: 10 * 60_000,
  /** Milliseconds that the newest cosigned checkpoint may lie behind the newest of all before an auditor is told. */
  quorumLagMilliseconds: 60 * 60_000,
  /** Milliseconds between two looks at the keys that sign the published log. */
  logKeysMilliseconds: 5_000,
  /** Callers waiting for their events to be sealed. */
  sealWaiters: 20_000,
  /** Events of one stamp that are proven in one answer. */
  provenEvents: 100,
  /** Bundles of the log whose first position is remembered, so that proofs need not look for it. */
  knownBundles: 50_000,
  /** Milliseconds between two looks at what a sealer in another process says, and at where the log it seals ends. */
  sealStatusMilliseconds: 100,
  sealHeadMilliseconds: 1_000,
  /**
   * Milliseconds from the moment a sealer closes intake to the first event that it puts back: more than all attempts of an
   * append may take, begun before its process has looked.
   */
  sealQuietMilliseconds: 60_000,
  /** Tiles of hashes, 8 KiB each, that are kept in memory for the next proofs. */
  keptTiles: 512,
  /** Lost events put back into the event store in one append. */
  refillEvents: 1_000,
  /** Milliseconds for which a projection reads the log before the bus, from which it comes, is heard again. */
  catchUpMilliseconds: 2_000,
  /** Takes from the bus that one projection has in hand or waiting. */
  takesUnderWay: 16,
  /** Events projected in one transaction. */
  projectionEvents: 5_000,
  /** The same where the read models of several processes are built anew: the rows of a stamp meet in memory. */
  rebuildEvents: 20_000,
  /** Events of a log up to which embedded read models that have seen nothing follow it from its beginning; beyond, they are rebuilt. */
  projectedFromNothing: 100_000,
  /** Rows of one table that an embedded rebuild holds back, some hundred bytes each: those that change again soon are written once. */
  rebuildHeldRows: 40_000,
  /** Pages that the fastest projection of a rebuild may be ahead of the slowest: they are kept in memory. */
  rebuildPagesAhead: 2,
  /** Milliseconds from the beginning of one page of projection to that of the next, at most, while many events come in. */
  projectionPauseMilliseconds: 50,
  /** Milliseconds in which the commits of the log are told to a thread that follows it once. */
  commitNoticeMilliseconds: 5,
  /** The same for the thread that seals, which begins a round every {@link LIMITS.sealIntervalMilliseconds} when little comes in. */
  sealNoticeMilliseconds: 50,
  /** Changes of the inventory after which a snapshot is kept: the most an answer about the past has to add up. */
  inventorySnapshotChanges: 20_000,
  /** Milliseconds before a projection tries again when its log or its sink is unavailable; doubled up to the greatest. */
  projectionRetryMilliseconds: 50,
  projectionRetryMillisecondsMax: 5_000,
  /** Milliseconds of read-model lag beyond which a verdict says that it is stale. */
  staleMilliseconds: 10_000,
  /** Events read from their streams at once for one page of a search. */
  searchReads: 16,
  /** Events read at once for a live feed. */
  followedEvents: 100,
  /** Events looked at for one page of filtered events. */
  scannedEvents: 20_000,
  /** Milliseconds a report waits for the read models; after that it shows what they have. */
  reportWaitMilliseconds: 2_000,
  /** Reports waiting for the thread that works them out. */
  waitingReports: 256,
  /** Rebuilds whose outcome is remembered. */
  rememberedRebuilds: 100,
  /** Milliseconds between two entries of the operations journal: what a crash of the process may take of it. */
  journalFlushMilliseconds: 5_000,
  /** Milliseconds a process that ends waits for the journal to take its last words. */
  journalStopMilliseconds: 2_000,
  /** Minutes of refusals held while the journal cannot be written; beyond, they are counted to the latest of them. */
  journalHeldMinutes: 60,
  /** Milliseconds the operations journal is kept. */
  journalMilliseconds: 400 * 86_400_000,
  /** Longest window of one outage report, in milliseconds. */
  outageMilliseconds: 92 * 86_400_000,
  /** Rows of one kind listed in an outage report; beyond, `more` says so. */
  outageRows: 1_000,
  /** Streams of stamps that a report reads at once. */
  streamsAtOnce: 64,
  /** Serials listed for one difference. */
  listedSerials: 1_000,
  /** Milliseconds after which an unpaid order is rejected. */
  unpaidOrderMilliseconds: 86_400_000,
  /** Milliseconds between two looks at the waiting room, and before a look that failed is tried again. */
  roomStepMilliseconds: 1_000,
  /** Events in which a process tells of its tickets at one step, at most: each names a bounded number of lines. */
  roomTellings: 40,
  /** Milliseconds for which more orders have to come than can be taken before a waiting room opens by itself. */
  roomPressureMilliseconds: 5_000,
  /** Milliseconds without anybody kept waiting and without pressure after which it closes by itself. */
  roomQuietMilliseconds: 10_000,
  /** Milliseconds over which those who come are counted, for how many do not; more than until they ask again. */
  roomAttendanceMilliseconds: 3_000,
  /** How many times more than can be taken are let in, at most, where most do not come. */
  roomOverbooking: 64,
  /** Milliseconds before an announced opening from which tickets are given, unless the announcement says otherwise. */
  ticketsBeforeOpeningMilliseconds: 900_000,
  /** Orders under way in one process above which more come than can be taken. */
  pressingOrders: 256,
  /** Orders a second taken to be possible before anything was measured, and the least ever taken to be. */
  firstOrdersPerSecond: 200,
  leastOrdersPerSecond: 10,
  /** Tickets a second that a process lets in at most: as many as an event can tell. */
  mostOrdersPerSecond: 1_000_000,
  /** Milliseconds over which the orders done are counted, at least, before more or fewer are taken to be possible. */
  orderFlowMilliseconds: 500,
  /** Nine in ten commits beyond this many milliseconds may be a sign of too many orders. */
  slowCommitMilliseconds: 100,
  /** Seconds after which the holder of a ticket may ask again, at least and at most. */
  askAgainSeconds: 2,
  askAgainSecondsMax: 60,
  /** Milliseconds between two looks at the stocks that have a policy. */
  stockSweepMilliseconds: 1_000,
  /** Milliseconds between two sweeps for expired reservations and unpaid orders. */
  expirySweepMilliseconds: 1_000,
  /** Milliseconds after which an idle job looks again though nothing moved. */
  idleJobMilliseconds: 10_000,
  /** Milliseconds a job waits after its first failure in a row; doubled each time, up to the greatest. */
  jobBackoffMilliseconds: 100,
  jobBackoffMillisecondsMax: 5_000,
  /** Milliseconds a finished idempotency key is kept; after that it may be used anew. */
  idempotencyKeyMilliseconds: 172_800_000,
  /** Finished idempotency keys kept; beyond, the oldest are forgotten. */
  idempotencyKeys: 5_000_000,
  /** Events at the end of the log whose commands' keys and requests are known after a restart, stored or not. */
  recentCommands: 20_000,
  /** Idempotency keys whose request is still running. */
  idempotencyClaims: 50_000,
  /** Finished answers held in memory until they are stored; beyond, the oldest are forgotten. */
  idempotencyUnstoredAnswers: 20_000,
} as const;
