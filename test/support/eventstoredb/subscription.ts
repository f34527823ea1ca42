import type { ServerWritableStream } from '@grpc/grpc-js';
import type { DoubleLog, StoredEvent } from './log.js';
import { caughtUpMessage, checkpointMessage, confirmationMessage, eventMessage } from './messages.js';
import type { streams } from './stubs.js';

export type ReadCall = ServerWritableStream<
  InstanceType<typeof streams.ReadReq>,
  InstanceType<typeof streams.ReadResp>
>;

/** Messages written in one turn. */
const BURST = 256;

export interface SubscriptionRequest {
  /** Position of the last event the client has. */
  readonly after: number;
  readonly prefixes: readonly string[];
  /** Events searched between two checkpoints. */
  readonly checkpointEvery: number;
}

/** Pushes what is appended to one subscriber, no faster than it takes it. */
export class Subscription {
  readonly #log: DoubleLog;
  readonly #call: ReadCall;
  readonly #request: SubscriptionRequest;
  #index: number;
  #searched = 0;
  #blocked = false;
  #caughtUp = false;
  #over = false;
  /** Sends nothing while true, and forgets what it should have sent. */
  silent = false;

  constructor(log: DoubleLog, call: ReadCall, request: SubscriptionRequest) {
    this.#log = log;
    this.#call = call;
    this.#request = request;
    this.#index = log.indexFrom(request.after + 1);
    call.write(confirmationMessage());
    this.push();
  }

  push(): void {
    if (this.#over || this.#blocked) return;
    if (this.silent) {
      this.#index = this.#log.events.length;
      return;
    }
    for (let burst = 0; this.#index < this.#log.events.length; burst++) {
      if (burst === BURST) {
        this.#blocked = true;
        setImmediate(() => this.#go());
        return;
      }
      if (!this.#next(this.#log.events[this.#index++] as StoredEvent)) {
        this.#blocked = true;
        this.#call.once('drain', () => this.#go());
        return;
      }
    }
    if (!this.#caughtUp) this.#call.write(caughtUpMessage());
    this.#caughtUp = true;
  }

  end(error?: Error): void {
    if (this.#over) return;
    this.#over = true;
    if (error === undefined) this.#call.end();
    else this.#call.emit('error', error);
  }

  stop(): void {
    this.#over = true;
  }

  #go(): void {
    this.#blocked = false;
    this.push();
  }

  #next(event: StoredEvent): boolean {
    const { prefixes, checkpointEvery } = this.#request;
    const wanted = prefixes.length === 0 || prefixes.some((prefix) => event.stream.startsWith(prefix));
    const room = wanted ? this.#call.write(eventMessage(event)) : true;
    if (++this.#searched % checkpointEvery !== 0) return room;
    return this.#call.write(checkpointMessage(event.position)) && room;
  }
}
