import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import {
  type Digest,
  exportEvents,
  type ImportOutcome,
  type ImportRequest,
  importEvents,
  MoveFault,
  type MoveFaultKind,
} from '@stamp-ledger/app';
import {
  canonicalJson,
  type EncodedEvent,
  entryText,
  type Position,
  type StreamName,
} from '@stamp-ledger/codec';
import type { EventId } from '@stamp-ledger/domain';
import { openEmbeddedEventStore } from '@stamp-ledger/embedded';
import type { EventStore, StreamAppend } from '@stamp-ledger/ports';
import { leafHash } from '@stamp-ledger/transparency';
import { temporaryDirectory } from '../contracts/embedded-stores.js';

export const HEADER = '{"format":"stamp-ledger-export","version":1}';

/** Numbers from 0 to 1 that a seed names (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface OpenStore {
  readonly store: EventStore;
  readonly directory: string;
  destroy(): Promise<void>;
}

export async function emptyStore(): Promise<OpenStore> {
  const directory = await temporaryDirectory();
  const store = await openEmbeddedEventStore({ directory });
  return {
    store,
    directory,
    destroy: async () => {
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
}

const KINDS = ['stamp', 'order', 'batch', 'allocation', 'incident'];
/** Text that readers of lines, parsers and encoders stumble over. */
const TEXTS = ['plain', 'a "quoted" \\ line\nand another', 'ゆき 雪 🧾', '\u2028\u2029\u0085', '\ufeff', ''];

export const eventAt = (index: number, text = TEXTS[index % TEXTS.length] ?? ''): EncodedEvent => ({
  id: `00000000-0000-8000-8000-${index.toString(16).padStart(12, '0')}` as EventId,
  type: 'StampMinted',
  data: canonicalJson({ index, text, nested: { list: [true, null, -1], ü: 'z' } }),
  metadata: canonicalJson({ schemaVersion: 1, recordedAt: '2024-09-06T13:00:00.250Z', actor: text }),
});

/** Fills a store with events of many streams, now one in a stream, now several next to each other. */
export async function fill(store: EventStore, count: number, seed: number): Promise<void> {
  const random = seeded(seed);
  const heads = new Map<StreamName, number>();
  for (let index = 0; index < count; ) {
    const appends: StreamAppend[] = [];
    for (let append = 0; append < 20 && index < count; append++) {
      const number = Math.floor(random() * 40);
      const stream = `${KINDS[number % KINDS.length]}-${number}` as StreamName;
      const head = heads.get(stream);
      const size = Math.min(1 + Math.floor(random() * 4), count - index);
      const [first, ...more] = Array.from({ length: size }, (_, place) => eventAt(index + place));
      appends.push({ stream, expected: head ?? 'no-stream', events: [first!, ...more] });
      heads.set(stream, (head ?? -1) + size);
      index += size;
    }
    await store.append(appends);
  }
}

export function sha256(): Digest {
  const hash = createHash('sha256');
  return {
    update: (text) => {
      hash.update(text);
    },
    hex: () => hash.digest('hex'),
  };
}

export async function exported(store: EventStore): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of exportEvents({ store, digest: sha256() })) lines.push(line);
  return lines;
}

/** What an export of these entries would be. */
export const sealed = (entries: readonly string[]): string[] => [
  HEADER,
  ...entries,
  `{"events":${entries.length},"sha256":"${createHash('sha256')
    .update(entries.map((entry) => `${entry}\n`).join(''))
    .digest('hex')}"}`,
];

export async function* each<Item>(items: Iterable<Item>): AsyncGenerator<Item> {
  yield* items;
}

export const imported = (
  store: ImportRequest['store'],
  lines: readonly string[],
  options: Partial<ImportRequest> = {},
): Promise<ImportOutcome> =>
  importEvents({ store, lines: each(lines), digest: sha256(), inOrderAppends: true, ...options });

/** Everything that must survive a move, in global order. */
export async function contentsOf(store: EventStore): Promise<object[]> {
  const contents: object[] = [];
  let after: Position | undefined;
  for (;;) {
    const page = await store.readAll({ limit: 1_000, ...(after && { after }) });
    for (const { position: _, ...event } of page)
      contents.push({ ...event, leaf: leafHash(Buffer.from(entryText(event))).toString('hex') });
    after = page.at(-1)?.position;
    if (after === undefined) return contents;
  }
}

/** The kind and the line of the fault that something fails with. */
export async function faultOf(work: Promise<unknown>): Promise<readonly [MoveFaultKind, number]> {
  try {
    await work;
  } catch (error) {
    if (error instanceof MoveFault) return [error.kind, error.line];
    throw error;
  }
  throw new Error('there was no fault');
}
