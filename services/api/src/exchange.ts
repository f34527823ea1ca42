import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Ledger } from '@stamp-ledger/app';
import type { IdempotencyKeys, Runtime } from '@stamp-ledger/ports';
import type { Receipts } from '@stamp-ledger/wiring';
import type { Logger } from 'pino';
import type { Answer } from './answer.js';
import type { Authenticator, Principal, Scope } from './authentication/authenticator.js';
import type { Gate } from './gate/gate.js';
import type { HttpLimits } from './limits.js';
import type { PathParameters } from './request/parameters.js';
import { traceId } from './request/trace.js';

/** What the routes work with. */
export interface Services {
  readonly ledger: Ledger;
  readonly idempotencyKeys: IdempotencyKeys;
  readonly runtime: Runtime;
  readonly authenticator: Authenticator;
  readonly logger: Logger;
  readonly limits: HttpLimits;
  /** What stands before everything, and knows what the ledger can do. */
  readonly gate: Gate;
  /** Absent where no receipts are given. */
  readonly receipts?: Receipts;
  /** What comes before `/v1` in a link: the path of the public URL. */
  readonly pathPrefix: string;
  /** Aborts when the service begins to stop: waits end early, commands do not. */
  readonly draining: AbortSignal;
}

/** One call of the API. Paths are written as in OpenAPI: `/v1/orders/{id}`. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** Absent for what anyone may read. */
  readonly scope?: Scope;
  /** True when the handler reads the query string itself. All other routes have no parameters there, and refuse any. */
  readonly takesQuery?: true;
  /** True when the last parameter may be followed by more of a path, which the handler reads itself. */
  readonly goesDeeper?: true;
  /** Media types of a good answer; JSON when absent. */
  readonly produces?: readonly string[];
  handle(exchange: Exchange): Promise<Answer> | Answer;
}

/** One request on its way, and what is known of it so far. */
export class Exchange {
  route: Route | undefined;
  parameters: PathParameters = {};
  principal: Principal | undefined;
  /** Which of the route's media types the client likes best. */
  mediaType: string | undefined;
  /** True once a command may have reached the log. */
  commandStarted = false;
  readonly begun = performance.now();
  #gone: AbortController | undefined;

  constructor(
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
    readonly requestId: string,
  ) {}

  /** What follows the `?`. */
  get search(): string {
    const url = this.request.url ?? '';
    const mark = url.indexOf('?');
    return mark < 0 ? '' : url.slice(mark + 1);
  }

  get correlationId(): string {
    return traceId(this.request.headers) ?? this.requestId;
  }

  /** Aborts when the client leaves before it has its answer. For reads and waits; a command is never given up half-way. */
  get gone(): AbortSignal {
    if (this.#gone === undefined) {
      const controller = new AbortController();
      this.#gone = controller;
      if (this.isGone) controller.abort();
      else {
        const { request, response } = this;
        const look = (): void => {
          request.socket.off('close', look);
          response.off('close', look);
          if (this.isGone) controller.abort();
        };
        response.once('close', look);
        // A response that stands behind another one is told nothing when their connection breaks.
        request.socket.once('close', look);
      }
    }
    return this.#gone.signal;
  }

  get isGone(): boolean {
    const { request, response } = this;
    return (response.destroyed || request.socket.destroyed) && !response.writableFinished;
  }
}
