import type { IncomingHttpHeaders } from 'node:http';
import { preferredWait } from '../request/prefer.js';

const SECONDS = /^\d{1,6}(?:\.\d{1,3})?$/;

/**
 * Until when the client waits, in milliseconds after its request came: `Request-Timeout: SECONDS`, or `Prefer: wait=N`,
 * the sooner of them. Infinity when it did not say; what is not understood is ignored.
 */
export function patienceOf(headers: IncomingHttpHeaders): number {
  const { 'request-timeout': timeout, prefer } = headers;
  if (timeout === undefined && prefer === undefined) return Number.POSITIVE_INFINITY;
  const told =
    typeof timeout === 'string' && SECONDS.test(timeout) ? Number(timeout) : Number.POSITIVE_INFINITY;
  const wait = preferredWait(prefer, Number.MAX_SAFE_INTEGER);
  return Math.min(told, wait === 0 ? Number.POSITIVE_INFINITY : wait) * 1_000;
}
