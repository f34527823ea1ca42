import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Logger } from 'pino';
import { type Answer, listed } from './answer.js';
import { endAtOnce } from './end-at-once.js';
import { Exchange, type Services } from './exchange.js';
import type { Metrics } from './operations/metrics.js';
import type { Readiness } from './operations/readiness.js';
import { answerOf, isCorruption } from './problems/failures.js';
import { RequestProblem } from './problems/problem.js';
import { ClientGone } from './request/read-body.js';
import { clientRequestId } from './request/trace.js';

/**
 * Sees one request to its end; `find` says, or throws, what it is answered with. What is found at once is sent at once.
 * Throws or rejects when it could not be sent.
 */
export type Answering = (
  request: IncomingMessage,
  response: ServerResponse,
  find: (exchange: Exchange) => Promise<Answer> | Answer,
) => Promise<void> | undefined;

/** What a request came to. */
interface Found {
  /** Undefined when its client has left. */
  readonly answer: Answer | undefined;
  readonly failure: unknown;
}

/** The outermost layer: every request gets an id, exactly one answer, and one measurement. */
export function createAnswering(services: Services, metrics: Metrics, readiness: Readiness): Answering {
  const { runtime, limits, draining } = services;
  const failed = (failure: unknown, exchange: Exchange): Found => {
    if (isCorruption(failure)) readiness.corrupt();
    const answer = failure instanceof ClientGone ? undefined : answerOf(failure, exchange, limits);
    return { answer, failure };
  };
  const find = (exchange: Exchange, how: Parameters<Answering>[2]): Found | Promise<Found> => {
    try {
      assertHost(exchange);
      const answer = how(exchange);
      if (!(answer instanceof Promise)) return { answer, failure: undefined };
      return answer.then(
        (later) => ({ answer: later, failure: undefined }),
        (error: unknown) => failed(error, exchange),
      );
    } catch (error) {
      return failed(error, exchange);
    }
  };
  const end = (exchange: Exchange, { answer, failure }: Found): Promise<void> | undefined => {
    const sent = exchange.isGone ? undefined : answer;
    try {
      if (sent !== undefined) send(exchange, sent, draining.aborted);
    } catch (error) {
      measure(exchange, { answer, failure: error, sent: undefined });
      throw error;
    }
    if (sent?.stream === undefined) {
      measure(exchange, { answer, failure, sent });
      return undefined;
    }
    return sendStream(exchange, sent.stream).then((broken) =>
      measure(exchange, { answer, failure: broken ?? failure, sent }),
    );
  };
  const sendStream = async (exchange: Exchange, stream: AsyncIterable<string>): Promise<unknown> => {
    const { gone, response } = exchange;
    // Node says nothing to a response that stands behind another one, and the pipeline waits for its word.
    const breakOff = (): void => void (response.closed || response.destroy().emit('close'));
    gone.addEventListener('abort', breakOff);
    try {
      await pipeline(stream, response);
      return undefined;
    } catch (error) {
      if (isCorruption(error)) readiness.corrupt();
      // The answer ends without its end, so that nobody takes it for whole.
      if (!(error instanceof ClientGone) && !exchange.isGone)
        services.logger.error({ requestId: exchange.requestId, err: error }, 'an answer was cut off');
      response.destroy();
      return error;
    }
  };
  const measure = (
    exchange: Exchange,
    { answer, failure, sent }: Found & { readonly sent: Answer | undefined },
  ): void => {
    if (answer?.problem !== undefined) services.ledger.refused(answer.problem);
    const milliseconds = performance.now() - exchange.begun;
    metrics.ended(exchange, sent?.status ?? 'aborted', milliseconds, sent);
    record(services.logger, exchange, { answer, failure, milliseconds, isSent: sent !== undefined });
  };
  return (request, response, how) => {
    metrics.begun();
    const requestId = clientRequestId(request.headers) ?? runtime.ids.commandId();
    const exchange = new Exchange(request, response, requestId);
    const found = find(exchange, how);
    return found instanceof Promise ? found.then((later) => end(exchange, later)) : end(exchange, found);
  };
}

interface Ending {
  readonly answer: Answer | undefined;
  readonly failure: unknown;
  readonly milliseconds: number;
  readonly isSent: boolean;
}

/** One line for a request that failed; for any other only when somebody is debugging. */
function record(logger: Logger, exchange: Exchange, { answer, failure, milliseconds, isSent }: Ending): void {
  const failed = answer?.problem !== undefined && answer.status >= 500;
  if (!failed && !logger.isLevelEnabled('debug')) return;
  const { requestId, request, route } = exchange;
  const line = {
    requestId,
    method: request.method,
    route: route?.path,
    status: answer?.status,
    problem: answer?.problem,
    milliseconds,
  };
  if (failed) logger.error({ ...line, err: failure }, 'request failed');
  else logger.debug(line, isSent ? 'request answered' : 'the client left');
}

/** HTTP/1.1 wants a Host header (RFC 9112 section 3.2); checked here so that the answer is a problem like any other. */
function assertHost({ request }: Exchange): void {
  if (request.headers.host === undefined && request.httpVersion === '1.1')
    throw new RequestProblem('malformed-http', {
      detail: 'The Host header is missing.',
      headers: { connection: 'close' },
    });
}

/** All headers in one list: set one by one, or as an object, each costs a look-up of its name and a check. */
function send(
  { request, response, requestId }: Exchange,
  { status, headers, common, body, stream }: Answer,
  draining: boolean,
): void {
  const list = common === undefined ? listed(headers) : [];
  if (common !== undefined) for (const name in headers) list.push(name, headers[name] ?? '');
  list.push('x-request-id', requestId);
  if (draining && headers.connection === undefined) list.push('connection', 'close');
  if (stream !== undefined) {
    response.writeHead(status, list);
    return;
  }
  const bytes = Buffer.byteLength(body);
  if (status !== 304) list.push('content-length', String(bytes));
  response.writeHead(status, list);
  const isBare = status === 304 || request.method === 'HEAD';
  endAtOnce(response, { headers: common ?? '', ...(isBare ? NO_BODY : { body, bytes }) });
}

const NO_BODY = { body: '', bytes: 0 };
