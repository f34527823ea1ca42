import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { LedgerError, type Problem, readProblem } from './errors.js';
import { causeOf, nextDelay, type RetryCause, type RetryOptions, retryAfterMilliseconds } from './retry.js';
import type { Transport, TransportAnswer } from './transport.js';

/** What every call takes. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /** For one attempt. */
  readonly timeoutMilliseconds?: number;
}

/** What every command takes. */
export interface CommandOptions extends CallOptions {
  /** Idempotency-Key: the same key and body run at most once. Generated when absent. */
  readonly key?: string;
  /** Seconds the ledger may hold the answer back until the work behind it is done (`Prefer: wait`). */
  readonly waitSeconds?: number;
  /** An admitted ticket of the waiting room, for placing its order. */
  readonly ticket?: string;
}

/** An answer of the ledger. */
export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
  /** Place in the global order of the last event that the command caused (`Ledger-Position`). */
  readonly position?: string;
  /** Revision of the one stream that the command was for, where the answer names it. */
  readonly revision?: number;
  readonly etag?: string;
  readonly location?: string;
  /** Times the request was sent. */
  readonly attempts: number;
  /** The key a command was sent with. */
  readonly idempotencyKey?: string;
}

export interface CallRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface CallerOptions {
  readonly token?: string;
  readonly timeoutMilliseconds: number;
  readonly retry: RetryOptions;
  /** Calls under way at most; further ones are refused at once, unsent. */
  readonly maxInFlight: number;
  readonly random: () => number;
  readonly onRetry?: (cause: RetryCause) => void;
}

/** Sends requests, again where that is safe, and reads the answers. */
export interface Caller {
  query<Body>(path: string, options?: CallOptions, headers?: Record<string, string>): Promise<Answer<Body>>;
  command<Body>(path: string, body: object, options?: CommandOptions): Promise<Answer<Body>>;
  remove<Body>(path: string, options?: CommandOptions): Promise<Answer<Body>>;
}

export function createCaller(transport: Transport, options: CallerOptions): Caller {
  const send = createSender(transport, options);
  return {
    query: (path, call = {}, headers = {}) => send({ method: 'GET', path, headers }, call),
    command: (path, body, call = {}) =>
      send({ method: 'POST', path, body, headers: commandHeaders(call) }, call),
    remove: (path, call = {}) => send({ method: 'DELETE', path, headers: commandHeaders(call) }, call),
  };
}

function commandHeaders({ key, waitSeconds, ticket }: CommandOptions): Record<string, string> {
  return {
    'idempotency-key': key ?? randomUUID(),
    ...(waitSeconds === undefined ? {} : { prefer: `wait=${Math.ceil(waitSeconds)}` }),
    ...(ticket === undefined ? {} : { 'queue-ticket': ticket }),
  };
}

function createSender(transport: Transport, options: CallerOptions) {
  let inFlight = 0;
  return async <Body>(request: CallRequest, call: CommandOptions): Promise<Answer<Body>> => {
    if (inFlight >= options.maxInFlight)
      throw new LedgerError('overload', `${options.maxInFlight} calls are under way already`);
    inFlight += 1;
    try {
      return await sendUntilAnswered<Body>(transport, options, request, call);
    } finally {
      inFlight -= 1;
    }
  };
}

async function sendUntilAnswered<Body>(
  transport: Transport,
  options: CallerOptions,
  request: CallRequest,
  call: CommandOptions,
): Promise<Answer<Body>> {
  const began = performance.now();
  const sent = {
    method: request.method,
    path: request.path,
    headers: headersOf(options, request),
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    timeoutMilliseconds:
      (call.timeoutMilliseconds ?? options.timeoutMilliseconds) + (call.waitSeconds ?? 0) * 1_000,
    ...(call.signal === undefined ? {} : { signal: call.signal }),
  };
  const key = request.headers?.['idempotency-key'];
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await attemptOnce(transport, sent);
    if (outcome.kind === 'answer') return readAnswer<Body>(outcome.answer, attempt, key);
    const delay =
      outcome.cause === undefined
        ? undefined
        : nextDelay(
            options.retry,
            {
              attempt,
              elapsedMilliseconds: performance.now() - began,
              ...(outcome.floor === undefined ? {} : { floor: outcome.floor }),
            },
            options.random,
          );
    if (delay === undefined || outcome.cause === undefined) throw withContext(outcome.error, attempt, key);
    options.onRetry?.(outcome.cause);
    await pause(delay, call.signal, attempt, key);
  }
}

type Attempt =
  | { readonly kind: 'answer'; readonly answer: TransportAnswer }
  | {
      readonly kind: 'failed';
      readonly error: LedgerError;
      readonly cause?: RetryCause;
      readonly floor?: number;
    };

async function attemptOnce(
  transport: Transport,
  request: Parameters<Transport['send']>[0],
): Promise<Attempt> {
  let answer: TransportAnswer;
  try {
    answer = await transport.send(request);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return { kind: 'failed', error, ...(error.kind === 'transport' ? { cause: 'connection' as const } : {}) };
  }
  if (answer.status < 400) return { kind: 'answer', answer };
  const error = problemError(readProblem(answer.status, answer.text));
  const cause = causeOf(answer, error.problemName);
  const floor = retryAfterMilliseconds(answer.headers['retry-after'], Date.now());
  return {
    kind: 'failed',
    error,
    ...(cause === undefined ? {} : { cause }),
    ...(floor === undefined ? {} : { floor }),
  };
}

const problemError = (problem: Problem): LedgerError =>
  new LedgerError('problem', problem.detail ?? problem.title, { problem });

function withContext(error: LedgerError, attempts: number, key: string | undefined): LedgerError {
  return new LedgerError(error.kind, error.message, {
    attempts,
    ...(error.problem === undefined ? {} : { problem: error.problem }),
    ...(key === undefined ? {} : { idempotencyKey: key }),
    ...(error.code === undefined ? {} : { code: error.code }),
    cause: error.cause,
  });
}

async function pause(
  milliseconds: number,
  signal: AbortSignal | undefined,
  attempts: number,
  key: string | undefined,
): Promise<void> {
  try {
    await sleep(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch (cause) {
    throw withContext(new LedgerError('aborted', 'the call was aborted', { cause }), attempts, key);
  }
}

function headersOf(options: CallerOptions, request: CallRequest): Record<string, string> {
  return {
    accept: 'application/json, application/problem+json',
    ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
    ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...request.headers,
  };
}

function readAnswer<Body>(answer: TransportAnswer, attempts: number, key: string | undefined): Answer<Body> {
  const body = parseBody(answer, attempts, key);
  const position = answer.headers['ledger-position'];
  const revision = revisionOf(body);
  return {
    status: answer.status,
    body: body as Body,
    attempts,
    ...(typeof position === 'string' ? { position } : {}),
    ...(revision === undefined ? {} : { revision }),
    ...(answer.headers.etag === undefined ? {} : { etag: answer.headers.etag }),
    ...(answer.headers.location === undefined ? {} : { location: answer.headers.location }),
    ...(key === undefined ? {} : { idempotencyKey: key }),
  };
}

function parseBody(answer: TransportAnswer, attempts: number, key: string | undefined): unknown {
  if (answer.text === '') return undefined;
  try {
    return JSON.parse(answer.text);
  } catch (cause) {
    throw withContext(new LedgerError('protocol', 'the answer is not JSON', { cause }), attempts, key);
  }
}

function revisionOf(body: unknown): number | undefined {
  if (typeof body !== 'object' || body === null || !('revision' in body)) return undefined;
  return typeof body.revision === 'number' ? body.revision : undefined;
}
