import { json } from '../answer.js';
import type { Route, Services } from '../exchange.js';
import { eventTypes, integer, position, readQuery, streamName } from '../request/query.js';
import * as views from '../views.js';

/** Every event in global order, page by page: what a subscriber needs to never miss one. */
export function eventRoutes({ ledger, limits }: Services): Route[] {
  const shape = {
    after: position,
    limit: integer(1, limits.eventsPage),
    types: eventTypes,
    stream: streamName,
  };
  return [
    {
      method: 'GET',
      path: '/v1/events',
      scope: 'subscribe',
      takesQuery: true,
      handle: async ({ search }) => {
        const { limit = limits.eventsPageDefault, ...filter } = readQuery(search, shape);
        const { events, next } = await ledger.audit.events({ ...filter, limit });
        return json(200, { events: events.map(views.historyEvent), next });
      },
    },
  ];
}
