import { mkdirSync } from 'node:fs';
import {
  type ClaimResult,
  type IdempotencyKeys,
  LIMITS,
  PortError,
  type StoredAnswer,
} from '@stamp-ledger/ports';
import { type Answered, AnswerTable, type KnownRequest, type StoredRequest } from './idempotency-table.js';

export type { KnownRequest } from './idempotency-table.js';

/** Milliseconds for which finished answers gather before they are stored. */
const FLUSH_MILLISECONDS = 20;
const RETRY_MILLISECONDS = 1_000;
/** Rows in one transaction: short enough not to be felt on the calling thread. */
const FLUSH_ROWS = 128;
/**
 * Milliseconds after which a request that still runs is stored without its answer: its first event may lie too far back
 * in the log to be among the recent ones after a crash.
 */
const LONG_MILLISECONDS = 100;

export interface EmbeddedIdempotencyKeysOptions {
  /** Made when absent. Holds `keys.sqlite`, a cache: it may be deleted while the ledger is stopped. */
  readonly directory: string;
  /** The time, in milliseconds of any one epoch that lasts over restarts. */
  readonly now: () => number;
  /**
   * Requests that the log knows, oldest first: those whose answers a crash may have kept from being stored. The last
   * {@link LIMITS.recentCommands} are used.
   */
  readonly recent?: Iterable<KnownRequest>;
}

/**
 * Opens the answers by idempotency key: claims in memory, finished answers in memory until a moment later, then in
 * SQLite. Answers are forgotten {@link LIMITS.idempotencyKeyMilliseconds} after they were given, or when
 * {@link LIMITS.idempotencyKeys} younger ones are stored.
 */
export async function openEmbeddedIdempotencyKeys({
  directory,
  now,
  recent = [],
}: EmbeddedIdempotencyKeysOptions): Promise<IdempotencyKeys> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return new Keys(new AnswerTable(directory), now, new RecentRequests(recent, now()));
}

