import { connect, type Socket } from 'node:net';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Who is told of the answers of a lane. */
export interface LaneListener {
  /** `body` reads the body, until this returns. */
  answered(status: number, body: () => string): void;
  failed(error: Error): void;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LENGTH = /\r\n(content-length: )(\d+)/i;
const LENGTH_NAME = 'content-length: ';
/** "HTTP/1.1 201": where the status stands. */
const STATUS_FROM = 9;
const STATUS_TO = 12;
const ZERO = 48;
const NINE = 57;
/** Like every answer of the ledger; a server that sends none of its length cannot be measured with this. */
const NO_BODY: readonly number[] = [204, 304];
/** More than what is measured answers with; anything longer comes in pieces. */
const BUFFER_BYTES = 16_384;

/**
 * One kept-alive HTTP connection with one request in flight, on a bare socket that is read into the same memory again and
 * again. A client library costs more CPU for a request than the server under test, and both share the machine's cores.
 */
export class Lane {
  readonly #socket: Socket;
  /** The beginning of an answer whose end has not come yet. */
  #begun: Buffer | undefined;
  /** Where the length stood in the answer before: mostly it stands there again. */
  #lengthAt = 0;

  private constructor(
    address: Address,
    private readonly listener: LaneListener,
  ) {
    this.#socket = connect({
      ...address,
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafeSlow(BUFFER_BYTES),
        callback: (bytes, buffer) => {
          this.#take(buffer as Buffer, bytes);
          return true;
        },
      },
    });
  }

  static open(address: Address, listener: LaneListener): Promise<Lane> {
    return new Promise((resolve, reject) => {
      const lane = new Lane(address, listener);
      const socket = lane.#socket;
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        socket.on('error', (error) => listener.failed(error));
        socket.on('close', () => listener.failed(new Error('the server closed the connection')));
        resolve(lane);
      });
    });
  }

  /** Sends a whole request as text in ASCII. */
  send(request: string): void {
    this.#socket.write(request, 'latin1');
  }

  close(): void {
    this.#socket.removeAllListeners('close');
    this.#socket.destroy();
  }

  #take(read: Buffer, bytes: number): void {
    const begun = this.#begun;
    if (begun === undefined) {
      if (!this.#answer(read, bytes)) this.#begun = Buffer.from(read.subarray(0, bytes));
      return;
    }
    const joined = Buffer.concat([begun, read.subarray(0, bytes)]);
    this.#begun = joined;
    if (this.#answer(joined, joined.length)) this.#begun = undefined;
  }

  /** False while there is more of the answer to come. What `buffer` holds beyond `bytes` is of another. */
  #answer(buffer: Buffer, bytes: number): boolean {
    const headEnd = buffer.indexOf(HEAD_END);
    const bodyAt = headEnd + HEAD_END.length;
    if (headEnd < 0 || bodyAt > bytes) return false;
    const status = numberAt(buffer, STATUS_FROM, STATUS_TO);
    const length = NO_BODY.includes(status) ? 0 : this.#lengthOf(buffer, headEnd);
    if (length === undefined) {
      this.listener.failed(new Error(`an answer ${status} without its length`));
      return true;
    }
    const end = bodyAt + length;
    if (bytes < end) return false;
    this.listener.answered(status, () => buffer.toString('latin1', bodyAt, end));
    return true;
  }

  #lengthOf(buffer: Buffer, headEnd: number): number | undefined {
    const at = this.#lengthAt;
    const isThere = buffer.toString('latin1', at - LENGTH_NAME.length, at).toLowerCase() === LENGTH_NAME;
    if (isThere && at < headEnd) return numberAt(buffer, at, headEnd);
    const found = LENGTH.exec(buffer.toString('latin1', 0, headEnd));
    if (found === null) return undefined;
    this.#lengthAt = found.index + found[0].length - (found[2]?.length ?? 0);
    return Number(found[2]);
  }
}

/** The digits from `from` on, at most up to `to`. */
function numberAt(buffer: Buffer, from: number, to: number): number {
  let number = 0;
  for (let at = from; at < to; at++) {
    const code = buffer[at] ?? 0;
    if (code < ZERO || code > NINE) break;
    number = number * 10 + code - ZERO;
  }
  return number;
}
