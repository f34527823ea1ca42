import { money } from '@stamp-ledger/app';
import { json, positionHeader } from '../answer.js';
import { command, settle } from '../command.js';
import type { Route, Services } from '../exchange.js';
import { noTarget } from '../request/parameters.js';
import * as views from '../views.js';

/** When the stock of a channel is low, and what is then allocated to it without asking. */
export function stockPolicyRoutes(services: Services): Route[] {
  const { stock } = services.ledger;
  return [
    command(services, {
      path: '/v1/stock-policies',
      scope: 'issue',
      target: noTarget,
      body: 'set-stock-policy',
      execute: async ({ body, caller, exchange }) =>
        settle(exchange, await stock.setPolicy(body, caller), ({ changed, state, position }) => {
          const policy = [...state.values()].find(
            ({ channel, denomination }) =>
              channel === body.channel && money.equals(denomination, body.denomination),
          );
          if (policy === undefined) throw new Error('a stock policy was set and is not there');
          return json(changed ? 201 : 200, views.stockPolicy(policy), positionHeader(position));
        }),
    }),
    {
      method: 'GET',
      path: '/v1/stock-policies',
      scope: 'read',
      handle: async () => json(200, { policies: (await stock.watched()).map(views.watchedStock) }),
    },
  ];
}
