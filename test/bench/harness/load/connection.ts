import { connect, type Socket } from 'node:net';

export interface Reply {
  readonly status: number;
  readonly body: string;
}

const HEAD_END = '\r\n\r\n';
const LENGTH = /\r\ncontent-length: *(\d+)/i;
/** "HTTP/1.1 201": where the status stands. */
const STATUS_FROM = 9;
const STATUS_TO = 12;
/** Like every answer of the ledger; a server that sends none of its length cannot be measured with this. */
const NO_BODY = new Set([204, 304]);

/**
 * One kept-alive HTTP connection with one request in flight, on a bare socket. A client library costs more CPU for a
 * request than the server under test, and both share the machine's cores.
 */
export class Connection {
  #received = '';
  #settle: { readonly resolve: (reply: Reply) => void; readonly reject: (error: Error) => void } | undefined;

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#take(text));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the server closed the connection')));
  }

  static open({ host, port }: { readonly host: string; readonly port: number }): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Connection(socket));
      });
    });
  }

  /** Sends a whole request as text in ASCII. */
  send(request: string): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.socket.write(request, 'latin1');
    });
  }

  close(): void {
    this.socket.removeAllListeners('close');
    this.socket.destroy();
  }

  #fail(error: Error): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.reject(error);
  }

  #take(text: string): void {
    this.#received = this.#received === '' ? text : this.#received + text;
    const end = this.#received.indexOf(HEAD_END);
    if (end < 0) return;
    const status = Number(this.#received.slice(STATUS_FROM, STATUS_TO));
    const length = LENGTH.exec(this.#received.slice(0, end))?.[1];
    if (length === undefined && !NO_BODY.has(status)) {
      this.#fail(new Error(`an answer ${status} without its length`));
      return;
    }
    const bodyAt = end + HEAD_END.length;
    const whole = bodyAt + Number(length ?? 0);
    if (this.#received.length < whole) return;
    const body = this.#received.slice(bodyAt, whole);
    this.#received = this.#received.slice(whole);
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.resolve({ status, body });
  }
}
