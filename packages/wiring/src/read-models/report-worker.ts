import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { openEmbeddedQueries } from '@stamp-ledger/embedded';
import { PortError, type ReadModelQueries } from '@stamp-ledger/ports';
import { yieldToRequests } from '../background.js';
import type {
  FromReportWorker,
  ReportName,
  ReportWorkerData,
  SentError,
  ToReportWorker,
} from './messages.js';

/** Answers reports one at a time, in the order in which they were asked for. */
function serve(port: MessagePort, { file }: ReportWorkerData): void {
  const queries = openEmbeddedQueries({ file });
  let last: Promise<void> = Promise.resolve();
  port.on('message', (message: ToReportWorker) => {
    switch (message.kind) {
      case 'report':
        last = last.then(async () => port.postMessage(await answer(queries, message)));
        return;
      case 'stop':
        last.then(async () => {
          await queries.close();
          port.close();
        });
    }
  });
}

async function answer(
  queries: ReadModelQueries,
  { id, name, request }: Extract<ToReportWorker, { readonly kind: 'report' }>,
): Promise<FromReportWorker> {
  try {
    return { kind: 'answer', id, answer: await report(queries, name, request) };
  } catch (error) {
    return { kind: 'refused', id, error: sent(error) };
  }
}

/** The request was typed where it was sent; a message carries no types. */
function report(queries: ReadModelQueries, name: ReportName, request: readonly unknown[]): Promise<unknown> {
  const call: (...request: readonly never[]) => Promise<unknown> = queries[name];
  return call(...(request as readonly never[]));
}

const sent = (error: unknown): SentError =>
  error instanceof PortError
    ? { kind: error.kind, message: error.message }
    : { kind: 'corrupt', message: error instanceof Error ? error.message : 'unknown error' };

if (parentPort !== null) {
  yieldToRequests();
  serve(parentPort, workerData);
}
