import { entryText, type Position, type StreamName } from '@stamp-ledger/codec';
import type { EventStore, ExpectedRevision } from '@stamp-ledger/ports';
import { appendsOf, type ExportedAppend, outOfOrder } from './appends.js';
import { eventsOf } from './export-events.js';
import { MoveFault } from './fault.js';
import type { Digest } from './format.js';
import { MOVE_LIMITS } from './limits.js';
import { type ExportedEvent, readExport } from './read-export.js';

export interface ImportRequest {
  readonly store: Pick<EventStore, 'append' | 'readAll' | 'readStream'>;
  readonly lines: AsyncIterable<string>;
  readonly digest: Digest;
  /**
   * True when the store writes the appends of one call in the order of the call. Otherwise each append waits for the one
   * before it: the port promises an order no other way.
   */
  readonly inOrderAppends: boolean;
  readonly signal?: AbortSignal;
  /** Events that are in the target by now. */
  readonly onProgress?: (events: number) => void;
}

export interface ImportOutcome {
  /** `interrupted`: `signal` aborted; the same import goes on where this one ended. */
  readonly kind: 'complete' | 'interrupted';
  /** Events that the target had already. */
  readonly found: number;
  readonly appended: number;
}

/**
 * Puts the events of an export into a store: same ids, revisions, bytes and global order. What the target holds must be
 * what the export begins with; the import goes on behind it, so that it can be repeated after any failure, and changes
 * nothing once it was complete. Nobody else may write to the target meanwhile.
 *
 * Throws a {@link MoveFault} for what is wrong with the export or the target, and a PortError when the store fails. What
 * stood before the fault may be in the target by then.
 */
export async function importEvents(request: ImportRequest): Promise<ImportOutcome> {
  const { store, lines, digest, signal, onProgress } = request;
  const exported = readExport({ lines, digest });
  let found = 0;
  let appended = 0;
  let last: Position | undefined;
  const outcome = (kind: ImportOutcome['kind']): ImportOutcome => ({ kind, found, appended });
  try {
    for await (const event of eventsOf(store)) {
      if (signal?.aborted === true) return outcome('interrupted');
      const { value, done } = await exported.next();
      requireSame(entryText(event), done === true ? undefined : value, found + 2);
      last = event.position;
      found += 1;
      onProgress?.(found);
    }
    const most = request.inOrderAppends ? MOVE_LIMITS.callEvents : 1;
    for await (const call of callsOf(appendsOf(exported), most)) {
      if (signal?.aborted === true) return outcome('interrupted');
      if (call.length > 1) await requireHeads(store, call);
      last = await write(store, call, last);
      appended += eventsIn(call);
      onProgress?.(found + appended);
    }
    return outcome('complete');
  } finally {
    await exported.return(undefined);
  }
}

function requireSame(held: string, event: ExportedEvent | undefined, line: number): void {
  if (event === undefined)
    throw new MoveFault('target-differs', line, 'the export ends here, and the target holds more events');
  if (event.text !== held)
    throw new MoveFault('target-differs', line, 'the target holds another event in this place');
}

/** Appends that go into one call: as many as come to `most` events, always one at least. */
export async function* callsOf(
  appends: AsyncIterable<ExportedAppend>,
  most: number,
): AsyncGenerator<readonly ExportedAppend[]> {
  let call: ExportedAppend[] = [];
  for await (const append of appends) {
    call.push(append);
    if (eventsIn(call) < most) continue;
    yield call;
    call = [];
  }
  if (call.length > 0) yield call;
}

const eventsIn = (call: readonly ExportedAppend[]): number =>
  call.reduce((sum, { events }) => sum + events.length, 0);

/**
 * Before several appends go out at once: when one of them cannot follow its stream, those behind it must not be written
 * in its place.
 */
async function requireHeads(
  store: Pick<EventStore, 'readStream'>,
  call: readonly ExportedAppend[],
): Promise<void> {
  const heads = new Map<StreamName, ExpectedRevision>();
  for (const { stream, expected, line, last } of call) {
    const revision = firstRevision(expected);
    const head = heads.get(stream) ?? (await store.readStream({ stream, from: revision, limit: 1 })).head;
    if (head !== expected) throw outOfOrder({ line, stream, revision, head });
    heads.set(stream, last);
  }
}

/** Position of the last event. One that is no later than what came before was not written now: the export holds it twice. */
async function write(
  store: Pick<EventStore, 'append'>,
  call: readonly ExportedAppend[],
  before: Position | undefined,
): Promise<Position | undefined> {
  let last = before;
  const results = await store.append(call);
  for (const [index, { line, stream, expected }] of call.entries()) {
    const result = results[index];
    const revision = firstRevision(expected);
    if (result?.kind !== 'appended')
      throw outOfOrder({ line, stream, revision, head: result?.actual ?? 'no-stream' });
    if (last !== undefined && result.position <= last)
      throw outOfOrder({ line, stream, revision, head: result.revision });
    last = result.position;
  }
  return last;
}

const firstRevision = (expected: ExpectedRevision): number => (expected === 'no-stream' ? 0 : expected + 1);
