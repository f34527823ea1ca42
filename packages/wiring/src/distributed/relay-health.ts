import type { RelayStatus } from '@stamp-ledger/app';
import type { Position } from '@stamp-ledger/codec';

/** Milliseconds of failures in a row, of joining, or of silence, after which a relay is not ready. */
const TROUBLE_MILLISECONDS = 15_000;
/** Milliseconds after which a leader that stands still behind the log should be started anew. */
const STUCK_MILLISECONDS = 60_000;

/** What a relay does, and since when it gets no further. Times are milliseconds of a clock that never goes back. */
export class RelayHealth {
  #status: RelayStatus = { kind: 'joining' };
  /** Absent before the bus took this relay in for the first time. */
  #answeredAt: number | undefined;
  #joiningSince: number | undefined;
  #troubledSince: number | undefined;
  /** The place where a leader was seen behind the log. */
  #behind: { readonly at: Position | undefined; readonly since: number } | undefined;

  constructor(private readonly now: () => number) {
    this.#joiningSince = now();
  }

  get status(): RelayStatus {
    return this.#status;
  }

  is(status: RelayStatus): void {
    this.#status = status;
    this.#joiningSince = status.kind === 'joining' ? (this.#joiningSince ?? this.now()) : undefined;
    // Whoever stands by has nothing to publish. To be given the lead is not yet to have published.
    if (status.kind === 'standing-by') this.#troubledSince = undefined;
  }

  /** The bus answered this relay's membership. */
  busAnswered(): void {
    this.#answeredAt = this.now();
  }

  /** The log was read, or a page was published. */
  progressed(): void {
    this.#troubledSince = undefined;
    this.#behind = undefined;
  }

  failed(): void {
    this.#troubledSince ??= this.now();
  }

  failing(): readonly string[] {
    const failing: string[] = [];
    if (this.#answeredAt === undefined) return ['Kafka has not taken this relay in yet'];
    if (this.#isLong(this.#answeredAt)) failing.push('Kafka cannot be reached');
    if (this.#isLong(this.#troubledSince)) failing.push('the log cannot be carried to Kafka');
    if (this.#isLong(this.#joiningSince)) failing.push('the relays take too long to agree on who leads');
    return failing;
  }

  /** True when it leads, fails at nothing, and has not moved for too long although the log has: a reader that hangs. */
  isStuck(head: Position | undefined): boolean {
    const status = this.#status;
    if (status.kind !== 'leading' || this.#troubledSince !== undefined || head === undefined) {
      this.#behind = undefined;
      return false;
    }
    const at = status.position as Position | undefined;
    if (at !== undefined && at >= head) {
      this.#behind = undefined;
      return false;
    }
    if (this.#behind === undefined || this.#behind.at !== at) this.#behind = { at, since: this.now() };
    return this.now() - this.#behind.since > STUCK_MILLISECONDS;
  }

  #isLong(since: number | undefined): boolean {
    return since !== undefined && this.now() - since > TROUBLE_MILLISECONDS;
  }
}
