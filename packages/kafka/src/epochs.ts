import type { Read } from './cloud-events.js';

/**
 * Tells current marks from those of a relay that was replaced and did not know yet. Each claim on the control topic begins
 * an epoch, named by the claim's own offset; a mark of an epoch before the latest claim is stale.
 */
export class Epochs {
  #latest = -1n;

  /** Takes what stands at an offset of the control topic, in order; a reader may go back. False for a stale mark. */
  isCurrent(offset: bigint, message: Read): boolean {
    // Gone back behind the claim: it has not been made yet.
    if (this.#latest >= offset) this.#latest = -1n;
    switch (message.kind) {
      case 'claim':
        this.#latest = offset;
        return true;
      case 'mark':
        if (message.epoch < this.#latest) return false;
        this.#latest = message.epoch;
        return true;
      case 'event':
      case 'unknown':
        return true;
    }
  }
}
