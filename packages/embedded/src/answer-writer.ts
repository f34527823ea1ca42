import { Worker } from 'node:worker_threads';
import { PortError } from '@stamp-ledger/ports';
import type { FromAnswerWorker, Storing, ToAnswerWorker } from './answer-protocol.js';
import { KeyFilter } from './key-filter.js';

/** The calling thread's side of the thread that stores answers. */
export class AnswerWriter {
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #opened: Promise<void>;
  #settle: ((failure: string | undefined) => void) | undefined;
  #ended: string | undefined;
  #filter: KeyFilter | undefined;

  constructor(directory: string) {
    this.#worker = new Worker(new URL('./answer-worker.js', import.meta.url), {
      workerData: { directory },
      // No loaders or debuggers of the process: the thread runs this package alone.
      execArgv: [],
    });
    this.#opened = new Promise((resolve, reject) => {
      this.#worker.once('message', () => resolve());
      this.#worker.once('error', (error: Error) => reject(new PortError('unavailable', error.message)));
    });
    this.#worker.on('message', (message: FromAnswerWorker) => this.#receive(message));
    this.#worker.on('error', (error: Error) => this.#end(error.message));
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#end('the thread that stores answers ended');
        resolve();
      });
    });
  }

  /** Resolves when `keys.sqlite` is there and can be written; rejects with a PortError. */
  async opened(): Promise<void> {
    await this.#opened;
  }

  /** What was stored when the file was opened; undefined until all of it has been read. */
  get filter(): KeyFilter | undefined {
    return this.#filter;
  }

  forgetFilter(): void {
    this.#filter = undefined;
  }

  /** One transaction, and one call at a time. Rejects with a PortError when it is not durable. */
  async store(storing: Storing): Promise<void> {
    const failure = await new Promise<string | undefined>((resolve) => {
      if (this.#ended !== undefined) return resolve(this.#ended);
      this.#settle = resolve;
      this.#post({ kind: 'store', storing });
    });
    if (failure !== undefined) throw new PortError('unavailable', failure);
  }

  async close(): Promise<void> {
    this.#post({ kind: 'close' });
    await this.#exited;
  }

  #post(message: ToAnswerWorker): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromAnswerWorker): void {
    switch (message.kind) {
      case 'opened':
        return;
      case 'stored':
        this.#settled(message.failure);
        return;
      case 'filter':
        this.#filter = KeyFilter.from(message.words);
    }
  }

  #settled(failure: string | undefined): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(failure);
  }

  #end(why: string): void {
    this.#ended ??= why;
    this.#settled(this.#ended);
  }
}
