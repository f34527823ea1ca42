import { json, positionHeader } from '../answer.js';
import { command } from '../command.js';
import type { Route, Services } from '../exchange.js';
import { problem } from '../problems/problem.js';
import { idTarget, noTarget } from '../request/parameters.js';

/** Building the read models anew beside the live ones. */
export function rebuildRoutes(services: Services): Route[] {
  const { ledger, pathPrefix } = services;
  return [
    command(services, {
      path: '/v1/rebuilds',
      scope: 'operate',
      target: noTarget,
      body: 'rebuild-read-models',
      bodyOptional: true,
      execute: async ({ caller }) => {
        const status = await ledger.readModels.startRebuild(caller.commandId);
        return json(202, status, {
          location: `${pathPrefix}/v1/rebuilds/${status.rebuildId}`,
          ...positionHeader(await ledger.audit.head()),
        });
      },
    }),
    {
      method: 'GET',
      path: '/v1/rebuilds/{id}',
      scope: 'operate',
      handle: async ({ parameters, requestId }) => {
        const id = idTarget()(parameters);
        const status = await ledger.readModels.rebuild(id);
        return status === undefined ? problem('unknown-rebuild', requestId) : json(200, status);
      },
    },
  ];
}
