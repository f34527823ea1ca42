import { setImmediate } from 'node:timers/promises';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { FromAnswerWorker, Storing, ToAnswerWorker } from './answer-protocol.js';
import { AnswerTable } from './idempotency-table.js';
import { KeyFilter } from './key-filter.js';

/** Keys read in one turn of the event loop. */
const FILTERED_KEYS = 5_000;

/** Stores answers for the thread that gives them, which must not wait for a disk. */
async function serve(port: MessagePort, directory: string): Promise<void> {
  const table = new AnswerTable(directory);
  let isClosed = false;
  const send = (message: FromAnswerWorker): void => port.postMessage(message);
  port.on('message', (message: ToAnswerWorker) => {
    switch (message.kind) {
      case 'store':
        send({ kind: 'stored', failure: failureOf(table, message.storing) });
        return;
      case 'close':
        isClosed = true;
        table.close();
        port.close();
    }
  });
  send({ kind: 'opened' });
  const filter = KeyFilter.for(table.count());
  // A key that is stored meanwhile is known to whoever has it stored.
  for (let after: string | undefined = ''; after !== undefined; ) {
    await setImmediate();
    if (isClosed) return;
    const page = table.keysAfter(after, FILTERED_KEYS);
    for (const key of page) filter.add(key);
    after = page.at(-1);
  }
  send({ kind: 'filter', words: filter.words });
}

function failureOf(table: AnswerTable, storing: Storing): string | undefined {
  try {
    table.store(storing);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : 'unknown error';
  }
}

if (parentPort !== null) await serve(parentPort, String(workerData.directory));
