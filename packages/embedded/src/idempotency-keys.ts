import { mkdirSync } from 'node:fs';
import {
  type ClaimResult,
  type IdempotencyKeys,
  LIMITS,
  PortError,
  type StoredAnswer,
} from '@stamp-ledger/ports';
import { rowOf } from './answer-protocol.js';
import { AnswerWriter } from './answer-writer.js';
import { type Answered, AnswerReader, type KnownRequest, type StoredRequest } from './idempotency-table.js';
import { LatestKeys } from './key-filter.js';

export type { KnownRequest } from './idempotency-table.js';

/** Milliseconds for which finished answers gather before they are stored. */
const FLUSH_MILLISECONDS = 20;
const RETRY_MILLISECONDS = 1_000;
/** Rows in one transaction. */
const FLUSH_ROWS = 2_000;
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
 * SQLite by a thread of its own. Answers are forgotten {@link LIMITS.idempotencyKeyMilliseconds} after they were given, or when
 * {@link LIMITS.idempotencyKeys} younger ones are stored.
 */
export async function openEmbeddedIdempotencyKeys({
  directory,
  now,
  recent = [],
}: EmbeddedIdempotencyKeysOptions): Promise<IdempotencyKeys> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const writer = new AnswerWriter(directory);
  try {
    await writer.opened();
    return new Keys({
      writer,
      stored: new AnswerReader(directory),
      now,
      recent: new RecentRequests(recent, now()),
    });
  } catch (error) {
    await writer.close();
    throw error;
  }
}

interface KeysParts {
  readonly writer: AnswerWriter;
  readonly stored: AnswerReader;
  readonly now: () => number;
  readonly recent: RecentRequests;
}

/** One transaction on its way to the file. */
interface Batch {
  readonly released: readonly string[];
  readonly finished: readonly Answered[];
  readonly long: readonly StoredRequest[];
}

class Keys implements IdempotencyKeys {
  readonly #writer: AnswerWriter;
  readonly #stored: AnswerReader;
  readonly #now: () => number;
  readonly #recent: RecentRequests;
  /** Keys that this process stored, or is about to: most keys are new, and need not be looked for in the file. */
  readonly #latest = new LatestKeys(LIMITS.idempotencyKeys);
  /** Hash of the request by key, while it runs. */
  readonly #claims = new Map<string, string>();
  /** When the running requests that are not stored began, oldest first. */
  readonly #began = new Map<string, number>();
  /** Running requests that are stored, or on their way. */
  readonly #long = new Set<string>();
  /** Given up after they were stored; their rows hold no more and wait to be deleted. */
  readonly #released = new Set<string>();
  /** The same, with the deletion on its way. */
  readonly #releasing = new Set<string>();
  /** Finished and not yet stored, oldest first. */
  readonly #unstored = new Map<string, Answered>();
  #timer: NodeJS.Timeout | undefined;
  /** What is being stored; settles, never rejects. */
  #storing: Promise<boolean> | undefined;
  #closed = false;

  constructor({ writer, stored, now, recent }: KeysParts) {
    this.#writer = writer;
    this.#stored = stored;
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
    this.#latest.add(key);
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
    await this.#storing;
    try {
      while (this.#unstored.size > 0 || this.#released.size > 0) await this.#store(this.#nextBatch());
    } finally {
      this.#stored.close();
      await this.#writer.close();
    }
  }

  /** What is known of a key that nobody holds. */
  #known(key: string): Omit<StoredRequest, 'at'> | undefined {
    const stored = this.#unstored.get(key) ?? this.#inFile(key);
    if (stored !== undefined && stored.at > this.#expiry()) return stored;
    return this.#recent.find(key, () => this.#expiry());
  }

  #inFile(key: string): StoredRequest | undefined {
    if (this.#released.has(key) || this.#releasing.has(key)) return undefined;
    const before = this.#writer.filter;
    // Until all that an earlier process stored is known, the file is asked.
    const mayBeThere =
      this.#latest.mayHave(key) ||
      (before === undefined ? this.#latest.added < LIMITS.idempotencyKeys : before.mayHave(key));
    return mayBeThere ? this.#stored.find(key) : undefined;
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

  #flush(): void {
    this.#timer = undefined;
    if (this.#storing !== undefined || this.#closed) return;
    const batch = this.#nextBatch();
    const isEmpty = batch.released.length + batch.finished.length + batch.long.length === 0;
    if (isEmpty) {
      if (this.#began.size > 0) this.#flushAfter(FLUSH_MILLISECONDS);
      return;
    }
    this.#storing = this.#store(batch).then(
      () => true,
      // Only a cache: the answers stay in memory, bounded, and storing them is tried again.
      () => false,
    );
    void this.#storing.then((stored) => {
      this.#storing = undefined;
      if (!this.#closed) this.#flushAfter(stored ? FLUSH_MILLISECONDS : RETRY_MILLISECONDS);
    });
  }

  #nextBatch(): Batch {
    const released = take(this.#released, FLUSH_ROWS);
    const finished = take(this.#unstored.values(), FLUSH_ROWS);
    const long = this.#longRequests(FLUSH_ROWS - finished.length);
    return { released, finished, long };
  }

  async #store({ released, finished, long }: Batch): Promise<void> {
    for (const key of released) {
      this.#released.delete(key);
      this.#releasing.add(key);
    }
    // From here on its row may be there, to be deleted when the request is given up.
    for (const { key } of long) {
      this.#began.delete(key);
      this.#long.add(key);
      this.#latest.add(key);
    }
    try {
      const rows = [...finished, ...long].map(rowOf);
      await this.#writer.store({ released, rows, expiry: this.#expiry() });
      for (const answered of finished)
        if (this.#unstored.get(answered.key) === answered) this.#unstored.delete(answered.key);
    } catch (error) {
      for (const key of released) if (!this.#unstored.has(key)) this.#released.add(key);
      for (const { key } of long) if (this.#long.delete(key)) this.#began.set(key, performance.now());
      throw error;
    } finally {
      this.#releasing.clear();
    }
    if (this.#latest.added >= LIMITS.idempotencyKeys) this.#writer.forgetFilter();
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

  /** `expiry` is asked only for a key that is there. */
  find(key: string, expiry: () => number): KnownRequest | undefined {
    const known = this.#requests.get(key);
    if (known !== undefined && this.#since <= expiry()) this.#requests.clear();
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
