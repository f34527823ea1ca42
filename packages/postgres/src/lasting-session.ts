import { PortError } from '@stamp-ledger/ports';
import type pg from 'pg';
import { type ConnectionOptions, makeClient } from './connect.js';
import { portError } from './errors.js';
import { POSTGRES_LIMITS } from './limits.js';

/** A session that holds locks, and says again and again that it is there: the server ends one that falls silent. */
export const lockHolder = (options: ConnectionOptions): ConnectionOptions => ({
  statementMilliseconds: POSTGRES_LIMITS.pulseAnswerMilliseconds,
  ...options,
  settings: { ...options.settings, idle_session_timeout: String(POSTGRES_LIMITS.silentSessionMilliseconds) },
});

interface Options extends ConnectionOptions {
  /** Takes the locks that the session is for. */
  readonly onOpen: (client: pg.Client) => Promise<void>;
  /** The session is over, and its locks with it. */
  readonly onLost: () => void;
  readonly onError?: ((error: PortError) => void) | undefined;
}

/** One connection whose locks last as long as it does. One that ends is made anew, later and later. */
export class LastingSession {
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pulse: NodeJS.Timeout | undefined;
  #pause: number = POSTGRES_LIMITS.reconnectMilliseconds;
  #closed = false;

  private constructor(private readonly options: Options) {}

  /** Rejects with a PortError when the first connection finds what only an operator can mend; tries again otherwise. */
  static async open(options: Options): Promise<LastingSession> {
    const session = new LastingSession(options);
    try {
      await session.#connect();
    } catch (error) {
      const failure = portError(error, `opening the session for ${options.purpose}`);
      if (failure.kind === 'corrupt') throw failure;
      options.onError?.(failure);
      session.#connectLater();
    }
    return session;
  }

  /** Absent while there is none. */
  get client(): pg.Client | undefined {
    return this.#client;
  }

  /** Gives a session up that does not answer, as if it had ended by itself. */
  drop(client: pg.Client, error: unknown): void {
    if (client !== this.#client) return;
    this.options.onError?.(portError(error, `the session for ${this.options.purpose}`));
    this.#lost(client);
    void client.end().catch(() => undefined);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#pulse);
    const client = this.#client;
    if (client === undefined) return;
    this.#lost(client);
    await client.end().catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const client = makeClient(lockHolder(this.options));
    let ended = false;
    const end = (): void => {
      ended = true;
      this.#lost(client);
    };
    client.on('error', end).on('end', end);
    try {
      await client.connect();
      await this.options.onOpen(client);
      if (ended) throw new PortError('unavailable', `the session for ${this.options.purpose} ended at once`);
    } catch (error) {
      void client.end().catch(() => undefined);
      throw error;
    }
    if (this.#closed) {
      void client.end().catch(() => undefined);
      return;
    }
    this.#client = client;
    this.#keepAlive(client);
    this.#pause = POSTGRES_LIMITS.reconnectMilliseconds;
  }

  #keepAlive(client: pg.Client): void {
    this.#pulse = setInterval(() => {
      client.query('SELECT').catch((error: unknown) => this.drop(client, error));
    }, POSTGRES_LIMITS.pulseMilliseconds);
    this.#pulse.unref();
  }

  #lost(client: pg.Client): void {
    if (client !== this.#client) return;
    clearInterval(this.#pulse);
    this.#client = undefined;
    this.options.onLost();
    this.#connectLater();
  }

  #connectLater(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#connect().catch((error: unknown) => {
        this.options.onError?.(portError(error, `opening the session for ${this.options.purpose}`));
        this.#connectLater();
      });
    }, this.#pause);
    this.#timer.unref();
    this.#pause = Math.min(this.#pause * 2, POSTGRES_LIMITS.reconnectMillisecondsMax);
  }
}
