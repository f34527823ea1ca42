import type { StreamName } from '@stamp-ledger/codec';
import { LIMITS } from '@stamp-ledger/ports';

/**
 * The last revision of the streams that were read or written lately. Only this process writes the log, and every append
 * is told here before anyone hears that it is done: what is known here is where the stream ends, and whoever has folded
 * that far need not ask the file.
 */
export class StreamHeads {
  #recent = new Map<StreamName, number>();
  #before = new Map<StreamName, number>();

  get(stream: StreamName): number | undefined {
    return this.#recent.get(stream) ?? this.#before.get(stream);
  }

  /** Where the stream ends. A head only ever rises; of two that were read side by side the later may be told first. */
  set(stream: StreamName, revision: number): void {
    const known = this.get(stream);
    if (known !== undefined && known >= revision) return;
    this.#recent.set(stream, revision);
    // The older half is forgotten at once: forgetting one for each that comes would look for the oldest every time.
    if (this.#recent.size < LIMITS.knownStreamHeads / 2) return;
    this.#before = this.#recent;
    this.#recent = new Map();
  }
}
