import { mkdirSync } from 'node:fs';
import {
  type ClaimResult,
  type IdempotencyKeys,
  LIMITS,
  PortError,
  type StoredAnswer,
} from '@stamp-ledger/ports';
import { AnswerTable, type FinishedRequest } from './idempotency-table.js';

/** Milliseconds for which finished answers gather before they are stored. */
const FLUSH_MILLISECONDS = 20;
const RETRY_MILLISECONDS = 1_000;
/** Rows in one transaction: short enough not to be felt on the calling thread. */
const FLUSH_ROWS = 256;

export interface EmbeddedIdempotencyKeysOptions {
  /** Made when absent. Holds `keys.sqlite`, a cache: it may be deleted while the ledger is stopped. */
  readonly directory: string;
  /** The time, in milliseconds of any one epoch that lasts over restarts. */
  readonly now: () => number;
}

/**
 * Opens the answers by idempotency key: claims in memory, finished answers in memory until a moment later, then in
 * SQLite. Answers are forgotten {@link LIMITS.idempotencyKeyMilliseconds} after they were given.
 */
export async function openEmbeddedIdempotencyKeys({
  directory,
  now,
}: EmbeddedIdempotencyKeysOptions): Promise<IdempotencyKeys> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return new Keys(new AnswerTable(directory), now);
}

class Keys implements IdempotencyKeys {
  readonly #table: AnswerTable;
  readonly #now: () => number;
  /** Hash of the request by key, while it runs. */
  readonly #claims = new Map<string, string>();
  /** Finished and not yet stored, oldest first. */
  readonly #unstored = new Map<string, FinishedRequest>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(table: AnswerTable, now: () => number) {
    this.#table = table;
    this.#now = now;
  }

  async claim({
    key,
    requestHash,
  }: {
    readonly key: string;
    readonly requestHash: string;
  }): Promise<ClaimResult> {
    this.#requireOpen();
    const running = this.#claims.get(key);
    if (running !== undefined) return { kind: running === requestHash ? 'in-progress' : 'other-request' };
    const finished = this.#finished(key);
    if (finished !== undefined)
      return finished.requestHash === requestHash
        ? { kind: 'finished', answer: finished.answer }
        : { kind: 'other-request' };
    if (this.#claims.size >= LIMITS.idempotencyClaims)
      throw new PortError('unavailable', 'too many requests with an idempotency key are running');
    this.#claims.set(key, requestHash);
    return { kind: 'claimed' };
  }

  async finish({ key, answer }: { readonly key: string; readonly answer: StoredAnswer }): Promise<void> {
    this.#requireOpen();
    const requestHash = this.#claims.get(key);
    if (requestHash === undefined) throw new Error('only a claimed key can be finished');
    this.#claims.delete(key);
    this.#unstored.set(key, { key, requestHash, answer, finishedAt: this.#now() });
    if (this.#unstored.size > LIMITS.idempotencyUnstoredAnswers) this.#forgetOldest();
    this.#flushAfter(FLUSH_MILLISECONDS);
  }

  async release(key: string): Promise<void> {
    this.#requireOpen();
    this.#claims.delete(key);
  }

  /** Stores what is not stored yet; rejects with a PortError when that fails, and closes nevertheless. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    try {
      while (this.#unstored.size > 0) this.#store();
    } finally {
      this.#table.close();
    }
  }

  #finished(key: string): FinishedRequest | undefined {
    const found = this.#unstored.get(key) ?? this.#table.find(key);
    return found !== undefined && found.finishedAt > this.#expiry() ? found : undefined;
  }

  /** Answers given at this time or before are forgotten. */
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
    try {
      this.#store();
    } catch {
      // Only a cache: the answers stay in memory, bounded, and storing them is tried again.
      this.#flushAfter(RETRY_MILLISECONDS);
      return;
    }
    if (this.#unstored.size > 0) this.#flushAfter(0);
  }

  #store(): void {
    const rows: FinishedRequest[] = [];
    for (const row of this.#unstored.values()) {
      if (rows.length === FLUSH_ROWS) break;
      rows.push(row);
    }
    this.#table.store(rows, { forgetUpTo: this.#expiry() });
    for (const { key } of rows) this.#unstored.delete(key);
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
