import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Answering } from './answering.js';
import type { Route, Services } from './exchange.js';
import type { Handler } from './gate/gate.js';
import { carryOut } from './pipeline.js';
import { acceptsAnyJson } from './request/accept.js';
import type { PathParameters } from './request/parameters.js';

/** What a rush is made of. */
const HOT: ReadonlySet<string> = new Set([
  'GET /v1/stamps/{serial}',
  'POST /v1/stamps/{serial}/sale',
  'POST /v1/stamps/{serial}/reservation',
  'POST /v1/stamps/{serial}/affixation',
  'POST /v1/orders',
  'POST /v1/verifications',
  'POST /v1/queue',
  'GET /v1/queue/{ticket}',
]);

/**
 * Answers the plain requests of a rush by the routes they belong to, without what Koa does to find those: more than half of
 * what a look-up costs. The route, its problems and all that every answer gets are the same; anything unusual is left to
 * `rest`.
 */
export function hotRoutes(
  services: Services,
  {
    routes,
    answering,
    rest,
    logger,
  }: {
    readonly routes: readonly Route[];
    readonly answering: Answering;
    readonly rest: Handler;
    readonly logger: Logger;
  },
): Handler {
  const plain = routes
    .filter(({ method, path }) => HOT.has(`${method} ${path}`))
    .map((route) => plainRoute(route, routes));
  const unsent =
    (response: ServerResponse) =>
    (error: unknown): void => {
      logger.error({ err: error }, 'an answer could not be sent');
      response.destroy();
    };
  return (request, response) => {
    const found = find(plain, request);
    if (found === undefined) return rest(request, response);
    try {
      const sent = answering(request, response, (exchange) => {
        exchange.route = found.route;
        exchange.parameters = found.parameters;
        return carryOut(services, found.route, exchange);
      });
      return sent?.catch(unsent(response));
    } catch (error) {
      unsent(response)(error);
      return undefined;
    }
  };
}

interface PlainRoute {
  readonly route: Route;
  /** The path around its parameter: all of it, and undefined, where there is none. */
  readonly before: string;
  readonly after: string | undefined;
  readonly parameter: string;
  /** Paths of other routes that would be taken for this one: `openings` is no ticket. */
  readonly except: ReadonlySet<string>;
}

/** What needs no decoding (RFC 3986, unreserved characters); the route itself says what is a serial or a ticket. */
const PLAIN = /^[\w.~-]{1,1024}$/;
const PARAMETER = /\{(\w+)\}/;

function plainRoute(route: Route, routes: readonly Route[]): PlainRoute {
  const [before = '', parameter = '', after] = route.path.split(PARAMETER);
  const others = routes.filter((other) => other !== route && other.method === route.method);
  const plain = { route, before, after, parameter };
  return {
    ...plain,
    except: new Set(others.map(({ path }) => path).filter((path) => parametersOf(plain, path) !== undefined)),
  };
}

const NO_PARAMETERS: PathParameters = {};

/** Undefined for a path that is not the route's, or not plain. */
function parametersOf(
  { before, after, parameter }: Omit<PlainRoute, 'except'>,
  url: string,
): PathParameters | undefined {
  if (after === undefined) return url === before ? NO_PARAMETERS : undefined;
  if (!url.startsWith(before) || !url.endsWith(after)) return undefined;
  const value = url.slice(before.length, url.length - after.length);
  return PLAIN.test(value) ? { [parameter]: value } : undefined;
}

function find(
  plain: readonly PlainRoute[],
  { method, url = '', headers }: IncomingMessage,
): { readonly route: Route; readonly parameters: PathParameters } | undefined {
  if (!acceptsAnyJson(headers)) return undefined;
  for (const each of plain) {
    const parameters = each.route.method === method ? parametersOf(each, url) : undefined;
    if (parameters !== undefined) return each.except.has(url) ? undefined : { route: each.route, parameters };
  }
  return undefined;
}
