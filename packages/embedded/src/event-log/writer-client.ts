import { Worker } from 'node:worker_threads';
import { type AppendResult, PortError, type StreamAppend } from '@stamp-ledger/ports';
import { countEvents, PendingCalls } from './pending-calls.js';
import {
  type Answer,
  AppendBatch,
  addCall,
  type FromWriter,
  isRefused,
  lastPlaceOf,
  resultsOf,
  type ToWriter,
} from './writer-protocol.js';

type Group = Extract<FromWriter, { readonly kind: 'answers' }>;

export interface WriterEvents {
  /** One call is durable. */
  appended(appends: readonly StreamAppend[], results: readonly AppendResult[]): void;
  /** All events up to a place are durable. */
  committed(head: number): void;
  /** The writer has stopped for good; every call has been rejected. */
  fatal(error: PortError): void;
}

/**
 * Messages on their way to the writer: one that it makes durable, and one that it finds when it is done. More would only
 * wait there, and cost as much each as the calls in them.
 */
const MESSAGES_UNDER_WAY = 2;
/**
 * Turns of the event loop for which calls are gathered while each brings more, so that many that begin a few at a time are
 * one group all the same.
 */
const TURNS_GATHERED = 4;
/**
 * Calls that are told in one turn that they are durable. What each does then, above all to answer its client, takes a tenth
 * of a millisecond, and look-ups have to wait for the end of the turn.
 */
const SETTLED_PER_TURN = 16;

/**
 * The calling thread's side of the writer: gathers the appends of a few turns of the event loop into one message, and those
 * of the turns in which the writer has enough to do.
 */
export class WriterClient {
  readonly #worker: Worker;
  readonly #events: WriterEvents;
  readonly #pending = new PendingCalls();
  readonly #opened: Promise<number>;
  readonly #exited: Promise<void>;
  #batch: AppendBatch | undefined;
  /** Calls not yet answered of each message under way, oldest first. */
  readonly #underWay: number[] = [];
  /** Groups that are durable and whose calls have not all been told, oldest first. */
  readonly #durable: Group[] = [];
  /** Calls of the first of them that have been told. */
  #told = 0;
  /** Why no more appends are taken. */
  #stopped: PortError | undefined;
  #clean = false;

  constructor(directory: string, events: WriterEvents) {
    this.#events = events;
    this.#worker = new Worker(new URL('./writer-worker.js', import.meta.url), {
      workerData: { directory },
      // No loaders or debuggers of the process: the thread runs this package alone.
      execArgv: [],
    });
    this.#opened = new Promise((resolve, reject) => {
      this.#worker.once('message', (message: FromWriter) => {
        if (message.kind === 'ready') resolve(message.head);
      });
      this.#worker.once('error', (error) => reject(unavailable('the log cannot be opened', error)));
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', () => resolve());
    });
  }

  /** Resolves with the place of the last event when the log can be written, 0 for an empty log. */
  async opened(): Promise<number> {
    const head = await this.#opened.catch(async (error) => {
      await this.#exited;
      throw error;
    });
    this.#worker.on('message', (message: FromWriter) => this.#receive(message));
    this.#worker.on('error', (error) => this.#fail(unavailable('the writer crashed', error)));
    this.#worker.on('exit', () => {
      if (!this.#clean) this.#fail(unavailable('the writer stopped'));
    });
    return head;
  }

  append(appends: readonly StreamAppend[]): Promise<readonly AppendResult[]> {
    return new Promise((resolve, reject) => {
      const events = countEvents(appends);
      if (this.#stopped !== undefined) throw this.#stopped;
      this.#pending.add({ appends, events, resolve, reject });
      const isFirst = this.#batch === undefined;
      this.#batch ??= new AppendBatch();
      addCall(this.#batch, appends);
      if (isFirst) this.#gather(this.#batch);
    });
  }

  /** Writes what was handed over, then stops the writer. */
  async close(): Promise<void> {
    if (this.#stopped === undefined) {
      this.#stopped = unavailable('the log is closed');
      this.#flush();
      this.#post({ kind: 'close' });
    }
    await this.#exited;
  }

  #gather(batch: AppendBatch, turn = 1): void {
    const before = batch.appendsOfCall.length;
    setImmediate(() => {
      if (this.#batch !== batch) return;
      const isGrowing = batch.appendsOfCall.length > before;
      if (isGrowing && turn < TURNS_GATHERED) this.#gather(batch, turn + 1);
      else this.#flushUnlessBusy();
    });
  }

  #flushUnlessBusy(): void {
    if (this.#underWay.length < MESSAGES_UNDER_WAY) this.#flush();
  }

  #flush(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    this.#batch = undefined;
    this.#underWay.push(batch.appendsOfCall.length);
    this.#post({ kind: 'append', batch });
  }

  #post(message: ToWriter): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromWriter): void {
    switch (message.kind) {
      case 'answers':
        this.#answered(message.answers.length);
        if (this.#durable.push(message) === 1) this.#settle(SETTLED_PER_TURN);
        return;
      case 'fatal':
        this.#fail(unavailable(`the log cannot be written: ${message.message}`));
        return;
      case 'closed':
        this.#settle(Number.POSITIVE_INFINITY);
        this.#clean = true;
        return;
      case 'ready':
        return;
    }
  }

  /** A group of the writer may hold a part of a message, or several. */
  #answered(calls: number): void {
    let rest = calls;
    for (let oldest = this.#underWay[0]; oldest !== undefined && rest > 0; oldest = this.#underWay[0]) {
      if (oldest > rest) this.#underWay[0] = oldest - rest;
      else this.#underWay.shift();
      rest -= oldest;
    }
    this.#flushUnlessBusy();
  }

  /** Tells so many calls of their outcome now, and the others in the turns that follow. */
  #settle(most: number): void {
    let left = most;
    for (let group = this.#durable[0]; group !== undefined && left > 0; group = this.#durable[0]) {
      const answers = group.answers.slice(this.#told, this.#told + left);
      for (const answer of answers) this.#settleOne(answer);
      left -= answers.length;
      this.#told += answers.length;
      // Whoever was told may ask what follows the log for it.
      const place = lastPlaceOf(answers);
      if (place > 0) this.#events.committed(place);
      if (this.#told < group.answers.length) break;
      this.#durable.shift();
      this.#told = 0;
      this.#events.committed(group.head);
    }
    if (this.#durable.length > 0) setImmediate(() => this.#settle(SETTLED_PER_TURN));
  }

  #settleOne(answer: Answer): void {
    const call = this.#pending.shift();
    if (isRefused(answer)) {
      call.reject(new PortError(answer.kind, answer.message));
      return;
    }
    const results = resultsOf(answer);
    call.resolve(results);
    this.#events.appended(call.appends, results);
  }

  #fail(error: PortError): void {
    if (this.#clean) return;
    // What is durable is told as such, whatever became of the writer afterwards.
    this.#settle(Number.POSITIVE_INFINITY);
    this.#clean = true;
    this.#stopped = error;
    this.#batch = undefined;
    this.#pending.rejectAll(error);
    this.#events.fatal(error);
  }
}

const unavailable = (message: string, cause?: unknown): PortError =>
  new PortError('unavailable', cause instanceof Error ? `${message}: ${cause.message}` : message, { cause });
