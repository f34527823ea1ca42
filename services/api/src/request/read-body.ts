import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { HttpLimits } from '../limits.js';
import { RequestProblem } from '../problems/problem.js';

/** The client went away before its request was complete: there is nobody to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/** A media type that a request's body may have. */
export interface BodyType {
  readonly name: string;
  readonly pattern: RegExp;
}
const JSON_TYPE: BodyType = {
  name: 'application/json',
  pattern: /^application\/json[ \t]*(?:;[ \t]*charset=(?:utf-8|"utf-8")[ \t]*)?$/i,
};

/** The bytes of a JSON body, or of no body at all; refuses by headers alone where it can. */
export async function readBody(request: IncomingMessage, limits: HttpLimits): Promise<Buffer> {
  if (!hasBody(request)) return Buffer.alloc(0);
  assertType(request, JSON_TYPE);
  const declared = request.headers['content-length'];
  const tooLong = declared !== undefined && Number(declared) > limits.bodyBytes;
  const bytes = tooLong ? undefined : await collect(request, limits.bodyBytes);
  if (bytes !== undefined) return bytes;
  await discard(request, limits);
  throw new RequestProblem('body-too-large', {
    detail: `The body is longer than ${limits.bodyBytes} bytes.`,
    headers: { connection: 'close' },
  });
}

/** Refuses a body of another media type, or one that would have to be unpacked. */
export function assertType({ headers }: IncomingMessage, { name, pattern }: BodyType): void {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw new RequestProblem('unsupported-encoding', { headers: { 'accept-encoding': 'identity' } });
  if (!pattern.test(headers['content-type'] ?? ''))
    throw new RequestProblem('unsupported-media-type', { headers: { 'accept-post': name } });
}

export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

/** Undefined when there are more than `most` bytes; the rest is then still to be read. */
function collect(request: IncomingMessage, most: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  return consume(request, (chunk) => {
    length += chunk.length;
    if (length > most) return true;
    chunks.push(chunk);
    return false;
  }).then((stopped) => (stopped ? undefined : Buffer.concat(chunks, length)));
}

/** Reads on for a while, so that a client that is still sending gets to read the answer. */
async function discard(request: IncomingMessage, limits: HttpLimits): Promise<void> {
  const late = new AbortController();
  let length = 0;
  const read = consume(request, (chunk) => {
    length += chunk.length;
    return late.signal.aborted || length > limits.discardedBytes;
  });
  const timer = setTimeout(() => late.abort(), limits.discardMilliseconds);
  await Promise.race([read, once(late.signal, 'abort')]).catch(() => undefined);
  clearTimeout(timer);
}

/** Feeds `take` until it returns true (then resolves true) or the body ends (false). Rejects when the client goes. */
function consume(request: IncomingMessage, take: (chunk: Buffer) => boolean): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
      request.pause();
      finish();
    };
    const onData = (chunk: Buffer): void => {
      if (take(chunk)) settle(() => resolve(true));
    };
    const onEnd = (): void => settle(() => resolve(false));
    const onGone = (): void => settle(() => reject(new ClientGone()));
    if (request.readableEnded) {
      resolve(false);
      return;
    }
    if (request.destroyed) {
      reject(new ClientGone());
      return;
    }
    // A late error of a request that is given up must not become an uncaught one.
    request.on('error', () => undefined);
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
    request.resume();
  });
}
