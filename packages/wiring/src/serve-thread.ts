import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { yieldToRequests } from './background.js';

/**
 * Runs what a background thread is there for with what it was given, and tells the thread that started it when that fails;
 * then the thread ends. Nothing, where this is no thread of its own.
 */
export function serveThread<Data>(
  serve: (port: MessagePort, data: Data) => Promise<void>,
  failed: (error: unknown) => object,
): void {
  const port = parentPort;
  if (port === null) return;
  yieldToRequests();
  serve(port, workerData)
    .catch((error: unknown) => port.postMessage(failed(error)))
    .finally(() => port.close());
}
