import Router from '@koa/router';
import type { Ledger } from '@stamp-ledger/app';
import type { IdempotencyKeys, Runtime } from '@stamp-ledger/ports';
import type { GateConfiguration, Health, Receipts } from '@stamp-ledger/wiring';
import Koa from 'koa';
import type { Logger } from 'pino';
import { createAnswering } from './answering.js';
import type { Authenticator } from './authentication/authenticator.js';
import type { Route, Services } from './exchange.js';
import type { WorkClass } from './gate/classes.js';
import { Gate } from './gate/gate.js';
import { hotRoutes } from './hot-routes.js';
import { HTTP_LIMITS, type HttpLimits } from './limits.js';
import { createMetrics } from './operations/metrics.js';
import { createReadiness } from './operations/readiness.js';
import { outermost, runRoute } from './pipeline.js';
import { allocationRoutes } from './routes/allocations.js';
import { auditRoutes } from './routes/audit.js';
import { batchRoutes } from './routes/batches.js';
import { eventRoutes } from './routes/events.js';
import { incidentRoutes } from './routes/incidents.js';
import { logRoutes } from './routes/log.js';
import { lookUpRoute, lookUpRoutes } from './routes/look-ups.js';
import { operationsRoutes } from './routes/operations.js';
import { orderRoutes } from './routes/orders.js';
import { outageRoutes } from './routes/outage.js';
import { queuePath, queueRoutes } from './routes/queue.js';
import { rebuildRoutes } from './routes/rebuilds.js';
import { searchRoutes } from './routes/search.js';
import { stampRoutes } from './routes/stamps.js';
import { stockPolicyRoutes } from './routes/stock-policies.js';
import { close, createHttpServer, listen } from './server.js';

export interface ApiDependencies {
  readonly ledger: Ledger;
  readonly idempotencyKeys: IdempotencyKeys;
  readonly runtime: Runtime;
  readonly authenticator: Authenticator;
  readonly health: () => Health;
  /** Whether this process writes the read models, or others do. */
  readonly readModels?: 'own' | 'shared';
  readonly logger: Logger;
  /** Absent where no receipts are given. */
  readonly receipts?: Receipts;
  /** Where clients reach the service, when that is not where it listens. Its path goes before every link. */
  readonly publicUrl?: string;
  readonly limits?: Partial<HttpLimits>;
  /** How much is let in; everything is bounded when absent. */
  readonly gate?: GateConfiguration;
}

export interface Api {
  /** Resolves when requests are taken; port 0 picks a free one. */
  listen(address: { readonly host: string; readonly port: number }): Promise<{ readonly url: string }>;
  /** Drains: not ready any more, no new connection, running requests get their answer or the deadline. */
  close(): Promise<void>;
  /** Whether requests of a class have lately been refused at the gate for want of room. */
  keepsOut(work: WorkClass): boolean;
  /** Every route, as method and OpenAPI path. */
  readonly routes: readonly { readonly method: string; readonly path: string; readonly scope?: string }[];
}

/** The HTTP API of a ledger. */
export function createApi(dependencies: ApiDependencies): Api {
  const { ledger, idempotencyKeys, runtime, authenticator, health, logger, publicUrl } = dependencies;
  const limits: HttpLimits = { ...HTTP_LIMITS, ...dependencies.limits };
  const stopping = new AbortController();
  const pathPrefix = publicUrl === undefined ? '' : new URL(publicUrl).pathname.replace(/\/+$/, '');
  const metrics = createMetrics(ledger);
  const gate = new Gate({
    isOn: true,
    ...dependencies.gate,
    limits,
    clock: runtime.clock,
    commits: ledger.commits,
    queue: queuePath(pathPrefix),
    doors: () => ledger.queue.doors(),
    glance: (authorization) => authenticator.glance(authorization),
    onRefused: (problem, count) => {
      ledger.refused(problem, count);
      metrics.refused(problem, count);
    },
    random: Math.random,
  });
  metrics.watch(gate);
  const services: Services = {
    gate,
    ledger,
    idempotencyKeys,
    runtime,
    authenticator,
    logger,
    limits,
    ...(dependencies.receipts && { receipts: dependencies.receipts }),
    pathPrefix,
    draining: stopping.signal,
  };
  const readiness = createReadiness(ledger, { health, readModels: dependencies.readModels ?? 'own' });
  const serverUrl = publicUrl ?? '/';
  const answering = createAnswering(services, metrics, readiness);
  const routes = [
    lookUpRoute(services),
    ...ledgerRoutes(services),
    ...operationsRoutes(services, { metrics, readiness, serverUrl }),
  ];

  const app = new Koa();
  app.silent = true;
  app.on('error', (error) => logger.error({ err: error }, 'an answer could not be sent'));
  app.use(outermost(answering));
  app.use(routerOf(services, routes).routes());
  const handler = hotRoutes(services, { routes, answering, rest: app.callback(), logger });
  const server = createHttpServer(gate.guard(handler), limits, logger);
  return {
    routes: routes.map(({ method, path, scope }) => ({
      method,
      path,
      ...(scope === undefined ? {} : { scope }),
    })),
    keepsOut: (work) => gate.keepsOut(work),
    listen: async (address) => {
      gate.start();
      return { url: await listen(server, address) };
    },
    close: async () => {
      readiness.drain();
      stopping.abort();
      gate.stop();
      await close(server, limits.drainMilliseconds);
    },
  };
}

const ledgerRoutes = (services: Services): readonly Route[] => [
  ...batchRoutes(services),
  ...allocationRoutes(services),
  ...orderRoutes(services),
  ...queueRoutes(services),
  ...stockPolicyRoutes(services),
  ...stampRoutes(services),
  ...lookUpRoutes(services),
  ...auditRoutes(services),
  ...outageRoutes(services),
  ...searchRoutes(services),
  ...incidentRoutes(services),
  ...eventRoutes(services),
  ...rebuildRoutes(services),
  ...logRoutes(services),
];

function routerOf(services: Services, routes: readonly Route[]): Router {
  const router = new Router({ strict: true, sensitive: true });
  for (const route of routes) {
    const path = route.path.replaceAll(/\{(\w+)\}/g, ':$1');
    const paths = route.goesDeeper === true ? [path, `${path}/*deeper`] : [path];
    for (const each of paths) router.register(each, [route.method], runRoute(services, route));
  }
  return router;
}
