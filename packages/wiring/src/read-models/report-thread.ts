import { Worker } from 'node:worker_threads';
import { LIMITS, PortError } from '@stamp-ledger/ports';
import type { FromReportWorker, ReportName, Reports, ReportWorkerData, ToReportWorker } from './messages.js';

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: PortError) => void;
}

/** Reports worked out by a thread of its own, so that they hold up nothing else. */
export class ReportThread implements Reports {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #next = 0;
  #gone: PortError | undefined;

  constructor(data: ReportWorkerData) {
    this.#worker = new Worker(new URL('./report-worker.js', import.meta.url), {
      workerData: data,
      execArgv: [],
    });
    this.#worker.on('message', (message: FromReportWorker) => this.#received(message));
    this.#worker.on('error', (error: Error) => this.#end(`the report thread failed: ${error.name}`));
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#end('the report thread has ended');
        resolve();
      });
    });
  }

  inventory(...request: Parameters<Reports['inventory']>): ReturnType<Reports['inventory']> {
    return this.#ask('inventory', request) as ReturnType<Reports['inventory']>;
  }

  conservation(...request: Parameters<Reports['conservation']>): ReturnType<Reports['conservation']> {
    return this.#ask('conservation', request) as ReturnType<Reports['conservation']>;
  }

  findEvents(...request: Parameters<Reports['findEvents']>): ReturnType<Reports['findEvents']> {
    return this.#ask('findEvents', request) as ReturnType<Reports['findEvents']>;
  }

  unfulfilled(...request: Parameters<Reports['unfulfilled']>): ReturnType<Reports['unfulfilled']> {
    return this.#ask('unfulfilled', request) as ReturnType<Reports['unfulfilled']>;
  }

  payments(...request: Parameters<Reports['payments']>): ReturnType<Reports['payments']> {
    return this.#ask('payments', request) as ReturnType<Reports['payments']>;
  }

  countEvents(...request: Parameters<Reports['countEvents']>): ReturnType<Reports['countEvents']> {
    return this.#ask('countEvents', request) as ReturnType<Reports['countEvents']>;
  }

  /** Ends the thread once everything asked for is answered. */
  async stop(): Promise<void> {
    const message: ToReportWorker = { kind: 'stop' };
    this.#worker.postMessage(message);
    await this.#ended;
  }

  #ask(name: ReportName, request: readonly unknown[]): Promise<unknown> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    if (this.#waiting.size >= LIMITS.waitingReports)
      return Promise.reject(new PortError('unavailable', 'too many reports are waiting'));
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      const message: ToReportWorker = { kind: 'report', id, name, request };
      this.#worker.postMessage(message);
    });
  }

  #received(message: FromReportWorker): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    switch (message.kind) {
      case 'answer':
        waiting?.resolve(message.answer);
        return;
      case 'refused':
        waiting?.reject(new PortError(message.error.kind, message.error.message));
    }
  }

  #end(reason: string): void {
    this.#gone ??= new PortError('unavailable', reason);
    for (const { reject } of this.#waiting.values()) reject(this.#gone);
    this.#waiting.clear();
  }
}
