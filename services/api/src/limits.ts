/** Every bound of the HTTP service, in one place. The core's own are in `LIMITS`. */
export const HTTP_LIMITS = {
  /** Longest request body, in bytes. */
  bodyBytes: 65_536,
  /** Bytes of a refused body that are read and thrown away, so that the client gets to see the answer. */
  discardedBytes: 8_388_608,
  /** Milliseconds spent on that at most. */
  discardMilliseconds: 2_000,
  /** Longest line of a bulk verification, in bytes. */
  bulkLineBytes: 1_024,
  /** Lines of one bulk verification under way at once. */
  bulkLines: 32,
  /** Bulk verifications at once; further ones are refused. */
  bulkRequests: 4,
  /** Longest rest of a bulk verification between two rounds, in milliseconds: otherwise as long as the round took. */
  bulkRestMilliseconds: 100,
  /** Milliseconds after which a bulk verification ends when nothing comes from its client and nothing goes to it. */
  bulkIdleMilliseconds: 30_000,
  /** Longest time that `Prefer: wait` holds an answer back, in seconds. */
  waitSeconds: 30,
  /** Events in one page of `/v1/events`, and when nothing is asked for. */
  eventsPage: 1_000,
  eventsPageDefault: 100,
  /** Live feeds of events at once; further ones are refused. */
  feeds: 64,
  /** Characters of a live feed that are sent at once, before an event more. */
  feedPieceCharacters: 16_384,
  /** Milliseconds of silence after which a live feed says that it is still there. */
  feedBeatMilliseconds: 15_000,
  /** Milliseconds after which a live feed ends when its client has read nothing. */
  feedIdleMilliseconds: 60_000,
  /** Longest time that a live feed lasts, in milliseconds: then its client comes back, with a token that is still good. */
  feedMilliseconds: 3_600_000,
  /** Events in one page of a stamp's history, also when nothing is asked for. */
  historyPage: 10_000,
  /** Rows in one page of any other listing, and when nothing is asked for. */
  listPage: 1_000,
  listPageDefault: 100,
  /** Faults of one body that are told. */
  toldFaults: 100,
  /** Longest value of a query parameter, in characters. */
  parameterCharacters: 512,
  /** Longest idempotency key, in characters. */
  idempotencyKeyCharacters: 255,
  /** Longest bearer token, in characters. */
  tokenCharacters: 8_192,
  /** Verified tokens that are remembered until they expire, and as many that were forged. */
  cachedTokens: 10_000,
  /** For so long a token with a bad signature is remembered, in milliseconds: the provider might change a key under its id. */
  forgedTokenMilliseconds: 60_000,
  /** Longest that the clocks of the identity provider and of this service may differ, in seconds. */
  clockSkewSeconds: 30,
  /** Retry-After is drawn between these two, in seconds, so that clients do not come back all at once. */
  retryAfterMinimumSeconds: 1,
  retryAfterMaximumSeconds: 5,
  /** Request line and headers together, in bytes. */
  headerBytes: 16_384,
  headersTimeoutMilliseconds: 10_000,
  requestTimeoutMilliseconds: 30_000,
  /** Above the idle timeout of a load balancer in front, if there is one. */
  keepAliveTimeoutMilliseconds: 5_000,
  connectionsCheckingMilliseconds: 1_000,
  connections: 10_000,
  /** Connections that the kernel holds until they are taken up. */
  connectionBacklog: 4_096,
  /** Longest time that a client takes to read an answer, in milliseconds; then its connection is cut. */
  answerTimeoutMilliseconds: 30_000,
  /** Commands, reports and everything else that shares the log: how many may run at once, and what the limit moves between. */
  gateLimitLeast: 64,
  gateLimitMost: 128,
  /** Nine in ten commits, or the event loop's mean delay, beyond this many milliseconds is a sign of too much work. */
  gateCommitMilliseconds: 100,
  gateLoopMilliseconds: 50,
  /** Requests of these that begin in one turn of the event loop: look-ups and new connections have to wait for the end of it. */
  gateStartsPerTurn: 32,
  /** Requests of one pool that waited and are let in in one turn: look-ups are answered while they are. */
  gateLetInPerTurn: 64,
  /** The shortest time that a client may say it waits, in milliseconds: nothing can be done in less. */
  requestTimeoutLeastMilliseconds: 10,
  /** Milliseconds between two looks at the queues, and between two adjustments of the limit. */
  gateBeatMilliseconds: 20,
  gateAdjustMilliseconds: 100,
  /** For so long after a request was refused its class counts as kept out, and so long orders without room are counted together. */
  gateKeptOutMilliseconds: 1_000,
  /** Refused requests that are remembered, so that one that comes back sooner than it was told is not answered before. */
  gateToldToWait: 50_000,
  /**
   * Refusals that leave in a second: at least, how many may leave at once, and how many for each command that can be made
   * durable. Those beyond wait for their turn: each takes time that commands need, and brings its client back.
   */
  gateRefusalsPerSecond: 200,
  gateRefusalsAtOnce: 200,
  gateRefusalsPerCommand: 0.1,
  /** Refusals waiting for their turn; beyond, the connection is cut without one. */
  gateRefusalsHeld: 10_000,
  /** Requests whose bodies have not arrived yet; beyond, the one that takes longest is cut. */
  gateArrivingBodies: 1_000,
  /** Requests of one connection whose answers are not out yet; beyond, it is cut. */
  gateAnswersPerConnection: 256,
  /** Requests a second, and as many saved up, that may try without credentials known to be good: see `Strangers`. */
  gateStrangersPerSecond: 200,
  /**
   * Tickets of the waiting room given in a second: at least, and how many for each command that can be made durable; an
   * order and its fulfilment are two of those. Where orders are taken with a ticket alone it is more, as some who took one do
   * not come: the line must not run dry while a crowd stands before it.
   */
  gateTicketsPerSecond: 200,
  gateTicketsPerCommand: 0.05,
  gateTicketsPerCommandAlone: 0.7,
  /** Who waits for its turn to take a ticket: how many, and for how long, in milliseconds. */
  gateTicketsWaiting: 4_000,
  gateTicketMilliseconds: 5_000,
  /**
   * Share of the places that those in line for a ticket may take before their turn while nobody else does: what has gone
   * quiet need not work off its line at the pace of a rush.
   */
  gateIdleShare: 0.125,
  /** Tickets a second, and as many saved up, that each caller is given whatever others take. */
  gateTicketsPerCaller: 20,
  /** Callers whose quotas are remembered. */
  gateCallers: 10_000,
  /** Longest time that running requests get to end when the service stops. */
  drainMilliseconds: 5_000,
} as const;

