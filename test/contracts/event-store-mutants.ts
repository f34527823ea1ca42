import type { EncodedEvent, Position, RecordedEvent } from '@stamp-ledger/codec';
import type { AppendResult, EventStore, StreamAppend } from '@stamp-ledger/ports';

/** The store with some of its methods spoilt. */
function spoil(store: EventStore, spoilt: Partial<EventStore>): EventStore {
  const honest: EventStore = {
    append: (appends) => store.append(appends),
    readStream: (request) => store.readStream(request),
    readAll: (request) => store.readAll(request),
    head: () => store.head(),
    last: () => store.last(),
    follow: (request) => store.follow(request),
    streamChanged: (request) => store.streamChanged(request),
    close: () => store.close(),
  };
  return { ...honest, ...spoilt };
}

type EachAppend = (append: StreamAppend, store: EventStore) => Promise<AppendResult | undefined>;
/** Spoils appending, one stream append after the other. */
const spoilAppend = (each: EachAppend) => (store: EventStore) =>
  spoil(store, {
    async append(appends) {
      const results: AppendResult[] = [];
      for (const append of appends) {
        const result = await each(append, store);
        if (result !== undefined) results.push(result);
      }
      return appends.length === 0 ? store.append(appends) : results;
    },
  });

/** Spoils whatever is read. */
const spoilPages =
  (change: (events: readonly RecordedEvent[]) => readonly RecordedEvent[]) => (store: EventStore) =>
    spoil(store, {
      readAll: async (request) => change(await store.readAll(request)),
      async readStream(request) {
        const page = await store.readStream(request);
        return { ...page, events: change(page.events) };
      },
    });

const expectHead: EachAppend = async (append, store) => {
  const { head } = await store.readStream({ stream: append.stream, limit: 1 });
  if (head !== append.expected) return { kind: 'version-conflict', actual: head };
  return (await store.append([append]))[0];
};

/** By default long enough for a commit in between. */
const pause = (milliseconds = 10): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Defects, each with the case that must show it. */
export const EVENT_STORE_MUTANTS: Record<
  string,
  readonly [shownBy: string, wrap: (store: EventStore) => EventStore]
