import { Worker } from 'node:worker_threads';
import { foundIn, type Sealed, type SealStatus } from '@stamp-ledger/app';
import type { Position } from '@stamp-ledger/codec';
import type { FromSealWorker, SealWorkerData, ToSealWorker } from './messages.js';

/** Room for the many short-lived objects of a round, so that they die before they are moved. */
const YOUNG_GENERATION_MEBIBYTES = 32;

/** A running sealer thread, seen from the thread that started it. */
export class SealThread {
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  #stopping = false;

  constructor(
    data: SealWorkerData,
    listener: {
      onStatus(status: SealStatus): void;
      onWait(reason: string): void;
      onNotCosigned(reason: string): void;
    },
  ) {
    this.#worker = new Worker(new URL('./seal-worker.js', import.meta.url), {
      workerData: data,
      // No loaders or debuggers of the process: the thread runs these packages alone.
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MEBIBYTES },
    });
    let sealed: Sealed | undefined;
    const failed = (reason: string): void =>
      listener.onStatus({
        kind: 'halted',
        halt: { reason: 'storage', detail: `the sealer ended: ${reason}` },
        ...(sealed && { sealed }),
      });
    let isOver = false;
    this.#worker.on('message', (message: FromSealWorker) => {
      switch (message.kind) {
        case 'status':
          sealed = foundIn(message.status) ?? sealed;
          isOver = message.status.kind === 'halted';
          listener.onStatus(message.status);
          return;
        case 'waits':
          listener.onWait(message.reason);
          return;
        case 'not-cosigned':
          listener.onNotCosigned(message.reason);
          return;
        case 'failed':
          isOver = true;
          failed(message.reason);
      }
    });
    this.#worker.on('error', (error: Error) => {
      isOver = true;
      failed(error.name);
    });
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        if (!this.#stopping && !isOver) failed('without a reason');
        resolve();
      });
    });
  }

  wake(head: Position): void {
    this.#send({ kind: 'wake', head });
  }

  /** Ends the thread after the round at hand. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#send({ kind: 'stop' });
    await this.#ended;
  }

  #send(message: ToSealWorker): void {
    this.#worker.postMessage(message);
  }
}
