import { Worker } from 'node:worker_threads';
import type { RunStatus } from '@stamp-ledger/app';
import type { Position } from '@stamp-ledger/codec';
import { PortError, type ProjectionName } from '@stamp-ledger/ports';
import type {
  FromProjectionWorker,
  ProjectionWorkerData,
  SentError,
  ToProjectionWorker,
} from './messages.js';

/** Room for the many short-lived objects of a page, so that they die before they are moved. */
const YOUNG_GENERATION_MEBIBYTES = 32;
const NAMES: readonly ProjectionName[] = ['verification', 'inventory', 'audit-index'];

/** A running projection thread, seen from the thread that started it. */
export class ProjectionThread {
  readonly #worker: Worker;
  readonly #listeners = new Set<() => void>();
  #statuses: readonly RunStatus[] = [];
  #failure: SentError | undefined;
  #stopping = false;
  readonly #ended: Promise<void>;

  constructor(data: ProjectionWorkerData) {
    this.#worker = new Worker(new URL('./projection-worker.js', import.meta.url), {
      workerData: data,
      // No loaders or debuggers of the process: the thread runs these packages alone.
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MEBIBYTES },
    });
    this.#worker.on('message', (message: FromProjectionWorker) => this.#received(message));
    this.#worker.on('error', (error: Error) => this.#failed({ kind: 'corrupt', message: error.name }));
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        if (!this.#stopping) this.#failed({ kind: 'corrupt', message: 'it ended by itself' });
        resolve();
      });
    });
  }

  /** Where the projections stand; one that nothing is known of yet has no position. */
  get statuses(): readonly RunStatus[] {
    return this.#statuses;
  }

  /** Resolves with the first status; rejects with a PortError when the thread cannot even begin. */
  async begun(): Promise<void> {
    while (this.#statuses.length === 0) {
      await new Promise<void>((resolve) => {
        const remove = this.onStatus(() => {
          remove();
          resolve();
        });
      });
    }
    if (this.#failure !== undefined) {
      await this.#ended;
      throw new PortError(
        this.#failure.kind,
        `the projection thread did not begin: ${this.#failure.message}`,
      );
    }
  }

  /** Calls the listener after every change of {@link statuses}; returns how to stop it. */
  onStatus(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  wake(head: Position): void {
    this.#send({ kind: 'wake', head });
  }

  /** Ends the thread after the transaction at hand. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#send({ kind: 'stop' });
    await this.#ended;
  }

  #send(message: ToProjectionWorker): void {
    this.#worker.postMessage(message);
  }

  #received(message: FromProjectionWorker): void {
    switch (message.kind) {
      case 'status':
        this.#changed(message.statuses);
        return;
      case 'failed':
        this.#failed(message.error);
    }
  }

  /** Shows every projection as halted: none of them goes on. */
  #failed(error: SentError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    const halted = `the projection thread ended: ${error.message}`;
    this.#changed(
      NAMES.map((projection) => ({
        events: 0,
        repaired: 0,
        ...this.#statuses.find((status) => status.projection === projection),
        projection,
        halted,
      })),
    );
  }

  #changed(statuses: readonly RunStatus[]): void {
    this.#statuses = statuses;
    for (const listener of [...this.#listeners]) listener();
  }
}
