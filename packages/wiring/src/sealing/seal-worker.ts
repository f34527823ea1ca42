import { setImmediate } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import { runSealer } from '@stamp-ledger/app/seal';
import { openCheckpointLock, openEmbeddedLogReader, openTileFiles } from '@stamp-ledger/embedded';
import { LogEnd } from '../log-end.js';
import { serveThread } from '../serve-thread.js';
import { sleep } from '../sleep.js';
import { openCosigning } from './cosigning.js';
import { logIdentity } from './log-keys.js';
import type { FromSealWorker, SealWorkerData, ToSealWorker } from './messages.js';

/** Seals the embedded log beside the thread that writes it, until told to stop. */
async function serve(
  port: MessagePort,
  { logDirectory, places, origin, witnesses }: SealWorkerData,
): Promise<void> {
  const stopping = new AbortController();
  const log = new LogEnd();
  const send = (message: FromSealWorker): void => port.postMessage(message);
  port.on('message', (message: ToSealWorker) => {
    switch (message.kind) {
      case 'wake':
        log.grown(message.head);
        return;
      case 'stop':
        stopping.abort();
    }
  });
  const identity = await logIdentity({ directory: places.keys, origin, logExists: true });
  const lock = await openCheckpointLock({ directory: places.lock });
  const reader = openEmbeddedLogReader({ directory: logDirectory });
  const cosigning = await openCosigning({
    settings: witnesses,
    tiles: openTileFiles({ directory: places.tiles }),
    signal: stopping.signal,
    onTrouble: (reason) => send({ kind: 'not-cosigned', reason }),
  });
  try {
    await runSealer({
      store: {
        // One turn of the event loop a page: messages come in even while there is much to do.
        readEntries: (request) => setImmediate(undefined).then(() => reader.readEntries(request)),
        readAll: async (request) => reader.readAll(request),
        readStream: async (request) => reader.readStream(request),
      },
      tiles: cosigning.tiles,
      lock,
      identity,
      signal: cosigning.signal,
      sleep,
      monotonicMilliseconds: () => performance.now(),
      waitForMore: (after, signal) => log.after(after, signal),
      onStatus: (status) => send({ kind: 'status', status }),
      onPortError: ({ message }) => send({ kind: 'waits', reason: message }),
    });
  } finally {
    try {
      await cosigning.end();
    } finally {
      reader.close();
      lock.close();
    }
  }
}

serveThread(
  serve,
  (error): FromSealWorker => ({
    kind: 'failed',
    reason: error instanceof Error ? error.message : 'unknown error',
  }),
);
