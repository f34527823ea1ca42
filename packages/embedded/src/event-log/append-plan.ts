import type Database from 'better-sqlite3';
import { LIMIT } from '../limit.js';
import { type Call, NO_STREAM, type Refusal } from './writer-protocol.js';

/** Events to be written next to each other. */
export interface Write {
  readonly stream: string;
  /** Revision and place of the first of them. */
  readonly revision: number;
  readonly place: number;
  /** Index of the first of them in the call's batch, and their number. */
  readonly event: number;
  readonly count: number;
}

/** What a call comes to: what to write and what to answer, or why nothing of it may be written. */
export type Plan =
  | { readonly kind: 'accepted'; readonly writes: readonly Write[]; readonly answer: readonly number[] }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

type Stored = readonly [id: string, place: number];
/** Last revision and its place in one stream. */
type Head = readonly [revision: number, place: number];
const ABSENT: Head = [NO_STREAM, 0];

/** Decides appends against what is stored, before anything is written. */
export class AppendPlanner {
  readonly #head: Database.Statement<[string], Head>;
  readonly #after: Database.Statement<[string, number, number], Stored>;

  constructor(db: Database.Database) {
    this.#head = db
      .prepare<[string], Head>(
        'SELECT revision, position FROM event WHERE stream = ? ORDER BY revision DESC LIMIT 1',
      )
      .raw();
    this.#after = db
      .prepare<[string, number, number], Stored>(
        `SELECT id, position FROM event WHERE stream = ? AND revision > ? ORDER BY revision ${LIMIT}`,
      )
      .raw();
  }

  /** `place` is where the call's first new event would go. A later append of the call sees the earlier ones. */
  plan(call: Call, place: number): Plan {
    const { batch } = call;
    const writes: Write[] = [];
    const answer: number[] = [];
    const own = new Map<string, Write[]>();
    let event = call.firstEvent;
    for (let append = call.firstAppend; append < call.firstAppend + call.appends; append++) {
      const stream = batch.streams[append] ?? '';
      const expected = batch.expected[append] ?? NO_STREAM;
      const count = batch.eventsOfAppend[append] ?? 0;
      const ownWrites = own.get(stream);
      const [revision] = headOf(ownWrites) ?? this.#head.get(stream) ?? ABSENT;
      if (expected === revision) {
        const write = { stream, revision: revision + 1, place, event, count };
        writes.push(write);
        if (ownWrites === undefined) own.set(stream, [write]);
        else ownWrites.push(write);
        place += count;
        answer.push(revision + count, place - 1);
      } else {
        const repeated =
          expected < revision ? this.#repeated(call, { stream, expected, event, count }, ownWrites) : 'other';
        if (repeated === 'partly') return { kind: 'refused', refusal: partlyRepeated(stream, expected) };
        if (repeated === 'other') answer.push(revision, 0);
        else answer.push(expected + count, -repeated);
      }
      event += count;
    }
    return { kind: 'accepted', writes, answer };
  }

  /** Place of the last event when the stream goes on after `expected` with exactly these ids. */
  #repeated(
    call: Call,
    { stream, expected, event, count }: { stream: string; expected: number; event: number; count: number },
    ownWrites: readonly Write[] | undefined,
  ): number | 'other' | 'partly' {
    const stored = this.#after.all(stream, expected, count);
    if (ownWrites !== undefined) stored.push(...ownEvents(call, ownWrites, expected + stored.length));
    let place = 0;
    for (let index = 0; index < count; index++) {
      const [id, storedPlace] = stored[index] ?? [];
      if (id !== call.batch.ids[event + index] || storedPlace === undefined)
        return index === 0 ? 'other' : 'partly';
      place = storedPlace;
    }
    return place;
  }
}

function headOf(writes: readonly Write[] | undefined): Head | undefined {
  const last = writes?.at(-1);
  return last === undefined ? undefined : [last.revision + last.count - 1, last.place + last.count - 1];
}

/** Events of the call's own writes to one stream after a revision, as if they were stored. */
function ownEvents({ batch }: Call, writes: readonly Write[], after: number): Stored[] {
  return writes
    .flatMap(({ revision, place, event, count }) =>
      Array.from({ length: count }, (_, index) => ({
        revision: revision + index,
        stored: [batch.ids[event + index] ?? '', place + index] as const,
      })),
    )
    .filter(({ revision }) => revision > after)
    .map(({ stored }) => stored);
}

const partlyRepeated = (stream: string, expected: number): Refusal => ({
  kind: 'corrupt',
  message: `only some of the events after revision ${expected} of ${stream} are the ones being appended`,
});
