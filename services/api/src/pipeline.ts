import type { Context, Middleware } from 'koa';
import { type Answer, JSON_NAME } from './answer.js';
import type { Answering } from './answering.js';
import { authorise } from './authentication/authorise.js';
import type { Exchange, Route, Services } from './exchange.js';
import { problem, RequestProblem } from './problems/problem.js';
import { acceptsAnyJson } from './request/accept.js';
import { readQuery } from './request/query.js';

/** What a route's handler left behind on the context for the outer middleware to send. */
interface Carried {
  exchange: Exchange;
  answer?: Answer;
}

/** Koa as one way of finding an answer: it has nothing left to send itself. */
export const outermost =
  (answering: Answering): Middleware<Carried> =>
  async (context, next) => {
    context.respond = false;
    await answering(context.req, context.res, async (exchange) => {
      context.state.exchange = exchange;
      await next();
      return context.state.answer ?? nothingThere(context, exchange.requestId);
    });
  };

/** Runs one route: what it may answer with, then who asks, no parameter that it does not know, and the route itself. */
export const runRoute =
  (services: Services, route: Route) =>
  async (context: Context & { state: Carried; params: Record<string, string> }): Promise<void> => {
    const { exchange } = context.state;
    exchange.route = route;
    exchange.parameters = context.params;
    exchange.mediaType = chosenType(context, route);
    if (exchange.mediaType === undefined) throw new RequestProblem('not-acceptable');
    context.state.answer = await carryOut(services, route, exchange);
  };

/** One request whose route is known, from who asks to the answer. */
export function carryOut(services: Services, route: Route, exchange: Exchange): Promise<Answer> | Answer {
  const { scope } = route;
  if (scope === undefined) return handle(route, exchange);
  return authorise(services, exchange, scope).then(() => handle(route, exchange));
}

function handle(route: Route, exchange: Exchange): Promise<Answer> | Answer {
  if (route.takesQuery !== true) readQuery(exchange.search, {});
  return route.handle(exchange);
}

/** The first of the route's media types when the client does not mind. */
function chosenType(context: Context, { produces = [JSON_NAME] }: Route): string | undefined {
  const [first] = produces;
  if (first === '*/*' || acceptsAnyJson(context.req.headers)) return first;
  const chosen = context.accepts([...produces]);
  return typeof chosen === 'string' ? chosen : undefined;
}

/** No route took the request: either the path is unknown, or only its method is. */
function nothingThere(context: Context, requestId: string): Answer {
  const matched = (context.matched ?? []) as readonly { readonly methods: readonly string[] }[];
  const allowed = [...new Set(matched.flatMap(({ methods }) => methods))].sort();
  return allowed.length === 0
    ? problem('not-found', requestId)
    : problem('method-not-allowed', requestId, { headers: { allow: allowed.join(', ') } });
}
