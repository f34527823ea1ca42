import type { Position } from '@stamp-ledger/codec';
import { LIMITS } from '@stamp-ledger/ports';
import { Waiting } from '../waiting.js';
import type { Sealed, SealStatus } from './status.js';

/** How sealing stands, for those who wait for it. */
export interface Sealing {
  status(): SealStatus;
  /** What is published, also when sealing has halted since. */
  sealed(): Sealed | undefined;
  /** How long the oldest unsealed event has waited, within a round; 0 when all are sealed. */
  lagMilliseconds(): number;
  /**
   * Resolves true when the event at this position is sealed and published, false when `signal` aborts or sealing halts
   * first; at once when {@link LIMITS.sealWaiters} wait already, since a command that is done must not fail for it.
   */
  whenSealed(position: Position, signal: AbortSignal): Promise<boolean>;
}

/** Holds the status of a sealer and wakes who waits for it. */
export class SealWatch implements Sealing {
  readonly #waiting = new Waiting();
  #status: SealStatus = { kind: 'starting' };
  #sealed: Sealed | undefined;
  /** The last event of the log, and since when something has not been sealed. */
  #head: Position | undefined;
  #behindSince: number | undefined;

  constructor(private readonly monotonicMilliseconds: () => number) {}

  status(): SealStatus {
    return this.#status;
  }

  sealed(): Sealed | undefined {
    return this.#sealed;
  }

  lagMilliseconds(): number {
    return this.#behindSince === undefined ? 0 : this.monotonicMilliseconds() - this.#behindSince;
  }

  /** The log reaches this far. */
  grown(head: Position): void {
    this.#head = head;
    if (!this.#reaches(head)) this.#behindSince ??= this.monotonicMilliseconds();
  }

  update(status: SealStatus): void {
    this.#status = status;
    if (status.kind === 'running') {
      const isFurther = this.#sealed?.size !== status.sealed.size;
      this.#sealed = status.sealed;
      const isBehind = this.#head !== undefined && !this.#reaches(this.#head);
      // What is signed and waits for its quorum goes on waiting.
      if (!isBehind) this.#behindSince = undefined;
      else if (isFurther) this.#behindSince = this.monotonicMilliseconds();
    }
    this.#waiting.changed();
  }

  async whenSealed(position: Position, signal: AbortSignal): Promise<boolean> {
    if (this.#waiting.count < LIMITS.sealWaiters)
      await this.#waiting.until(() => this.#reaches(position) || this.#status.kind === 'halted', signal);
    return this.#reaches(position);
  }

  #reaches(position: Position): boolean {
    return this.#sealed?.position !== undefined && this.#sealed.position >= position;
  }
}
