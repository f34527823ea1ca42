import type { BatchId, CommandId, Instant, QueueTicket, Serial } from '@stamp-ledger/domain';

/** Everything that would make a run unrepeatable, in one port: simulation replaces it whole. */
export interface Runtime {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly serials: SerialSource;
  readonly tickets: TicketSource;
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

/** Tickets as text that nobody else can make, and the lot. All processes of a ledger have the same key. */
export interface TicketSource {
  /** URL-safe text. It is of worth to `subject` alone, and does not name it. */
  seal(ticket: QueueTicket, subject: string): string;
  /** Undefined for what was not sealed here for this subject. */
  open(text: string, subject: string): QueueTicket | undefined;
  /** The draw of an order in a room: a whole number below 2^48, always the same, and not to be guessed without the key. */
  draw(ticket: Pick<QueueTicket, 'roomId' | 'channel' | 'orderId'>): number;
}

export interface SerialSource {
  /** Names the key, so that a batch begun under another key is noticed. 16 hexadecimal characters. */
  readonly keyId: string;
  /** The serial at `index` of a batch: always the same, and not to be guessed without the key. */
  derive(batchId: BatchId, index: number): Serial;
}
