import { EventStoreDBClient } from '@eventstore/db-client';
import { PortError } from '@stamp-ledger/ports';
import { type ParsedAddress, printAddress } from './connection-string.js';
import { type Failure, failureOf, toPortError } from './failures.js';
import { EVENT_STORE_DB_LIMITS, type EventStoreDbTimes } from './limits.js';
import { backoff, pause, within } from './waiting.js';

/** What a call needs to know of the client it is made with. */
export interface Session {
  readonly client: EventStoreDBClient;
  /**
   * Passed with every call. Whatever they are, an append with credentials of its own goes by the plain call, which has a
   * deadline and shares nothing with other clients; without TLS the client does not send them.
   */
  readonly credentials: { readonly username: string; readonly password: string };
}

interface Holder {
  readonly client: EventStoreDBClient;
  /** Its channel has an endpoint. */
  open: boolean;
  calls: number;
  retired: boolean;
}

/**
 * A client that is replaced when it is broken, since what failed in one may stay failed in it for ever. Calls in flight
 * end on the client they began with; the last one out closes it.
 */
export class SupervisedClient {
  readonly #address: ParsedAddress;
  readonly #times: EventStoreDbTimes;
  readonly #credentials: Session['credentials'];
  #holder: Holder | undefined;
  #leader: string | undefined;
  /** Failures since the last call that the server answered. */
  #failures = 0;
  #notBefore = 0;
  #closed = false;

  constructor(address: ParsedAddress, times: EventStoreDbTimes) {
    this.#address = address;
    this.#times = times;
    this.#credentials = address.credentials ?? { username: 'none', password: 'none' };
  }

  /** Makes a call again while the server is away, a bounded number of times. Only for calls that may be repeated. */
  async persist<Result>(doing: string, call: (session: Session) => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.use(call);
      } catch (error) {
        const isLast = attempt === EVENT_STORE_DB_LIMITS.attempts;
        if (isLast || failureOf(error).kind !== 'disconnected') throw toPortError(error, doing);
        await pause(backoff(attempt, this.#times));
      }
    }
  }

  /** Makes one call, which rejects as the client's does. */
  async use<Result>(call: (session: Session) => Promise<Result>): Promise<Result> {
    const holder = await this.#acquire();
    try {
      const result = await call({ client: holder.client, credentials: this.#credentials });
      this.#answered();
      return result;
    } catch (error) {
      this.#failed(holder, failureOf(error));
      throw error;
    } finally {
      this.#leave(holder);
    }
  }

  /** Makes one call that gives out more and more. A failure of the connection ends it; only what is corrupt is thrown. */
  async *stream<Item>(
    doing: string,
    call: (session: Session) => AsyncIterable<Item>,
  ): AsyncGenerator<Item, void, undefined> {
    const holder = await this.#acquire();
    try {
      for await (const item of call({ client: holder.client, credentials: this.#credentials })) {
        this.#answered();
        yield item;
      }
    } catch (error) {
      const failure = failureOf(error);
      this.#failed(holder, failure);
      if (failure.kind === 'corrupt') throw toPortError(error, doing);
    } finally {
      this.#leave(holder);
    }
  }

  /** Takes no more calls; the client is closed when its last call has ended. */
  close(): void {
    this.#closed = true;
    if (this.#holder !== undefined) this.#retire(this.#holder);
  }

  /**
   * The client with its channel open. Nothing is sent before: what fails here is `unavailable`, and a call never finds
   * the channel closed under it, which the client would turn into an unhandled rejection.
   */
  async #acquire(): Promise<Holder> {
    const wait = this.#notBefore - performance.now();
    if (wait > 0) await pause(wait);
    if (this.#closed) throw closedError();
    this.#holder ??= { client: this.#connect(), open: false, calls: 0, retired: false };
    const holder = this.#holder;
    holder.calls++;
    if (holder.open) return holder;
    try {
      await within(
        channelOf(holder.client),
        this.#times.callMilliseconds,
        () => new PortError('unavailable', 'no node of EventStoreDB was found in time'),
      );
      holder.open = true;
      return holder;
    } catch (error) {
      this.#replace(holder);
      this.#leave(holder);
      throw new PortError('unavailable', toPortError(error, 'connecting to EventStoreDB').message);
    }
  }

  #connect(): EventStoreDBClient {
    const leader = this.#leader;
    this.#leader = undefined;
    try {
      const client = EventStoreDBClient.connectionString(printAddress(this.#address, leader));
      // The client would close its channel under the calls in flight; clients are replaced as a whole instead.
      // biome-ignore lint/complexity/useLiteralKeys: the member is protected
      client['handleError'] = async () => {};
      return client;
    } catch {
      // Its error would carry the password.
      throw new PortError('unavailable', 'no client can be made for the address of EventStoreDB');
    }
  }

  #answered(): void {
    this.#failures = 0;
    this.#notBefore = 0;
  }

  #failed(holder: Holder, failure: Failure): void {
    switch (failure.kind) {
      case 'disconnected':
        this.#leader = failure.leader ?? this.#leader;
        this.#replace(holder);
        return;
      case 'timeout':
      case 'refused':
        if (++this.#failures >= EVENT_STORE_DB_LIMITS.failuresOfClient) this.#replace(holder);
        return;
      case 'version-conflict':
      case 'no-stream':
      case 'corrupt':
        this.#answered();
        return;
    }
  }

  /** The next call makes a new client, the later the more failures there were in a row. */
  #replace(holder: Holder): void {
    if (holder.retired) return;
    this.#failures++;
    const wait = backoff(this.#failures, this.#times);
    this.#notBefore = performance.now() + Math.min(wait, EVENT_STORE_DB_LIMITS.replaceMillisecondsMax);
    this.#retire(holder);
  }

  #retire(holder: Holder): void {
    holder.retired = true;
    if (this.#holder === holder) this.#holder = undefined;
    if (holder.calls === 0) dispose(holder.client);
  }

  #leave(holder: Holder): void {
    holder.calls--;
    if (holder.retired && holder.calls === 0) dispose(holder.client);
  }
}

// biome-ignore lint/complexity/useLiteralKeys: the member is protected
const channelOf = (client: EventStoreDBClient) => client['getChannel']();

export const closedError = (): PortError => new PortError('unavailable', 'the log is closed');

/** In a later turn: a call whose answer is no longer waited for may just be about to begin. */
function dispose(client: EventStoreDBClient): void {
  setImmediate(async () => {
    await client.dispose().catch(() => {});
    const channel = await channelOf(client).catch(() => undefined);
    channel?.close();
  });
}
