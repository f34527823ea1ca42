import type { IncidentId } from '@stamp-ledger/domain';
import { json, positionHeader } from '../answer.js';
import { command, settle } from '../command.js';
import type { Route, Services } from '../exchange.js';
import { invalidParameter, problem } from '../problems/problem.js';
import { idTarget, noTarget } from '../request/parameters.js';
import { id, integer, readQuery } from '../request/query.js';
import * as views from '../views.js';

export function incidentRoutes(services: Services): Route[] {
  return [...incidentCommands(services), ...incidentQueries(services)];
}

function incidentCommands(services: Services): Route[] {
  const { incidents } = services.ledger;
  return [
    command(services, {
      path: '/v1/incidents',
      scope: 'audit',
      target: noTarget,
      body: 'open-incident',
      execute: async ({ body, caller, exchange }) =>
        settle(exchange, await incidents.open(body, caller), ({ changed, state, revision, position }) => {
          if (state.status === 'none') throw new Error('an incident was opened and is not there');
          return json(
            changed ? 201 : 200,
            { ...views.incident(state), revision },
            {
              location: `${services.pathPrefix}/v1/incidents/${state.incidentId}`,
              ...positionHeader(position),
            },
          );
        }),
    }),
    command(services, {
      path: '/v1/incidents/{id}/closure',
      scope: 'audit',
      target: idTarget<IncidentId>(),
      body: 'close-incident',
      bodyOptional: true,
      execute: async ({ target, body, caller, exchange }) =>
        settle(
          exchange,
          await incidents.close(target, body, caller),
          ({ changed, state, revision, position }) => {
            if (state.status === 'none') throw new Error('an incident was closed and is not there');
            return json(
              changed ? 201 : 200,
              { ...views.incident(state), revision },
              positionHeader(position),
            );
          },
        ),
    }),
  ];
}

function incidentQueries({ ledger, limits }: Services): Route[] {
  const shape = { after: id<IncidentId>(), limit: integer(1, limits.listPage) };
  return [
    {
      method: 'GET',
      path: '/v1/incidents',
      scope: 'audit',
      takesQuery: true,
      handle: async ({ search }) => {
        const { limit = limits.listPageDefault, ...after } = readQuery(search, shape);
        if (after.after !== undefined && (await ledger.incidents.get(after.after)) === undefined)
          throw invalidParameter('after', 'must be the `next` of an earlier page');
        const incidents = await ledger.incidents.list({ ...after, limit });
        const next = incidents.length === limit ? incidents.at(-1)?.incidentId : undefined;
        return json(200, { incidents, next });
      },
    },
    {
      method: 'GET',
      path: '/v1/incidents/{id}',
      scope: 'audit',
      handle: async ({ parameters, requestId }) => {
        const incidentId = idTarget<IncidentId>()(parameters);
        const state = await ledger.incidents.get(incidentId);
        return state === undefined
          ? problem('unknown-incident', requestId)
          : json(200, views.incident(state));
      },
    },
  ];
}
