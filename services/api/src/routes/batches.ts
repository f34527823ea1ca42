import type { BatchId } from '@stamp-ledger/domain';
import { json, positionHeader } from '../answer.js';
import { command, settle } from '../command.js';
import type { Route, Services } from '../exchange.js';
import { problem } from '../problems/problem.js';
import { idTarget, noTarget } from '../request/parameters.js';
import * as views from '../views.js';
import { waitAsPreferred } from '../wait.js';

export function batchRoutes(services: Services): Route[] {
  const { ledger, pathPrefix } = services;
  const open = command(services, {
    path: '/v1/batches',
    scope: 'issue',
    target: noTarget,
    body: 'open-batch',
    execute: async ({ body, caller, exchange }) =>
      settle(exchange, await ledger.batches.open(body, caller), async ({ state }) => {
        if (state.status === 'none') throw new Error('a batch was opened and is not there');
        const { batchId } = state;
        const waited = await waitAsPreferred(services, exchange, (signal) =>
          ledger.batches.settled(batchId, signal),
        );
        const report = await ledger.batches.report(batchId);
        if (report === undefined) throw new Error('a batch was opened and has no report');
        return json(report.state.status === 'minted' ? 201 : 202, views.batch(report), {
          location: `${pathPrefix}/v1/batches/${batchId}`,
          ...positionHeader(report.position),
          ...waited,
        });
      }),
  });
  const get: Route = {
    method: 'GET',
    path: '/v1/batches/{id}',
    scope: 'read',
    handle: async ({ parameters, requestId }) => {
      const batchId = idTarget<BatchId>()(parameters);
      const report = await ledger.batches.report(batchId);
      return report === undefined ? problem('unknown-batch', requestId) : json(200, views.batch(report));
    },
  };
  return [open, get];
}
