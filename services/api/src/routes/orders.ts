import type { OrderReport, Outcome } from '@stamp-ledger/app';
import type { OrderId, OrderState } from '@stamp-ledger/domain';
import { type Answer, json, positionHeader } from '../answer.js';
import { command, settle } from '../command.js';
import type { Exchange, Route, Services } from '../exchange.js';
import { problem } from '../problems/problem.js';
import { idTarget, noTarget } from '../request/parameters.js';
import * as views from '../views.js';
import { waitAsPreferred } from '../wait.js';
import { admitted } from './queue.js';

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
    execute: async ({ body, caller, exchange }) => {
      const { orderId: id, hasTicket } = await admitted(services, exchange, body, caller);
      const placed = await ledger.orders.place({ ...body, orderId: id }, caller, { hasTicket });
      return settle(exchange, placed, async ({ state }) => {
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
          ...positionHeader(report.position),
          ...waited,
        });
      });
    },
  });
}

/** The report of an order that the caller may see: one of another channel is answered like one that does not exist. */
async function visible(
  { ledger }: Services,
  { principal }: Exchange,
  id: OrderId,
): Promise<OrderReport | undefined> {
  const report = await ledger.orders.report(id);
  const acting = principal?.channel;
  return acting === undefined || report?.state.channel === acting ? report : undefined;
}

function getOrder(services: Services): Route {
  return {
    method: 'GET',
    path: '/v1/orders/{id}',
    scope: 'sell',
    handle: async (exchange) => {
      const report = await visible(services, exchange, idTarget<OrderId>()(exchange.parameters));
      return report === undefined
        ? problem('unknown-order', exchange.requestId)
        : json(200, views.order(report));
    },
  };
}

function orderChanges(services: Services): Route[] {
  const { orders } = services.ledger;
  const target = idTarget<OrderId>();
  const scope = 'sell';
  const change = async (
    exchange: Exchange,
    id: OrderId,
    execute: () => Promise<Outcome<OrderState>>,
  ): Promise<Answer> => {
    // Only a token of one channel can meet an order that is not its own.
    const bound = exchange.principal?.channel !== undefined;
    if (bound && (await visible(services, exchange, id)) === undefined)
      return problem('unknown-order', exchange.requestId);
    return settle(exchange, await execute(), async () => {
      const report = await orders.report(id);
      if (report === undefined) throw new Error('an order was changed and has no report');
      return json(200, views.order(report), positionHeader(report.position));
    });
  };
  return [
    command(services, {
      path: '/v1/orders/{id}/payments',
      scope,
      target,
      body: 'pay-order',
      execute: async ({ target: id, body, caller, exchange }) =>
        change(exchange, id, () => orders.pay(id, body, caller)),
    }),
    command(services, {
      path: '/v1/orders/{id}/cancellation',
      scope,
      target,
      body: 'cancel-order',
      bodyOptional: true,
      execute: async ({ target: id, body, caller, exchange }) =>
        change(exchange, id, () => orders.cancel(id, body, caller)),
    }),
    command(services, {
      path: '/v1/orders/{id}/refund',
      scope,
      target,
      body: 'refund-order',
      execute: async ({ target: id, body, caller, exchange }) =>
        change(exchange, id, () => orders.refund(id, body, caller)),
    }),
  ];
}
