import type { StreamName } from '@stamp-ledger/codec';
import { openEmbeddedLogReader } from '@stamp-ledger/embedded';
import { eventually } from '../../support/eventually.js';

const FULFIL_MILLISECONDS = 600_000;
/** Placed, paid, fulfilled. */
const FULFILLED_REVISION = 2;

/** Resolves when all of these orders are fulfilled. Watched in the log itself, beside the server: asking it would be load. */
export async function allFulfilled(directory: string, streams: readonly StreamName[]): Promise<void> {
  const waiting = [...streams];
  const reader = openEmbeddedLogReader({ directory });
  try {
    await eventually(
      async () => {
        for (let last = waiting.at(-1); last !== undefined; last = waiting.at(-1)) {
          const head = reader.streamHead(last);
          if (head === 'no-stream' || head < FULFILLED_REVISION) return false;
          waiting.pop();
        }
        return true;
      },
      { what: 'the fulfilment of every order', milliseconds: FULFIL_MILLISECONDS },
    );
  } finally {
    reader.close();
  }
}
