import type { Outcome } from '@stamp-ledger/app';
import type { OrderId, OrderState } from '@stamp-ledger/domain';
import { type Answer, json, positionHeader } from '../answer.js';
import { command, settle } from '../command.js';
import type { Exchange, Route, Services } from '../exchange.js';
import { problem } from '../problems/problem.js';
import { idTarget, noTarget } from '../request/parameters.js';
import { readQuery } from '../request/query.js';
import * as views from '../views.js';
import { waitAsPreferred } from '../wait.js';

export function orderRoutes(services: Services): Route[] {
  return [placeOrder(services), getOrder(services), ...orderChanges(services)];
}

function placeOrder(services: Services): Route {
  const { ledger, pathPrefix } = services;
  return command(services, {
    path: '/v1/orders',
    scope: 'sell',
    target: noTarget,
    body: 'place-order',
    execute: async ({ body, caller, exchange }) =>
      settle(exchange, await ledger.orders.place(body, caller), async ({ state, position }) => {
        if (state.status === 'none') throw new Error('an order was placed and is not there');
        const { orderId } = state;
        // An order that nobody has paid will not be settled by waiting for it.
        const waited =
          state.status === 'paid'
            ? await waitAsPreferred(services, exchange, (signal) => ledger.orders.settled(orderId, signal))
            : {};
        const report = await ledger.orders.report(orderId);
        if (report === undefined) throw new Error('an order was placed and has no report');
        return json(report.state.status === 'fulfilled' ? 201 : 202, views.order(report), {
          location: `${pathPrefix}/v1/orders/${orderId}`,
          ...positionHeader(position),
          ...waited,
        });
      }),
  });
}

/** An order of another channel is answered like one that does not exist. */
function getOrder({ ledger }: Services): Route {
  return {
    method: 'GET',
    path: '/v1/orders/{id}',
    scope: 'sell',
    handle: async ({ parameters, search, requestId, principal }) => {
      const orderId = idTarget<OrderId>()(parameters);
      readQuery(search, {});
      const report = await ledger.orders.report(orderId);
      const acting = principal?.channel;
      if (report === undefined || (acting !== undefined && report.state.channel !== acting))
        return problem('unknown-order', requestId);
      return json(200, views.order(report));
    },
  };
}

function orderChanges(services: Services): Route[] {
  const { orders } = services.ledger;
  const target = idTarget<OrderId>();
  const scope = 'sell';
  const answer = (exchange: Exchange, id: OrderId, outcome: Outcome<OrderState>): Promise<Answer> =>
    settle(exchange, outcome, async ({ position }) => {
      const report = await orders.report(id);
      if (report === undefined) throw new Error('an order was changed and has no report');
      return json(200, views.order(report), positionHeader(position));
    });
  return [
    command(services, {
      path: '/v1/orders/{id}/payments',
      scope,
      target,
      body: 'pay-order',
      execute: async ({ target: id, body, caller, exchange }) =>
        answer(exchange, id, await orders.pay(id, body, caller)),
    }),
    command(services, {
      path: '/v1/orders/{id}/cancellation',
      scope,
      target,
      body: 'cancel-order',
      bodyOptional: true,
      execute: async ({ target: id, body, caller, exchange }) =>
        answer(exchange, id, await orders.cancel(id, body, caller)),
    }),
    command(services, {
      path: '/v1/orders/{id}/refund',
      scope,
      target,
      body: 'refund-order',
      execute: async ({ target: id, body, caller, exchange }) =>
        answer(exchange, id, await orders.refund(id, body, caller)),
    }),
  ];
}