export type HttpLimits = { readonly [Name in keyof typeof HTTP_LIMITS]: number };

const QUICK = { share: 1, shareMost: 1 } as const;

/** How the gate treats each class of work: its share of the places, how many may wait, and for how long. */
export const GATE_CLASSES = {
  /** Apart from all work, so that whoever watches the ledger sees it when it is busiest. */
  health: { places: 16, terms: { ...QUICK, waiting: 64, waitMilliseconds: 5_000 } },
  log: { places: 64, terms: { ...QUICK, waiting: 512, waitMilliseconds: 2_000 } },
  /** Reads that never wait for the writer. */
  'look-up': { places: 128, terms: { ...QUICK, waiting: 2_000, waitMilliseconds: 100 } },
  /** Tickets of the waiting room: told to the log many at a time. */
  ticket: { places: 64, terms: { ...QUICK, waiting: 2_000, waitMilliseconds: 200 } },
  /** Work that shares the log, by importance. */
  shared: [
    ['verification', { share: 0.25, shareMost: 1, waiting: 500, waitMilliseconds: 150 }],
    ['affixing', { share: 0.3, shareMost: 1, waiting: 500, waitMilliseconds: 150 }],
    ['order', { share: 0.25, shareMost: 1, waiting: 500, waitMilliseconds: 150 }],
    ['walk-in', { share: 0, shareMost: 1, waiting: 128, waitMilliseconds: 150 }],
    ['bulk', { share: 0.1, shareMost: 0.5, waiting: 200, waitMilliseconds: 2_000 }],
  ],
} as const;
