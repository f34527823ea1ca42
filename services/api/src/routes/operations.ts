import { type Answer, JSON_TYPE, json } from '../answer.js';
import type { Route, Services } from '../exchange.js';
import { createDocs } from '../operations/docs.js';
import type { Metrics } from '../operations/metrics.js';
import { OpenApiText } from '../operations/openapi-text.js';
import type { Readiness } from '../operations/readiness.js';
import { problem } from '../problems/problem.js';
import { isProblemName, PROBLEMS } from '../problems/table.js';

/** Health, metrics and documentation: open to all, and cheap. */
export function operationsRoutes(
  { pathPrefix }: Services,
  {
    metrics,
    readiness,
    serverUrl,
  }: { readonly metrics: Metrics; readonly readiness: Readiness; readonly serverUrl: string },
): Route[] {
  const docs = createDocs(pathPrefix);
  const openApi = new OpenApiText(serverUrl);
  const document = async (): Promise<Answer> => ({
    status: 200,
    headers: { 'content-type': JSON_TYPE, 'cache-control': 'public, max-age=60' },
    body: await openApi.get(),
  });
  const anything = ['*/*'];
  return [
    { method: 'GET', path: '/livez', handle: () => json(200, { status: 'live' }) },
    {
      method: 'GET',
      path: '/readyz',
      handle: async () => {
        const { failing, degraded } = await readiness.look();
        const sealing = readiness.sealing();
        const more = degraded.length === 0 ? { sealing } : { degraded, sealing };
        return failing.length === 0
          ? json(200, { status: 'ready', ...more })
          : json(503, { status: 'not-ready', failing, ...more });
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      produces: anything,
      handle: async () => ({
        status: 200,
        headers: { 'content-type': metrics.contentType },
        body: await metrics.render(),
      }),
    },
    { method: 'GET', path: '/openapi.json', handle: document },
    // Whoever opens the address that the ready line names is shown what there is.
    { method: 'GET', path: '/', produces: anything, handle: () => docs.page() },
    { method: 'GET', path: '/docs', produces: anything, handle: () => docs.page() },
    {
      method: 'GET',
      path: '/docs/{file}',
      produces: anything,
      handle: ({ parameters, requestId }) => docs.file(parameters.file ?? '', requestId),
    },
    {
      method: 'GET',
      path: '/problems/{name}',
      handle: ({ parameters, requestId }) => {
        const { name = '' } = parameters;
        return isProblemName(name)
          ? json(
              200,
              { type: `/problems/${name}`, ...PROBLEMS[name] },
              { 'cache-control': 'public, max-age=3600' },
            )
          : problem('not-found', requestId);
      },
    },
  ];
}
