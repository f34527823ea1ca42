import type { StreamName } from '@stamp-ledger/codec';
import type { EventId } from '@stamp-ledger/domain';
import { openEmbeddedEventStore } from '@stamp-ledger/embedded';
import type { StreamAppend } from '@stamp-ledger/ports';
import { PAYLOAD } from '../harness/payload.js';
import type { Appender } from './appender.js';

export const appendAt = (index: number): StreamAppend => ({
  stream: `stamp-P${index}` as StreamName,
  expected: 'no-stream',
  events: [
    {
      id: PAYLOAD.id(index) as EventId,
      type: PAYLOAD.type,
      data: PAYLOAD.data(index),
      metadata: PAYLOAD.metadata,
    },
  ],
});

/** The ledger's own log, without the ledger around it. */
export async function openOurs(directory: string): Promise<Appender> {
  const store = await openEmbeddedEventStore({ directory });
  return {
    append: async (index) => {
      const [result] = await store.append([appendAt(index)]);
      if (result?.kind !== 'appended') throw new Error('a conflict where there can be none');
    },
    close: () => store.close(),
  };
}
