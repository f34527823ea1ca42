import type { Context, Middleware } from 'koa';
import type { Logger } from 'pino';
import { type Answer, SAFE_HEADERS } from './answer.js';
import { authorise } from './authentication/authorise.js';
import { Exchange, type Route, type Services } from './exchange.js';
import type { Metrics } from './operations/metrics.js';
import type { Readiness } from './operations/readiness.js';
import { answerOf, isCorruption } from './problems/failures.js';
import { problem, RequestProblem } from './problems/problem.js';
import { readQuery } from './request/query.js';
import { ClientGone } from './request/read-body.js';
import { clientRequestId } from './request/trace.js';

/** What a route's handler left behind on the context for the outer middleware to send. */
interface Carried {
  exchange: Exchange;
  answer?: Answer;
}

/** The outermost layer: every request gets an id, exactly one answer, and one measurement. */
export function outermost(services: Services, metrics: Metrics, readiness: Readiness): Middleware<Carried> {
  const { runtime, limits, draining } = services;
  return async (context, next) => {
    const begun = performance.now();
    metrics.begun();
    const requestId = clientRequestId(context.req.headers) ?? runtime.ids.commandId();
    const exchange = new Exchange(context.req, context.res, requestId);
    context.state.exchange = exchange;
    let answer: Answer | undefined;
    let failure: unknown;
    try {
      assertHost(exchange);
      await next();
      answer = context.state.answer ?? nothingThere(context, requestId);
    } catch (error) {
      failure = error;
      if (isCorruption(error)) readiness.corrupt();
      if (!(error instanceof ClientGone)) answer = answerOf(error, exchange, limits);
    }
    // Koa has nothing left to send: the answer is complete, or there is nobody to send it to.
    context.respond = false;
    const sent = exchange.isGone ? undefined : answer;
    if (sent !== undefined) send(context, sent, requestId, draining.aborted);
    if (answer?.problem !== undefined) services.ledger.refused(answer.problem);
    const milliseconds = performance.now() - begun;
    metrics.ended(exchange, sent?.status ?? 'aborted', milliseconds, sent);
    record(services.logger, exchange, { answer, failure, milliseconds, isSent: sent !== undefined });
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

/** Runs one route: what it may answer with, who asks, no parameter that it does not know, then the route itself. */
export const runRoute =
  (services: Services, route: Route) =>
  async (context: Context & { state: Carried; params: Record<string, string> }): Promise<void> => {
    const { exchange } = context.state;
    exchange.route = route;
    exchange.parameters = context.params;
    if (!accepts(context, route)) throw new RequestProblem('not-acceptable');
    if (route.scope !== undefined) await authorise(services, exchange, route.scope);
    if (route.takesQuery !== true) readQuery(exchange.search, {});
    context.state.answer = await route.handle(exchange);
  };

function accepts(context: Context, { produces }: Route): boolean {
  const header = context.req.headers.accept;
  if (header === undefined || header === '*/*' || header === 'application/json' || produces?.[0] === '*/*')
    return true;
  return context.accepts([...(produces ?? ['application/json'])]) !== false;
}

/** No route took the request: either the path is unknown, or only its method is. */
function nothingThere(context: Context, requestId: string): Answer {
  const matched = (context.matched ?? []) as readonly { readonly methods: readonly string[] }[];
  const allowed = [...new Set(matched.flatMap(({ methods }) => methods))].sort();
  return allowed.length === 0
    ? problem('not-found', requestId)
    : problem('method-not-allowed', requestId, { headers: { allow: allowed.join(', ') } });
}

function send(
  context: Context,
  { status, headers, body }: Answer,
  requestId: string,
  draining: boolean,
): void {
  const { res } = context;
  for (const name in SAFE_HEADERS) res.setHeader(name, SAFE_HEADERS[name] ?? '');
  for (const name in headers) res.setHeader(name, headers[name] ?? '');
  res.setHeader('x-request-id', requestId);
  if (draining) res.setHeader('connection', 'close');
  res.statusCode = status;
  if (status === 304) {
    res.end();
    return;
  }
  res.setHeader('content-length', Buffer.byteLength(body));
  res.end(context.method === 'HEAD' ? undefined : body);
}
