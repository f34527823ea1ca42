import type { MessagePort } from 'node:worker_threads';
import { runProjections } from '@stamp-ledger/app/project';
import { serde } from '@stamp-ledger/codec';
import { openEmbeddedLogReader, openEmbeddedProjectionStore } from '@stamp-ledger/embedded';
import { LogEnd } from '../log-end.js';
import { serveThread } from '../serve-thread.js';
import { sleep } from '../sleep.js';
import {
  type FromProjectionWorker,
  type ProjectionWorkerData,
  sentError,
  type ToProjectionWorker,
} from './messages.js';
import { pacedRead } from './paced-read.js';

/** Follows the embedded log and keeps one file of read models up with it, until told to stop. */
async function serve(port: MessagePort, { logDirectory, file }: ProjectionWorkerData): Promise<void> {
  const stopping = new AbortController();
  const log = new LogEnd();
  const send = (message: FromProjectionWorker): void => port.postMessage(message);
  const stopped = new Promise<void>((resolve) => {
    port.on('message', (message: ToProjectionWorker) => {
      switch (message.kind) {
        case 'wake':
          log.grown(message.head);
          return;
        case 'stop':
          stopping.abort();
          resolve();
      }
    });
  });
  const reader = openEmbeddedLogReader({ directory: logDirectory });
  const store = openEmbeddedProjectionStore({ file });
  try {
    await runProjections({
      read: pacedRead((request) => reader.readAll(request), stopping.signal),
      readStream: async (request) => reader.readStream(request),
      decode: serde.decode,
      store,
      signal: stopping.signal,
      onStatus: (statuses) => send({ kind: 'status', statuses }),
      waitForMore: (after, signal) => log.after(after, signal),
      sleep,
    });
    // When all projections have halted, the thread stays for their status to be asked for.
    await stopped;
  } finally {
    await store.close();
    reader.close();
  }
}

serveThread(serve, (error): FromProjectionWorker => ({ kind: 'failed', error: sentError(error) }));