class Keys implements IdempotencyKeys {
  readonly #table: AnswerTable;
  readonly #now: () => number;
  readonly #recent: RecentRequests;
  /** Hash of the request by key, while it runs. */
  readonly #claims = new Map<string, string>();
  /** When the running requests that are not stored began, oldest first. */
  readonly #began = new Map<string, number>();
  /** Running requests that are stored. */
  readonly #long = new Set<string>();
  /** Given up after they were stored; their rows hold no more and wait to be deleted. */
  readonly #released = new Set<string>();
  /** Finished and not yet stored, oldest first. */
  readonly #unstored = new Map<string, Answered>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(table: AnswerTable, now: () => number, recent: RecentRequests) {
    this.#table = table;
    this.#now = now;
    this.#recent = recent;
  }

  async claim({ key, requestHash }: KnownRequest): Promise<ClaimResult> {
    this.#requireOpen();
    const running = this.#claims.get(key);
    if (running !== undefined) return { kind: running === requestHash ? 'in-progress' : 'other-request' };
    const known = this.#known(key);
    if (known !== undefined && known.requestHash !== requestHash) return { kind: 'other-request' };
    if (known?.answer !== undefined) return { kind: 'finished', answer: known.answer };
    if (this.#claims.size >= LIMITS.idempotencyClaims)
      throw new PortError('unavailable', 'too many requests with an idempotency key are running');
    this.#claims.set(key, requestHash);
    this.#began.set(key, performance.now());
    this.#flushAfter(FLUSH_MILLISECONDS);
    return { kind: 'claimed' };
  }

  async finish({ key, answer }: { readonly key: string; readonly answer: StoredAnswer }): Promise<void> {
    this.#requireOpen();
    const requestHash = this.#claims.get(key);
    if (requestHash === undefined) throw new Error('only a claimed key can be finished');
    this.#end(key);
    // The answer takes the row's place; a removal that still waits must not take the answer away.
    this.#released.delete(key);
    this.#unstored.set(key, { key, requestHash, answer, at: this.#now() });
    if (this.#unstored.size > LIMITS.idempotencyUnstoredAnswers) this.#forgetOldest();
    this.#flushAfter(FLUSH_MILLISECONDS);
  }

  async release(key: string): Promise<void> {
    this.#requireOpen();
    if (!this.#end(key)) return;
    this.#released.add(key);
    this.#flushAfter(FLUSH_MILLISECONDS);
  }

  /** Stores what is not stored yet; rejects with a PortError when that fails, and closes nevertheless. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#began.clear();
    try {
      while (this.#unstored.size > 0 || this.#released.size > 0) this.#store();
    } finally {
      this.#table.close();
    }
  }

  /** What is known of a key that nobody holds. */
  #known(key: string): Omit<StoredRequest, 'at'> | undefined {
    const stored = this.#unstored.get(key) ?? (this.#released.has(key) ? undefined : this.#table.find(key));
    if (stored !== undefined && stored.at > this.#expiry()) return stored;
    return this.#recent.find(key, this.#expiry());
  }

  /** The request runs no more; true when a row without an answer is left of it. */
  #end(key: string): boolean {
    this.#claims.delete(key);
    this.#began.delete(key);
    return this.#long.delete(key);
  }

  /** What is known since this time or before is forgotten. */
  #expiry(): number {
    return this.#now() - LIMITS.idempotencyKeyMilliseconds;
  }

  #flushAfter(milliseconds: number): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#flush(), milliseconds);
    this.#timer.unref();
  }

  /** One transaction a turn of the event loop, so that requests are served in between. */
  #flush(): void {
    this.#timer = undefined;
    let full: boolean;
    try {
      full = this.#store();
    } catch {
      // Only a cache: the answers stay in memory, bounded, and storing them is tried again.
      this.#flushAfter(RETRY_MILLISECONDS);
      return;
    }
    if (full) this.#flushAfter(0);
    else if (this.#began.size > 0) this.#flushAfter(FLUSH_MILLISECONDS);
  }

  /** True when there may be more to store. */
  #store(): boolean {
    const released = take(this.#released, FLUSH_ROWS);
    const finished = take(this.#unstored.values(), FLUSH_ROWS);
    const long = this.#longRequests(FLUSH_ROWS - finished.length);
    if (released.length + finished.length + long.length === 0) return false;
    this.#table.store({ released, requests: [...finished, ...long], expiry: this.#expiry() });
    for (const key of released) this.#released.delete(key);
    for (const { key } of finished) this.#unstored.delete(key);
    for (const { key } of long) {
      this.#began.delete(key);
      this.#released.delete(key);
      this.#long.add(key);
    }
    return released.length === FLUSH_ROWS || finished.length + long.length === FLUSH_ROWS;
  }

  #longRequests(limit: number): StoredRequest[] {
    const requests: StoredRequest[] = [];
    const latest = performance.now() - LONG_MILLISECONDS;
    for (const [key, began] of this.#began) {
      if (requests.length === limit || began > latest) break;
      const requestHash = this.#claims.get(key);
      if (requestHash !== undefined) requests.push({ key, requestHash, at: this.#now() });
    }
    return requests;
  }

  #forgetOldest(): void {
    for (const key of this.#unstored.keys()) {
      this.#unstored.delete(key);
      return;
    }
  }

  #requireOpen(): void {
    if (this.#closed) throw new PortError('unavailable', 'the idempotency keys are closed');
  }
}

/** The requests that were recent when the keys were opened. They are kept as long as an answer given then would be. */
class RecentRequests {
  readonly #requests = new Map<string, KnownRequest>();
  readonly #since: number;

  constructor(requests: Iterable<KnownRequest>, since: number) {
    this.#since = since;
    for (const { key, requestHash } of requests) {
      this.#requests.set(key, { key, requestHash });
      if (this.#requests.size > LIMITS.recentCommands)
        this.#requests.delete(this.#requests.keys().next().value ?? '');
    }
  }

  find(key: string, expiry: number): KnownRequest | undefined {
    if (this.#since <= expiry) this.#requests.clear();
    return this.#requests.get(key);
  }
}

function take<Value>(values: Iterable<Value>, limit: number): Value[] {
  const taken: Value[] = [];
  for (const value of values) {
    if (taken.length === limit) break;
    taken.push(value);
  }
  return taken;
}
