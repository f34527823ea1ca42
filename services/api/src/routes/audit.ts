import { toMilliseconds } from '@stamp-ledger/codec';
import type { BatchId, Channel, Money } from '@stamp-ledger/domain';
import type {
  InventoryFilter,
  InventoryGroup,
  MoneyConservation,
  OrderCursor,
  PaymentCursor,
  PaymentView,
} from '@stamp-ledger/ports';
import { json } from '../answer.js';
import type { Route, Services } from '../exchange.js';
import {
  amount,
  channel,
  currency,
  cursor,
  id,
  instant,
  integer,
  moment,
  paymentCursor,
  paymentReference,
  readQuery,
} from '../request/query.js';
import * as views from '../views.js';

export function auditRoutes(services: Services): Route[] {
  return [inventory(services), conservation(services), unfulfilled(services), payments(services)];
}

const INVENTORY = { channel, denomination: amount, currency, batchId: id<BatchId>(), asOf: moment };
const STATES = ['inStock', 'allocated', 'sold', 'reserved', 'outcomeUnknown', 'affixed', 'voided'] as const;

function inventory({ ledger }: Services): Route {
  return {
    method: 'GET',
    path: '/v1/inventory',
    scope: 'read',
    takesQuery: true,
    handle: async ({ search }) => {
      const { asOf: at, denomination, channel: name, ...rest } = readQuery(search, INVENTORY);
      const filter: InventoryFilter = {
        ...rest,
        ...(name === undefined ? {} : { channel: name as Channel }),
        ...(denomination === undefined ? {} : { amount: denomination }),
      };
      const { asOf, groups } = await ledger.audit.inventory(filter, at);
      return json(200, { asOf, groups, totals: totals(groups) });
    },
  };
}

function totals(groups: readonly InventoryGroup[]): Record<string, number> {
  return Object.fromEntries(
    STATES.map((state) => [state, groups.reduce((sum, group) => sum + group[state], 0)]),
  );
}

/** The currency shown first, and alone when there is no other. */
const HOME_CURRENCY = 'IDR';

function conservation({ ledger }: Services): Route {
  return {
    method: 'GET',
    path: '/v1/audit/conservation',
    scope: 'audit',
    takesQuery: true,
    handle: async ({ search }) => {
      const { asOf: at } = readQuery(search, { asOf: moment });
      const { asOf, groups, money } = await ledger.audit.conservation(at);
      const main =
        money.find((each) => each.currency === HOME_CURRENCY) ?? money[0] ?? nothing(HOME_CURRENCY);
      const others = money.filter((each) => each !== main);
      return json(200, {
        asOf,
        groups,
        money: main,
        otherCurrencies: others.length === 0 ? undefined : others,
      });
    },
  };
}

function nothing(code: string): MoneyConservation {
  const zero: Money = { amount: '0', currency: code };
  return { currency: code, paid: zero, fulfilled: zero, pending: zero, refunded: zero, difference: zero };
}

function unfulfilled({ ledger, runtime, limits }: Services): Route {
  const shape = { after: cursor, limit: integer(1, limits.listPage) };
  return {
    method: 'GET',
    path: '/v1/audit/unfulfilled',
    scope: 'audit',
    takesQuery: true,
    handle: async ({ search }) => {
      const { after, limit = limits.listPageDefault } = readQuery(search, shape);
      const rows = await ledger.audit.unfulfilled({
        limit,
        ...(after === undefined ? {} : { after: after as OrderCursor }),
      });
      const now = toMilliseconds(runtime.clock.now());
      const next = rows.length === limit ? rows.at(-1)?.cursor : undefined;
      return json(200, { orders: rows.map((row) => views.unfulfilledOrder(row, now)), next });
    },
  };
}

/** Payments that the ledger took, for whoever compares them with those of a payment provider. */
function payments({ ledger, limits }: Services): Route {
  const shape = {
    reference: paymentReference,
    from: instant,
    to: instant,
    after: paymentCursor,
    limit: integer(1, limits.listPage),
  };
  return {
    method: 'GET',
    path: '/v1/audit/payments',
    scope: 'audit',
    takesQuery: true,
    handle: async ({ search }) => {
      const { after, limit = limits.listPageDefault, ...filter } = readQuery(search, shape);
      const rows = await ledger.audit.payments(filter, {
        limit,
        ...(after === undefined ? {} : { after: after as string as PaymentCursor }),
      });
      const next = rows.length === limit ? rows.at(-1)?.cursor : undefined;
      return json(200, { payments: rows.map(shownPayment), next });
    },
  };
}

function shownPayment({ reference, amount: money, paidAt, recordedAt, ...rest }: PaymentView) {
  const { position, channel: seller, subject, status } = rest;
  return { reference, ...money, paidAt, recordedAt, position, channel: seller, ...subject, status };
}
