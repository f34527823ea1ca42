import type { AllocationId } from '@stamp-ledger/domain';
import { json, positionHeader } from '../answer.js';
import { command, settle } from '../command.js';
import type { Route, Services } from '../exchange.js';
import { problem } from '../problems/problem.js';
import { idTarget, noTarget } from '../request/parameters.js';
import * as views from '../views.js';
import { waitAsPreferred } from '../wait.js';

export function allocationRoutes(services: Services): Route[] {
  const { ledger, pathPrefix } = services;
  const request = command(services, {
    path: '/v1/allocations',
    scope: 'issue',
    target: noTarget,
    body: 'request-allocation',
    execute: async ({ body, caller, exchange }) =>
      settle(exchange, await ledger.allocations.request(body, caller), async ({ state }) => {
        if (state.status === 'none') throw new Error('an allocation was requested and is not there');
        const { allocationId } = state;
        const waited = await waitAsPreferred(services, exchange, (signal) =>
          ledger.allocations.settled(allocationId, signal),
        );
        const report = await ledger.allocations.report(allocationId);
        if (report === undefined) throw new Error('an allocation was requested and has no report');
        return json(report.state.status === 'allocated' ? 201 : 202, views.allocation(report), {
          location: `${pathPrefix}/v1/allocations/${allocationId}`,
          ...positionHeader(report.position),
          ...waited,
        });
      }),
  });
  const get: Route = {
    method: 'GET',
    path: '/v1/allocations/{id}',
    scope: 'read',
    handle: async ({ parameters, requestId }) => {
      const allocationId = idTarget<AllocationId>()(parameters);
      const report = await ledger.allocations.report(allocationId);
      return report === undefined
        ? problem('unknown-allocation', requestId)
        : json(200, views.allocation(report));
    },
  };
  return [request, get];
}
