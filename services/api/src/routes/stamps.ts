import type { Outcome } from '@stamp-ledger/app';
import type { Position } from '@stamp-ledger/codec';
import type { Serial, StampState } from '@stamp-ledger/domain';
import { type Answer, json, positionHeader } from '../answer.js';
import { command, removal, settle } from '../command.js';
import type { Exchange, Route, Services } from '../exchange.js';
import { serialTarget as target } from '../request/parameters.js';
import { waitAsPreferred } from '../wait.js';

/** 201 when the command changed the stamp, now or when it was first sent; 200 when it was so already. */
const answer = (
  services: Services,
  exchange: Exchange,
  serial: Serial,
  outcome: Outcome<StampState>,
  changedStatus: 200 | 201 = 201,
): Promise<Answer> =>
  settle(exchange, outcome, async ({ changed, state, revision, position }) =>
    json(
      changed ? changedStatus : 200,
      { serial, revision, state: state.stage },
      { ...positionHeader(position), ...(await sealedAsPreferred(services, exchange, position)) },
    ),
  );

/** With `Prefer: wait=N` the answer waits until what it tells is in the published log, and says whether it is. */
async function sealedAsPreferred(
  services: Services,
  exchange: Exchange,
  position: Position,
): Promise<Record<string, string>> {
  const { sealing } = services.ledger;
  if (sealing === undefined) return {};
  let isSealed = false;
  const applied = await waitAsPreferred(services, exchange, async (signal) => {
    isSealed = await sealing.whenSealed(position, signal);
  });
  return Object.keys(applied).length === 0 ? {} : { ...applied, 'ledger-sealed': String(isSealed) };
}

export function stampRoutes(services: Services): Route[] {
  return [
    ...affixRoutes(services),
    ...outcomeRoutes(services),
    ...issuerRoutes(services),
    saleRoute(services),
  ];
}

function saleRoute(services: Services): Route {
  const { stamps } = services.ledger;
  return command(services, {
    path: '/v1/stamps/{serial}/sale',
    scope: 'sell',
    target,
    body: 'sell-stamp',
    execute: async ({ target: serial, body, caller, exchange }) =>
      answer(services, exchange, serial, await stamps.sell(serial, body, caller)),
  });
}

function affixRoutes(services: Services): Route[] {
  const { stamps } = services.ledger;
  return [
    command(services, {
      path: '/v1/stamps/{serial}/reservation',
      scope: 'affix',
      target,
      body: 'reserve-stamp',
      execute: async ({ target: serial, body, caller, exchange }) =>
        answer(services, exchange, serial, await stamps.reserve(serial, body, caller)),
    }),
    removal(services, {
      path: '/v1/stamps/{serial}/reservation',
      scope: 'affix',
      target,
      execute: async ({ target: serial, caller, exchange }) =>
        answer(services, exchange, serial, await stamps.release(serial, caller), 200),
    }),
    command(services, {
      path: '/v1/stamps/{serial}/affixation',
      scope: 'affix',
      target,
      body: 'affix-stamp',
      execute: async ({ target: serial, body, caller, exchange }) =>
        answer(services, exchange, serial, await stamps.affix(serial, body, caller)),
    }),
  ];
}

function outcomeRoutes(services: Services): Route[] {
  const { stamps } = services.ledger;
  return [
    command(services, {
      path: '/v1/stamps/{serial}/outcome-unknown',
      scope: 'affix',
      target,
      body: 'report-outcome-unknown',
      bodyOptional: true,
      execute: async ({ target: serial, body, caller, exchange }) =>
        answer(services, exchange, serial, await stamps.reportOutcomeUnknown(serial, body, caller)),
    }),
    command(services, {
      path: '/v1/stamps/{serial}/outcome',
      scope: 'affix',
      target,
      body: 'resolve-outcome',
      execute: async ({ target: serial, body, caller, exchange }) =>
        answer(services, exchange, serial, await stamps.resolveOutcome(serial, body, caller)),
    }),
  ];
}

function issuerRoutes(services: Services): Route[] {
  const { stamps } = services.ledger;
  return [
    command(services, {
      path: '/v1/stamps/{serial}/void',
      scope: 'issue',
      target,
      body: 'void-stamp',
      execute: async ({ target: serial, body, caller, exchange }) =>
        answer(services, exchange, serial, await stamps.void(serial, body, caller)),
    }),
    command(services, {
      path: '/v1/stamps/{serial}/deallocation',
      scope: 'issue',
      target,
      body: 'deallocate-stamp',
      execute: async ({ target: serial, body, caller, exchange }) =>
        answer(services, exchange, serial, await stamps.deallocate(serial, body, caller)),
    }),
    command(services, {
      path: '/v1/stamps/{serial}/corrections',
      scope: 'issue',
      target,
      body: 'correct-event',
      execute: async ({ target: serial, body, caller, exchange }) =>
        answer(services, exchange, serial, await stamps.correct(serial, body, caller)),
    }),
  ];
}
