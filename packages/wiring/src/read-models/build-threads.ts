import { Worker } from 'node:worker_threads';
import { READ_MODEL_PARTS, type ReadModelPart } from '@stamp-ledger/embedded';
import { PortError } from '@stamp-ledger/ports';
import type { BuildWorkerData, FromBuildWorker, ProjectionWorkerData, ToBuildWorker } from './messages.js';

/**
 * Three times what the live thread has: the pages and held rows of a rebuild live long enough to be moved otherwise.
 * For some 30 MB more a thread while it runs.
 */
const YOUNG_GENERATION_MEBIBYTES = 96;

interface BuildOptions extends ProjectionWorkerData {
  readonly signal: AbortSignal;
  /** Told how many events every read model has seen. */
  readonly onEvents: (events: number) => void;
}

/**
 * Builds the files of a generation from the log, each on a thread of its own. Rejects with a PortError when one of them
 * fails or `signal` aborts; no thread is left then.
 */
export async function buildGeneration({ signal, onEvents, ...data }: BuildOptions): Promise<void> {
  const failing = new AbortController();
  const stop = AbortSignal.any([signal, failing.signal]);
  const events = READ_MODEL_PARTS.map(() => 0);
  const failures: unknown[] = [];
  const builds = READ_MODEL_PARTS.map(async (part, index) => {
    const onProgress = (seen: number): void => {
      events[index] = seen;
      onEvents(Math.min(...events));
    };
    try {
      await buildPart({ ...data, part }, { signal: stop, onProgress });
    } catch (error) {
      failures.push(error);
      failing.abort();
    }
  });
  await Promise.all(builds);
  // What failed first made the others stop.
  if (failures.length > 0) throw failures[0];
}

async function buildPart(
  data: ProjectionWorkerData & { readonly part: ReadModelPart },
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (events: number) => void },
): Promise<void> {
  const workerData: BuildWorkerData = data;
  const worker = new Worker(new URL('./build-worker.js', import.meta.url), {
    workerData,
    // No loaders or debuggers of the process: the thread runs these packages alone.
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MEBIBYTES },
  });
  const stop = (): void => worker.postMessage({ kind: 'stop' } satisfies ToBuildWorker);
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  let failure: PortError | undefined = new PortError('corrupt', 'a thread of the rebuild ended by itself');
  worker.on('message', (message: FromBuildWorker) => {
    switch (message.kind) {
      case 'status':
        onProgress(Math.min(...message.statuses.map(({ events }) => events)));
        return;
      case 'finished':
        failure = undefined;
        return;
      case 'failed':
        failure = new PortError(message.error.kind, message.error.message);
    }
  });
  worker.on('error', (error: Error) => {
    failure = new PortError('corrupt', `a thread of the rebuild failed: ${error.name}`);
  });
  // Not `once` of node:events: that rejects with the error of a thread that has not ended yet.
  await new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  signal.removeEventListener('abort', stop);
  if (failure !== undefined) throw failure;
}