> = {
  'accepts a wrong revision': [
    'a wrong expected revision',
    spoilAppend(async (append, store) => {
      const [result] = await store.append([append]);
      return result?.kind === 'version-conflict'
        ? (await store.append([{ ...append, expected: result.actual }]))[0]
        : result;
    }),
  ],
  'hides the actual revision of a conflict': [
    'a wrong expected revision',
    spoilAppend(async (append, store) => {
      const [result] = await store.append([append]);
      return result?.kind === 'version-conflict' ? { ...result, actual: 'no-stream' } : result;
    }),
  ],
  'answers with the position of the first event': [
    'answers with the revision and position',
    spoilAppend(async (append, store) => {
      const [result] = await store.append([append]);
      if (result?.kind !== 'appended') return result;
      const first = Number(result.position) - append.events.length + 1;
      return { ...result, position: String(first).padStart(16, '0') as Position };
    }),
  ],
  'does not recognise a repeat': ['the same ids after the same revision', spoilAppend(expectHead)],
  'writes a repeat again': [
    'a repeat is recognised',
    spoilAppend(async (append, store) => {
      const { head } = await store.readStream({ stream: append.stream, limit: 1 });
      const fresh = { ...append, expected: head };
      const [result] = await store.append([append]);
      return result?.kind === 'appended' && head !== append.expected
        ? (await store.append([fresh]))[0]
        : result;
    }),
  ],
  'claims to have written what it found': [
    'a repeat with other content',
    spoilAppend(async (append, store) => {
      const [result] = await store.append([append]);
      return result?.kind === 'appended' ? { ...result, written: true } : result;
    }),
  ],
  'recognises repeats only until a restart': [
    'a repeat after a restart',
    (store) => {
      const known = new Set<string>();
      return spoilAppend(async (append, inner) => {
        const name = `${append.stream} ${append.expected} ${append.events.map(({ id }) => id).join()}`;
        const result = known.has(name) ? (await inner.append([append]))[0] : await expectHead(append, inner);
        known.add(name);
        return result;
      })(store);
    },
  ],
  'takes a partly repeated append for a conflict': [
    'some of the ids only',
    spoilAppend(async (append, store) =>
      store.append([append]).then(
        ([result]) => result,
        () => ({ kind: 'version-conflict', actual: 0 }),
      ),
    ),
  ],
  'writes an id only once': [
    'at the current head ids are not looked at',
    spoilAppend(async (append, store) => {
      const { events } = await store.readStream({ stream: append.stream, limit: 100 });
      const repeated = events.find(({ id }) => id === append.events[0].id);
      return repeated === undefined
        ? (await store.append([append]))[0]
        : { kind: 'appended', revision: repeated.revision, position: repeated.position, written: false };
    }),
  ],
  'appends the events of a stream one by one': [
    'everything acknowledged outlives a crash',
    spoilAppend(async (append, store) => {
      let result: AppendResult | undefined;
      let { expected } = append;
      for (const event of append.events as readonly EncodedEvent[]) {
        [result] = await store.append([{ ...append, expected, events: [event] }]);
        if (result?.kind !== 'appended') return result;
        expected = result.revision;
        // Each append takes its own time, so that at any moment some are half done.
        await pause(5 + ((Number(result.position) * 7) % 20));
      }
      return result;
    }),
  ],
  'stops a call at its first conflict': [
    'the streams of one call are independent',
    (store) =>
      spoil(store, {
        async append(appends) {
          const results: AppendResult[] = [];
          for (const append of appends) {
            const [result] = await store.append([append]);
            if (result !== undefined) results.push(result);
            if (result?.kind === 'version-conflict') break;
          }
          return results;
        },
      }),
  ],
  'skips an event': [
    'reading all is total',
    spoilPages((events) => events.filter(({ position }) => Number(position) % 7 !== 3)),
  ],
  'skips an event at a page end': [
    'following begins after any position',
    (store) =>
      spoil(store, {
        async readAll(request) {
          const events = await store.readAll(request);
          return events.length > 1 && events.length === request.limit
            ? events.slice(0, -1).concat([])
            : events;
        },
        async *follow(request) {
          for await (const events of store.follow(request))
            yield events.length === request.limit && events.length > 1 ? events.slice(0, -1) : events;
        },
      }),
  ],
  'delivers an event twice': [
    'following delivers live events once',
    (store) =>
      spoil(store, {
        async *follow(request) {
          let count = 0;
          for await (const events of store.follow(request)) {
            yield events;
            if (++count === 3) yield events.slice(-1);
          }
        },
      }),
  ],
  'begins a page with the event that it should come after': [
    'reading all is total',
    (store) =>
      spoil(store, {
        async readAll({ after, limit }) {
          const before = after === undefined ? 0 : Number(after) - 1;
          return store.readAll({ limit, after: String(Math.max(0, before)).padStart(16, '0') as Position });
        },
      }),
  ],
  'orders events by stream': [
    'reading all is total',
    spoilPages((events) =>
      events.toSorted((one, other) => (one.stream < other.stream ? -1 : one.stream > other.stream ? 1 : 0)),
    ),
  ],
  'normalises text': [
    'the bytes read are the bytes appended',
    spoilPages((events) => events.map((event) => ({ ...event, data: event.data.normalize('NFC') }))),
  ],
  'drops control characters': [
    'the bytes read are the bytes appended',
    spoilPages((events) =>
      events.map((event) => ({ ...event, metadata: event.metadata.replaceAll('\\u0000', '') })),
    ),
  ],
  'tells the end of the page for the head of the stream': [
    'a stream is read page by page',
    (store) =>
      spoil(store, {
        async readStream(request) {
          const page = await store.readStream(request);
          return { ...page, head: page.events.at(-1)?.revision ?? page.head };
        },
      }),
  ],
  'ignores where a page starts': [
    'a stream is read page by page',
    (store) => spoil(store, { readStream: ({ stream, limit }) => store.readStream({ stream, limit }) }),
  ],
  'looks for a change only after it began to wait': [
    'streamChanged loses no wake-up',
    (store) =>
      spoil(store, {
        async streamChanged({ stream, signal }) {
          await pause();
          const { head } = await store.readStream({ stream, limit: 1 });
          await store.streamChanged({ stream, after: head, signal });
        },
      }),
  ],
  'wakes for any stream': [
    'streamChanged waits for its own stream',
    (store) =>
      spoil(store, {
        async streamChanged({ signal }) {
          const head = await store.head();
          const { limit, ...after } = { limit: 1, ...(head === undefined ? {} : { after: head }) };
          for await (const _ of store.follow({ ...after, limit, signal })) return;
        },
      }),
  ],
  'misses what is committed while a page is handled': [
    'following delivers live events once',
    (store) =>
      spoil(store, {
        async *follow(request) {
          let { after } = request;
          while (!request.signal.aborted) {
            const events = await store.readAll({ ...request, ...(after === undefined ? {} : { after }) });
            if (events.length > 0) yield events;
            after = (await store.head()) ?? after;
            if (events.length === 0) await turn();
          }
        },
      }),
  ],
  'ends following at the end of the log': [
    'following ends when it is aborted, and only then',
    (store) =>
      spoil(store, {
        async *follow({ after, limit }) {
          yield await store.readAll({ limit, ...(after === undefined ? {} : { after }) });
        },
      }),
  ],
  'goes on after closing': [
    'closing writes what was handed over',
    (store) => spoil(store, { close: async () => {} }),
  ],
};
