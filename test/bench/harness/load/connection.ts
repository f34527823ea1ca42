import { type Address, Lane } from './lane.js';

export interface Reply {
  readonly status: number;
  readonly body: string;
}

/** A lane for whoever waits for one answer after another. */
export class Connection {
  #settle: { readonly resolve: (reply: Reply) => void; readonly reject: (error: Error) => void } | undefined;
  readonly #lane: Promise<Lane>;
  /** Why it is of no use any more: a server closes what has been idle for some seconds. */
  #failure: Error | undefined;

  private constructor(address: Address) {
    this.#lane = Lane.open(address, {
      answered: (status, body) => this.#settle?.resolve({ status, body: body() }),
      failed: (error) => {
        this.#failure ??= error;
        this.#settle?.reject(error);
      },
    });
  }

  static async open(address: Address): Promise<Connection> {
    const connection = new Connection(address);
    await connection.#lane;
    return connection;
  }

  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  /** Sends a whole request as text in ASCII. */
  async send(request: string): Promise<Reply> {
    const lane = await this.#lane;
    if (this.#failure !== undefined) throw this.#failure;
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      lane.send(request);
    });
  }

  async close(): Promise<void> {
    (await this.#lane).close();
  }
}
