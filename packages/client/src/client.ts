import { verifyBulk } from './bulk.js';
import { createCaller } from './call.js';
import { allocations, batches, incidents, orders, stamps } from './commands.js';
import { events } from './events.js';
import { queue, stockPolicies } from './queue.js';
import { audit, health, rebuilds } from './reports.js';
import { DEFAULT_RETRY, type RetryCause, type RetryOptions } from './retry.js';
import { createTransport } from './transport.js';

export interface ClientOptions {
  /** Where the ledger is, such as `http://127.0.0.1:8080`. */
  readonly baseUrl: string;
  /** Bearer token; without one only public calls succeed. */
  readonly token?: string;
  /** For one attempt of one call; waiting asked for with `waitSeconds` comes on top. */
  readonly timeoutMilliseconds?: number;
  readonly retry?: Partial<RetryOptions>;
  /** Connections kept open; calls beyond that wait for one. */
  readonly connections?: number;
  /** Calls under way; beyond that a call is refused unsent, as `overload`. */
  readonly maxInFlight?: number;
  readonly maxAnswerBytes?: number;
  /** Called before a request is sent again. */
  readonly onRetry?: (cause: RetryCause) => void;
  /** Jitter, from 0 up to 1. */
  readonly random?: () => number;
}

const DEFAULTS = {
  timeoutMilliseconds: 30_000,
  connections: 128,
  maxInFlight: 10_000,
  maxAnswerBytes: 64 * 1024 * 1024,
} as const;

export type LedgerClient = ReturnType<typeof createClient>;

/**
 * A client for the ledger's HTTP API. Every command carries an Idempotency-Key, so sending it again after a lost
 * answer is safe: the client does so by itself, within bounds, when the connection fails, when the ledger answers 503,
 * and while the first request with the same key still runs. Calls reject only with a LedgerError.
 */
export function createClient(options: ClientOptions) {
  const transport = createTransport({
    baseUrl: options.baseUrl,
    connections: options.connections ?? DEFAULTS.connections,
    maxAnswerBytes: options.maxAnswerBytes ?? DEFAULTS.maxAnswerBytes,
  });
  const caller = createCaller(transport, {
    ...(options.token === undefined ? {} : { token: options.token }),
    ...(options.onRetry === undefined ? {} : { onRetry: options.onRetry }),
    timeoutMilliseconds: options.timeoutMilliseconds ?? DEFAULTS.timeoutMilliseconds,
    retry: { ...DEFAULT_RETRY, ...options.retry },
    maxInFlight: options.maxInFlight ?? DEFAULTS.maxInFlight,
    random: options.random ?? Math.random,
  });
  return {
    batches: batches(caller),
    allocations: allocations(caller),
    orders: orders(caller),
    queue: queue(caller),
    stockPolicies: stockPolicies(caller),
    stamps: { ...stamps(caller), verifyBulk: verifyBulk(transport, options.token) },
    incidents: incidents(caller),
    audit: audit(caller),
    events: events(caller),
    rebuilds: rebuilds(caller),
    health: health(caller),
    /** Closes the connections; calls under way fail. */
    close: (): void => transport.close(),
  };
}
