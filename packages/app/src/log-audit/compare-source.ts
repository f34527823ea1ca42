import { entryText, type RecordedEvent } from '@stamp-ledger/codec';
import { PortError } from '@stamp-ledger/ports';
import { predecessorOf } from '../seal/continuation.js';
import type { Findings } from './findings.js';
import type { ScannedEntries } from './scan-log.js';

/** The event store's side, in its own order from the beginning. */
export type EventSequence = AsyncIterator<RecordedEvent>;

/** An entry or an event, as the bytes of its leaf. */
interface Side {
  readonly bytes: Buffer;
  readonly id: unknown;
}

/**
 * Compares the entries of the log with the events of the event store, one by one in order, and names the first place where
 * they part (entry 0 of a log that takes the place of a closed one is no event): what happened there is told from that entry and the next. Behind it nothing is compared, since both sides are
 * out of step.
 */
export class SourceComparison {
  #parted: { readonly index: number; readonly entry: Side; readonly event: Side } | undefined;
  #isOver = false;
  #compared = 0;

  constructor(
    private readonly events: EventSequence,
    private readonly findings: Findings,
  ) {}

  /** Entries that were found to be those of the event store. */
  get compared(): number {
    return this.#compared;
  }

  async take({ first, entries }: ScannedEntries): Promise<void> {
    for (let at = 0; at < entries.length && !this.#isOver; at++) {
      const bytes = entries[at];
      if (first + at === 0 && bytes !== undefined && predecessorOf(bytes) !== undefined) continue;
      const event = await this.#next();
      if (this.#isOver) return;
      if (event === undefined) return this.#ended(first + at);
      // The scan told of it; what the store has in its place stands.
      if (bytes === undefined) continue;
      const entry = { bytes, id: idOf(bytes) };
      if (this.#parted !== undefined) return this.#tell({ entry, event });
      if (bytes.equals(event.bytes)) this.#compared++;
      else this.#parted = { index: first + at, entry, event };
    }
  }

  /** Ends the comparison at the end of the log; answers how many events of the store are not in the log yet. */
  async finish(): Promise<number> {
    if (this.#parted !== undefined && !this.#isOver)
      this.#tell({ entry: undefined, event: await this.#next() });
    let unsealed = 0;
    if (!this.#isOver) while ((await this.#next()) !== undefined) unsealed++;
    return unsealed;
  }

  async #next(): Promise<Side | undefined> {
    try {
      const { done, value } = await this.events.next();
      return done ? undefined : { bytes: Buffer.from(entryText(value)), id: value.id };
    } catch (error) {
      if (!(error instanceof PortError) || error.kind !== 'corrupt') throw error;
      this.findings.add('source-unreadable', `the event store is damaged: ${error.message}`);
      this.#isOver = true;
      return undefined;
    }
  }

  #ended(index: number): void {
    if (this.#parted !== undefined) this.#tell({ entry: undefined, event: undefined });
    else
      this.findings.add('event-missing', `the event store ends before entry ${index}, which was sealed`, {
        index,
      });
    this.#isOver = true;
  }

  /** Says what happened where they parted, by what comes next on both sides. */
  #tell(next: { readonly entry: Side | undefined; readonly event: Side | undefined }): void {
    this.#isOver = true;
    if (this.#parted === undefined) return;
    const { index, entry, event } = this.#parted;
    const name = `entry ${index} (${String(entry.id)})`;
    const isDropped = next.entry?.bytes.equals(event.bytes) === true;
    const isInserted = next.event?.bytes.equals(entry.bytes) === true;
    const add = (kind: Parameters<Findings['add']>[0], detail: string): void =>
      this.findings.add(kind, detail, { index });
    if (isDropped && isInserted)
      add('events-swapped', `${name} and the next one changed places in the event store`);
    else if (entry.id === event.id) add('event-rewritten', `${name} has other contents in the event store`);
    else if (isDropped) add('event-dropped', `${name} is not in the event store`);
    else if (isInserted)
      add(
        'event-inserted',
        `the event store has event ${String(event.id)} before ${name}, which was never sealed there`,
      );
    else add('event-differs', `where the log has ${name} the event store has event ${String(event.id)}`);
  }
}

function idOf(entry: Buffer): unknown {
  try {
    return (JSON.parse(entry.toString()) as { id?: unknown }).id;
  } catch {
    return undefined;
  }
}
