import { runRelay } from '@stamp-ledger/app';
import { type Position, type RecordedEvent, serde } from '@stamp-ledger/codec';
import { openKafkaPublisher } from '@stamp-ledger/kafka';
import type { StreamAppend } from '@stamp-ledger/ports';

const PAGE = 1_000;

/** Puts these events on the bus by the relay's own code, as if they had just been read from a log. */
export async function publishAll(
  brokers: readonly string[],
  appends: Iterable<StreamAppend>,
): Promise<{ readonly events: number; readonly last: Position }> {
  const publisher = await openKafkaPublisher({ brokers, clientId: 'bench-relay' });
  const done = new AbortController();
  let events = 0;
  let last: Position | undefined;
  async function* follow(): AsyncGenerator<readonly RecordedEvent[]> {
    for (const page of pagesOf(appends)) {
      events += page.length;
      last = page.at(-1)?.position;
      yield page;
    }
    done.abort();
  }
  try {
    await runRelay({
      publisher,
      serde,
      store: {
        follow,
        readStream: async ({ stream }) => {
          throw new Error(`the relay wanted to read ${stream}`);
        },
      },
      signal: done.signal,
      sleep: async () => undefined,
      onStatus: () => undefined,
      // Trying again would publish from the beginning, and count twice.
      onPortError: (error) => {
        throw error;
      },
    });
  } finally {
    await publisher.close();
  }
  if (last === undefined) throw new Error('there was nothing to publish');
  return { events, last };
}

function* pagesOf(appends: Iterable<StreamAppend>): Generator<readonly RecordedEvent[]> {
  let page: RecordedEvent[] = [];
  let place = 0;
  for (const { stream, expected, events } of appends) {
    const first = expected === 'no-stream' ? 0 : expected + 1;
    for (const [index, event] of events.entries())
      page.push({ ...event, stream, revision: first + index, position: positionAt(++place) });
    if (page.length < PAGE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

const positionAt = (place: number): Position => String(place).padStart(16, '0') as Position;
