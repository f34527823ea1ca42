import { ServerProcess } from './server-process.js';

export interface KeeperOptions {
  readonly dataDirectory: string;
  readonly logFile: string;
  readonly port: number;
  readonly signal: AbortSignal;
  /** The server ended and nobody had asked it to. */
  readonly onUnexpectedEnd: (why: string) => void;
}

/** Keeps one ledger on one data directory and one port, through kills and restarts. */
export class Keeper {
  #server: ServerProcess | undefined;
  #port: number;

  constructor(private readonly options: KeeperOptions) {
    this.#port = options.port;
  }

  get url(): string {
    return this.#running().url;
  }

  get pid(): number {
    return this.#running().pid;
  }

  get token(): string {
    return this.#running().token();
  }

  /** The first start picks the port; later ones take the same. */
  async start(): Promise<void> {
    const { dataDirectory, logFile, signal, onUnexpectedEnd } = this.options;
    const server = await ServerProcess.start({ dataDirectory, logFile, signal, port: this.#port });
    this.#port = server.port;
    this.#server = server;
    server.onEnd((why) => onUnexpectedEnd(`the ledger ended unexpectedly (${why})\n${server.logTail()}`));
  }

  async kill(): Promise<void> {
    const server = this.#running();
    server.ignoreEnd();
    await server.kill();
  }

  /** Ends the server if there is one; answers its exit code, null when it had to be killed. */
  async stop(): Promise<number | null> {
    this.#server?.ignoreEnd();
    return (await this.#server?.stop()) ?? null;
  }

  #running(): ServerProcess {
    if (this.#server === undefined) throw new Error('the ledger was not started');
    return this.#server;
  }
}
