import { setTimeout as sleep } from 'node:timers/promises';
import { runRelay } from '@stamp-ledger/app';
import { type Position, type RecordedEvent, serde } from '@stamp-ledger/codec';
import { openKafkaPublisher } from '@stamp-ledger/kafka';
import type { StreamAppend } from '@stamp-ledger/ports';

const PAGE = 1_000;
const FAILURES_MAX = 10;

/**
 * Puts these events on the bus by the relay's own code, as if they had just been read from a log. `appends` gives them
 * from the first one whenever it is asked: a relay that loses its turn goes on after the last mark.
 */
export async function publishAll(
  brokers: readonly string[],
  appends: () => Iterable<StreamAppend>,
): Promise<{ readonly events: number; readonly last: Position }> {
  const publisher = await openKafkaPublisher({ brokers, clientId: 'bench-relay' });
  const done = new AbortController();
  let last: Position | undefined;
  async function* follow({ after }: { readonly after?: Position }): AsyncGenerator<readonly RecordedEvent[]> {
    for (const page of pagesOf(appends())) {
      last = page.at(-1)?.position;
      if (after === undefined || last === undefined || last > after) yield page;
    }
    done.abort();
  }
  let failures = 0;
  try {
    await runRelay({
      publisher,
      serde,
      store: {
        follow,
        readAll: async () => [],
        readStream: async ({ stream }) => {
          throw new Error(`the relay wanted to read ${stream}`);
        },
      },
      signal: done.signal,
      sleep: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }),
      onStatus: () => undefined,
      onAlive: () => undefined,
      onProgress: () => undefined,
      onPortError: (error) => {
        if (++failures > FAILURES_MAX) throw error;
      },
    });
  } finally {
    await publisher.close();
  }
  if (last === undefined) throw new Error('there was nothing to publish');
  return { events: Number(last), last };
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

/** Counted from 1: the last one is also how many there are. */
const positionAt = (place: number): Position => String(place).padStart(16, '0') as Position;
