import { connect, type Socket } from 'node:net';

const HEAD_END = '\r\n\r\n';
const LENGTH = /\r\ncontent-length: *(\d+)/i;
const RETRY_AFTER = /\r\nretry-after: *(\d+)/i;
const STATUS_FROM = 9;
const STATUS_TO = 12;
const RECONNECT_MILLISECONDS = 20;

export interface LineReply {
  readonly status: number;
  /** Seconds; a second where nothing was said. */
  readonly retryAfter: number;
  readonly body: string;
}

/** One client's connection: connects again when it breaks, and never has more than one request on its way. */
export class Line {
  #socket: Socket | undefined;
  #received = '';
  #settle: ((reply: LineReply | undefined) => void) | undefined;

  constructor(private readonly address: { readonly host: string; readonly port: number }) {}

  /** When the request on its way was sent. */
  sentAt = 0;

  /** Calls back with the answer, or with nothing when the connection broke or was given up. */
  send(request: string, settle: (reply: LineReply | undefined) => void): void {
    this.#settle = settle;
    this.sentAt = performance.now();
    this.#socket ??= this.#open();
    this.#socket.write(request, 'latin1');
  }

  /** Connects, so that the first request need not. */
  connect(): void {
    this.#socket ??= this.#open();
  }

  get isBusy(): boolean {
    return this.#settle !== undefined;
  }

  /** Breaks the connection: the request on its way is given up. */
  giveUp(): void {
    this.#broken(this.#socket);
  }

  #open(): Socket {
    const socket = connect(this.address);
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#take(text));
    socket.on('error', () => undefined);
    socket.on('close', () => this.#broken(socket));
    return socket;
  }

  #broken(socket: Socket | undefined): void {
    if (socket === undefined || socket !== this.#socket) return;
    this.#socket = undefined;
    this.#received = '';
    socket.destroy();
    const settle = this.#settle;
    this.#settle = undefined;
    // A server that is away is not asked again in the same moment.
    if (settle !== undefined) setTimeout(() => settle(undefined), RECONNECT_MILLISECONDS);
  }

  #take(text: string): void {
    this.#received = this.#received === '' ? text : this.#received + text;
    const end = this.#received.indexOf(HEAD_END);
    if (end < 0) return;
    const head = this.#received.slice(0, end);
    const length = Number(LENGTH.exec(head)?.[1] ?? 0);
    const bodyAt = end + HEAD_END.length;
    if (this.#received.length < bodyAt + length) return;
    const body = this.#received.slice(bodyAt, bodyAt + length);
    this.#received = '';
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.({
      status: Number(head.slice(STATUS_FROM, STATUS_TO)),
      retryAfter: Number(RETRY_AFTER.exec(head)?.[1] ?? 1),
      body,
    });
  }
}
