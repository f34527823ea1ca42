import { setImmediate } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import { readThrough } from '@stamp-ledger/app/project';
import { serde } from '@stamp-ledger/codec';
import { openEmbeddedBuild, openEmbeddedLogReader } from '@stamp-ledger/embedded';
import { LIMITS, PortError } from '@stamp-ledger/ports';
import { serveThread } from '../serve-thread.js';
import { sleep } from '../sleep.js';
import { type BuildWorkerData, type FromBuildWorker, sentError, type ToBuildWorker } from './messages.js';

/** Fills one file of a generation from the log, up to where that ends when it gets there. */
async function build(port: MessagePort, { logDirectory, file, part }: BuildWorkerData): Promise<void> {
  const stopping = new AbortController();
  const send = (message: FromBuildWorker): void => port.postMessage(message);
  port.on('message', (_: ToBuildWorker) => stopping.abort());
  const reader = openEmbeddedLogReader({ directory: logDirectory });
  const store = openEmbeddedBuild({ file, part });
  let halted: string | undefined;
  try {
    await readThrough({
      read: async (request) => {
        // Messages come in between two pages.
        await setImmediate();
        return reader.readAll(request);
      },
      readStream: async (request) => reader.readStream(request),
      decode: serde.decode,
      store,
      names: part,
      pageEvents: LIMITS.projectionEvents,
      signal: stopping.signal,
      onStatus: (statuses) => {
        const fault = statuses.find((status) => status.halted !== undefined);
        if (fault !== undefined) halted ??= `${fault.projection} halted: ${fault.halted}`;
        send({ kind: 'status', statuses });
      },
      sleep,
    });
    if (halted !== undefined) throw new PortError('corrupt', halted);
    if (stopping.signal.aborted) throw new PortError('unavailable', 'the read models were closed');
    await store.finish();
    send({ kind: 'finished' });
  } finally {
    await store.close();
    reader.close();
  }
}

serveThread(build, (error): FromBuildWorker => ({ kind: 'failed', error: sentError(error) }));
