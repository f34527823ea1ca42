import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  canonicalJson,
  deriveEventId,
  type EncodedEvent,
  type Position,
  type RecordedEvent,
  type StreamName,
} from '@stamp-ledger/codec';
import type { CommandId } from '@stamp-ledger/domain';
import type { AppendResult, EventStore, ExpectedRevision, StreamAppend } from '@stamp-ledger/ports';

/** An event store with the means to restart it. */
export interface StoreUnderTest {
  readonly store: EventStore;
  /** Closes the store and opens it again on the same data. */
  reopen(): Promise<EventStore>;
  /** Opens what the store would have left if its process had been killed at this moment. */
  readonly crash?: () => Promise<EventStore>;
  /** Closes the store and removes its data. */
  destroy(): Promise<void>;
}

/** What a case works with. Streams are its own and positions count from `start`, so the log need not be empty. */
export interface Bench {
  readonly store: EventStore;
  readonly underTest: StoreUnderTest;
  /** Head of the log when the case began. */
  readonly start: Position | undefined;
  stream(name: string): StreamName;
}

export interface BenchCase {
  readonly name: string;
  run(bench: Bench): Promise<void>;
}

export async function setUp(underTest: StoreUnderTest): Promise<Bench> {
  const run = randomBytes(8).toString('hex').toUpperCase();
  return {
    store: underTest.store,
    underTest,
    start: await underTest.store.head(),
    stream: (name) => `stamp-${run}${name}` as StreamName,
  };
}

/** An event named by its label: the same label, the same id. */
export const event = (label: string | number, data: unknown = { label: String(label) }): EncodedEvent => ({
  id: deriveEventId('contract' as CommandId, String(label), 0),
  type: 'StampMinted',
  data: canonicalJson(data),
  metadata: canonicalJson({ actor: 'contract', schemaVersion: 1 }),
});

export const appendOf = (
  stream: StreamName,
  expected: ExpectedRevision,
  first: EncodedEvent,
  ...more: EncodedEvent[]
): StreamAppend => ({ stream, expected, events: [first, ...more] });

/** Appends to one stream, which must be accepted. */
export async function appendTo(
  store: EventStore,
  ...append: Parameters<typeof appendOf>
): Promise<Extract<AppendResult, { kind: 'appended' }>> {
  const [result] = await store.append([appendOf(...append)]);
  return accepted(result);
}

export function accepted(result: AppendResult | undefined): Extract<AppendResult, { kind: 'appended' }> {
  if (result?.kind !== 'appended') assert.fail(`expected an accepted append, not ${JSON.stringify(result)}`);
  return result;
}

/** Answers as to a repeat: the same places, and no claim that the bytes are those of the repeat. */
export const asRepeat = (answers: readonly AppendResult[]): AppendResult[] =>
  answers.map((answer) => (answer.kind === 'appended' ? { ...answer, written: false } : answer));

export const conflict = (actual: ExpectedRevision): AppendResult => ({ kind: 'version-conflict', actual });

/** All events of the log after a position, page by page. */
export async function readAfter(
  store: EventStore,
  after: Position | undefined,
  limit = 100,
): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  let position = after;
  for (;;) {
    const page = await store.readAll(pageAfter(position, limit));
    const last = page.at(-1);
    if (last === undefined) return events;
    assert.ok(page.length <= limit, 'a page is not longer than its limit');
    events.push(...page);
    position = last.position;
  }
}

export const pageAfter = (
  after: Position | undefined,
  limit: number,
): { readonly after?: Position; readonly limit: number } =>
  after === undefined ? { limit } : { after, limit };

export const labelsOf = (events: readonly RecordedEvent[]): string[] =>
  events.map(({ data }) => String(JSON.parse(data).label));

export const revisionsOf = (events: readonly RecordedEvent[]): number[] =>
  events.map(({ revision }) => revision);

/** Asserts that positions grow, as text. */
export function assertOrdered(events: readonly RecordedEvent[]): void {
  for (const [index, { position }] of events.entries()) {
    const before = events[index - 1];
    assert.ok(before === undefined || before.position < position, 'a later event has a greater position');
  }
}

export const range = (length: number): number[] => Array.from({ length }, (_, index) => index);

/** Collects followed events until there are `count`, then ends the following. */
export async function followed(
  store: EventStore,
  {
    after,
    count,
    limit = 7,
  }: { readonly after: Position | undefined; readonly count: number; readonly limit?: number },
): Promise<RecordedEvent[]> {
  const stop = new AbortController();
  const events: RecordedEvent[] = [];
  for await (const page of store.follow({ ...pageAfter(after, limit), signal: stop.signal })) {
    assert.ok(page.length > 0 && page.length <= limit, 'a followed page has 1 to `limit` events');
    events.push(...page);
    if (events.length >= count) stop.abort();
  }
  return events;
}
