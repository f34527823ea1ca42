import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Latency } from '../latency.js';

export interface LoadRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** JSON text. */
  readonly body?: string;
  /** Its idempotency key. */
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A whole request as it goes over the wire. */
export function requestText(
  { method, path, body, key, headers = {} }: LoadRequest,
  { url, token }: { readonly url: string; readonly token?: string },
): string {
  const authorization = token === undefined ? '' : `authorization: Bearer ${token}\r\n`;
  const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const start = `${method} ${path} HTTP/1.1\r\nhost: ${url.slice('http://'.length)}\r\n${authorization}${more.join('')}`;
  if (body === undefined) return `${start}\r\n`;
  const idempotency = key === undefined ? '' : `idempotency-key: ${key}\r\n`;
  return `${start}${idempotency}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

export interface Load {
  readonly url: string;
  readonly token?: string;
  readonly requests: readonly LoadRequest[];
  /** Begin again with the first request after the last, until the time is over. */
  readonly repeat?: boolean;
  readonly connections: number;
  /** The longest it may take; in the open loop, the time over which requests are due. */
  readonly seconds: number;
  /**
   * Requests a second, due at even intervals whatever has been answered (open loop): latency runs from the moment a
   * request was due. Without it, every connection sends its next request when it has the answer (closed loop).
   */
  readonly rate?: number;
}

export interface LoadResult {
  readonly seconds: number;
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Numbers of the requests that were answered with success (2xx). */
  readonly acknowledged: Uint32Array;
  readonly latency: Latency;
}

const LATE_MILLISECONDS = 60_000;

/** Runs a load in a thread of its own: what the caller does meanwhile does not delay it. */
export async function runLoad(load: Load): Promise<LoadResult> {
  const worker = new Worker(new URL('./load-worker.js', import.meta.url), { workerData: load });
  const late = setTimeout(() => void worker.terminate(), load.seconds * 1_000 + LATE_MILLISECONDS);
  try {
    const exited = once(worker, 'exit').then(() => {
      throw new Error('the load generator ended without a result');
    });
    const [result] = (await Promise.race([once(worker, 'message'), exited])) as [LoadResult];
    exited.catch(() => undefined);
    return result;
  } finally {
    clearTimeout(late);
    await worker.terminate();
  }
}

export const perSecond = ({ acknowledged, seconds }: LoadResult): number => acknowledged.length / seconds;

/** Answers other than the ones wanted, for a figure that must not be quoted with failures in it. */
export function failuresOf({ statuses }: Pick<LoadResult, 'statuses'>): string | undefined {
  const failures = Object.entries(statuses).filter(([status, count]) => count > 0 && !status.startsWith('2'));
  return failures.length === 0
    ? undefined
    : failures.map(([status, count]) => `${count} answers ${status}`).join(', ');
}
