import type { Channel, CommandId, IncidentId, OrderId } from '@stamp-ledger/domain';
import type { EventFilter } from '@stamp-ledger/ports';
import { json } from '../answer.js';
import type { Route, Services } from '../exchange.js';
import {
  channel,
  eventTypes,
  holder,
  id,
  instant,
  integer,
  position,
  readQuery,
  sha256,
  uuid,
} from '../request/query.js';
import * as views from '../views.js';

/** Events by what they are about: an order, a holder, a document, a channel, a command, an incident, a time. */
export function searchRoutes({ ledger, limits }: Services): Route[] {
  const shape = {
    orderId: id<OrderId>(),
    holder,
    documentSha256: sha256,
    channel,
    commandId: uuid,
    correlationId: uuid,
    incidentId: id<IncidentId>(),
    types: eventTypes,
    from: instant,
    to: instant,
    after: position,
    limit: integer(1, limits.listPage),
  };
  return [
    {
      method: 'GET',
      path: '/v1/audit/events',
      scope: 'audit',
      takesQuery: true,
      handle: async ({ search }) => {
        const { after, limit = limits.listPageDefault, ...asked } = readQuery(search, shape);
        const { channel: name, commandId, ...rest } = asked;
        const filter: EventFilter = {
          ...rest,
          ...(name === undefined ? {} : { channel: name as Channel }),
          ...(commandId === undefined ? {} : { commandId: commandId as CommandId }),
        };
        const events = await ledger.audit.search(filter, {
          limit,
          ...(after === undefined ? {} : { after }),
        });
        const next = events.length === limit ? events.at(-1)?.event.position : undefined;
        return json(200, { events: events.map(views.historyEvent), next });
      },
    },
  ];
}
