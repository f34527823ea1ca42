import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Answering } from './answering.js';
import type { Route } from './exchange.js';
import type { Handler } from './gate/gate.js';
import { acceptsAnyJson } from './request/accept.js';

/** Only what needs no decoding; the route itself says what is a serial. */
const PLAIN_PATH = /^\/v1\/stamps\/([0-9A-Za-z]{1,64})$/;

/**
 * Answers plain look-ups by the route they belong to, without what Koa does to find that: more than half of what such an
 * answer costs. The route, its problems and all that every answer gets are the same; anything unusual is left to `rest`.
 */
export function hotLookUps({
  lookUp,
  answering,
  rest,
  logger,
}: {
  readonly lookUp: Route;
  readonly answering: Answering;
  readonly rest: Handler;
  readonly logger: Logger;
}): Handler {
  const unsent =
    (response: ServerResponse) =>
    (error: unknown): void => {
      logger.error({ err: error }, 'an answer could not be sent');
      response.destroy();
    };
  return (request, response) => {
    const serial = plainLookUp(request);
    if (serial === undefined) return rest(request, response);
    try {
      const sent = answering(request, response, (exchange) => {
        exchange.route = lookUp;
        exchange.parameters = { serial };
        return lookUp.handle(exchange);
      });
      return sent?.catch(unsent(response));
    } catch (error) {
      unsent(response)(error);
      return undefined;
    }
  };
}

function plainLookUp({ method, url = '', headers }: IncomingMessage): string | undefined {
  if (method !== 'GET' || !acceptsAnyJson(headers)) return undefined;
  return PLAIN_PATH.exec(url)?.[1];
}
