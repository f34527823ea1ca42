import { LIMITS } from '@stamp-ledger/app';
import type { EventAnswer, LedgerClient } from '@stamp-ledger/client';
import { canonicalJson, type Position, type RecordedEvent } from '@stamp-ledger/codec';
import { UsageError } from '../exit-codes.js';
import { wiring } from '../wiring.js';

/** Every event as the ledger hands it out over HTTP. Canonical JSON of what was parsed is the bytes that were stored. */
export async function* eventsOfLedger(client: LedgerClient): AsyncGenerator<RecordedEvent, void, undefined> {
  for await (const event of client.events.follow({ stopAtHead: true })) yield recordedOf(event);
}

/** An event as the store has it, of one that came over HTTP. */
export const recordedOf = (event: EventAnswer): RecordedEvent => ({
  id: event.id as RecordedEvent['id'],
  type: event.type,
  data: canonicalJson(event.data),
  metadata: canonicalJson(event.metadata),
  stream: event.stream as RecordedEvent['stream'],
  revision: event.revision,
  position: event.position as Position,
});

/** An event store's own events, while it is open for them. */
export interface StoreEvents {
  readonly events: AsyncGenerator<RecordedEvent, void, undefined>;
  close(): Promise<void>;
}

/** Every event as it stands in the event store that the environment names, without the ledger in between. */
export async function openEventsOfStore(environment: NodeJS.ProcessEnv): Promise<StoreEvents> {
  const { openConfiguredEventStore } = await wiring();
  const opened = await openConfiguredEventStore(environment, { mustExist: true }).catch((error) => {
    if (error instanceof Error && error.name === 'ConfigurationError') throw new UsageError(error.message);
    throw error;
  });
  const { store } = opened;
  async function* events(): AsyncGenerator<RecordedEvent, void, undefined> {
    let after: Position | undefined;
    for (;;) {
      const page = await store.readAll({ limit: LIMITS.readEvents, ...(after && { after }) });
      yield* page;
      after = page.at(-1)?.position;
      if (page.length < LIMITS.readEvents) return;
    }
  }
  return { events: events(), close: () => opened.close() };
}
