import type { TransportAnswer } from './transport.js';

/** Bounds of repeating a request. Only requests that are safe to repeat are: reads, and commands with their key. */
export interface RetryOptions {
  /** Times a request is sent at most, the first included; 1 repeats nothing. */
  readonly attempts: number;
  /** Longest wait before the second attempt; doubles with each further one. */
  readonly baseMilliseconds: number;
  /** Longest wait between two attempts. */
  readonly capMilliseconds: number;
  /** No attempt begins later than this after the first. */
  readonly totalMilliseconds: number;
}

export const DEFAULT_RETRY: RetryOptions = {
  attempts: 5,
  baseMilliseconds: 100,
  capMilliseconds: 5_000,
  totalMilliseconds: 30_000,
};

/** Why a request may be sent again. */
export type RetryCause = 'connection' | 'unavailable' | 'request-in-progress';

/** Whether an error answer invites another attempt: 503, or 409 while the same key's first request still runs. */
export function causeOf(answer: TransportAnswer, problemName: string | undefined): RetryCause | undefined {
  if (answer.status === 503) return 'unavailable';
  if (answer.status === 409 && problemName === 'request-in-progress') return 'request-in-progress';
  return undefined;
}

/** Seconds or an HTTP date, in milliseconds from `now`; undefined when absent or not understood. */
export function retryAfterMilliseconds(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value.trim()) * 1_000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/**
 * Milliseconds to wait before attempt `attempt + 1`, or undefined to give up. Full jitter: anything from zero to a
 * doubling ceiling, so that callers that failed together do not come back together. A server's Retry-After is a floor.
 */
export function nextDelay(
  options: RetryOptions,
  state: { readonly attempt: number; readonly elapsedMilliseconds: number; readonly floor?: number },
  random: () => number,
): number | undefined {
  if (state.attempt >= options.attempts) return undefined;
  const ceiling = Math.min(options.capMilliseconds, options.baseMilliseconds * 2 ** (state.attempt - 1));
  const delay = (state.floor ?? 0) + random() * ceiling;
  return state.elapsedMilliseconds + delay > options.totalMilliseconds ? undefined : delay;
}
