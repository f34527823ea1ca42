import type { BatchId, CommandId, Instant, Serial } from '@stamp-ledger/domain';

/** Everything that would make a run unrepeatable, in one port: simulation replaces it whole. */
export interface Runtime {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly serials: SerialSource;
}

export interface Clock {
  /** Now, to the millisecond. Never earlier than any answer before, nor than the last event of the log at start. */
  now(): Instant;
  /** Milliseconds since an arbitrary moment; for durations only. */
  monotonicMilliseconds(): number;
  /** Resolves after `milliseconds`, or at once when `signal` aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export interface Ids {
  /** A fresh random id, 122 bits from a CSPRNG (UUID version 4, RFC 9562). */
  commandId(): CommandId;
}

export interface SerialSource {
  /** Names the key, so that a batch begun under another key is noticed. 16 hexadecimal characters. */
  readonly keyId: string;
  /** The serial at `index` of a batch: always the same, and not to be guessed without the key. */
  derive(batchId: BatchId, index: number): Serial;
}
