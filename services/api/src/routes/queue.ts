import type { Admission, Caller, GivenTicket, Outcome, TicketReport } from '@stamp-ledger/app';
import type { OpeningId, PlaceOrder, QueueState } from '@stamp-ledger/domain';
import { LIMITS } from '@stamp-ledger/ports';
import { type Answer, json, positionHeader } from '../answer.js';
import { command, settle } from '../command.js';
import type { Exchange, Route, Services } from '../exchange.js';
import { waitingRoomLink } from '../gate/refusals.js';
import type { HttpLimits } from '../limits.js';
import { retryAfter } from '../problems/failures.js';
import { problem, RequestProblem } from '../problems/problem.js';
import { idTarget, noTarget } from '../request/parameters.js';
import * as views from '../views.js';

/** Longest ticket, in characters: a room, a channel, an order, a time and a tag. */
const TICKET_CHARACTERS = 256;

/** Where the waiting room is found. */
export const queuePath = (pathPrefix: string): string => `${pathPrefix}/v1/queue`;

/** The waiting room for orders. */
export function queueRoutes(services: Services): Route[] {
  return [...openingRoutes(services), ...ticketRoutes(services)];
}

type Done = Extract<Outcome<QueueState>, { kind: 'done' }>;

function openingRoutes(services: Services): Route[] {
  const { queue } = services.ledger;
  const answer = (id: string, { changed, state, position }: Done): Answer => {
    const opening = state.openings.get(id as OpeningId);
    if (opening === undefined) throw new Error('an opening was changed and is not there');
    return json(changed ? 201 : 200, views.opening(opening), positionHeader(position));
  };
  return [
    command(services, {
      path: '/v1/queue/openings',
      scope: 'operate',
      target: noTarget,
      body: 'announce-opening',
      execute: async ({ body, caller, exchange }) =>
        settle(exchange, await queue.announce(body, caller), (done) =>
          answer(body.openingId ?? caller.commandId, done),
        ),
    }),
    {
      method: 'GET',
      path: '/v1/queue/openings',
      scope: 'operate',
      handle: async () => json(200, { openings: (await queue.report()).openings.map(views.opening) }),
    },
    command(services, {
      path: '/v1/queue/openings/{id}/withdrawal',
      scope: 'operate',
      target: idTarget<OpeningId>(),
      body: 'withdraw-opening',
      bodyOptional: true,
      execute: async ({ target, body, caller, exchange }) =>
        settle(exchange, await queue.withdraw(target, body, caller), (done) => answer(target, done)),
    }),
  ];
}

function ticketRoutes(services: Services): Route[] {
  const { ledger, pathPrefix, runtime } = services;
  const { queue } = ledger;
  return [
    {
      method: 'GET',
      path: '/v1/queue',
      handle: async () =>
        json(200, views.queue(await queue.report(), runtime.clock.now()), {
          'cache-control': 'public, max-age=1',
        }),
    },
    command(services, {
      path: '/v1/queue',
      scope: 'sell',
      target: noTarget,
      body: 'take-ticket',
      execute: async ({ body, caller, exchange }) => {
        const taken = await queue.take(body, caller);
        switch (taken.kind) {
          case 'not-needed':
            return { ...json(200, { status: 'not-needed' }), isPassing: true };
          case 'wrong-channel':
            return problem('wrong-channel', exchange.requestId);
          case 'taken':
            return json(201, ticketFacts(taken), {
              location: `${pathPrefix}/v1/queue/${taken.ticket}`,
              ...askAgain(taken.report),
            });
        }
      },
    }),
    {
      method: 'GET',
      path: '/v1/queue/{ticket}',
      scope: 'sell',
      handle: async (exchange) => {
        const { ticket = '' } = exchange.parameters;
        const report = await queue.look(ticket, whoAsks(exchange));
        return report === undefined
          ? problem('invalid-queue-ticket', exchange.requestId)
          : json(200, report, askAgain(report));
      },
    },
  ];
}

function whoAsks({ principal }: Exchange): Pick<Caller, 'actor' | 'actingChannel'> {
  if (principal === undefined) throw new Error('a ticket came without a principal');
  const { subject, channel } = principal;
  return channel === undefined ? { actor: subject } : { actor: subject, actingChannel: channel };
}

const ticketFacts = ({ ticket, orderId, report }: GivenTicket) => ({
  ticket,
  orderId,
  ...report,
});

const SPREAD = 0.25;

/** Drawn a quarter around the time meant, so that those who took tickets together do not come back together. */
function askAgain(report: TicketReport): Record<string, string> {
  if (!('askAgainSeconds' in report)) return {};
  return {
    'retry-after': String(Math.ceil(report.askAgainSeconds * (1 - SPREAD + 2 * SPREAD * Math.random()))),
  };
}

/** For an order itself: its turn, or a little after, for then it is taken; far from it, when it may ask. */
function comeBack(report: TicketReport): Record<string, string> {
  const seconds = report.status === 'waiting' ? report.estimatedSeconds : undefined;
  if (seconds === undefined || seconds > LIMITS.askAgainSecondsMax) return askAgain(report);
  return { 'retry-after': String(Math.ceil(seconds * (1 + SPREAD * Math.random()))) };
}

/**
 * Lets an order pass the waiting room, as the one that its ticket names, or its own. Throws a RequestProblem when it has to
 * wait, so that nothing is kept under its key: the same request, with the same key, may pass later.
 */
export async function admitted(
  { gate, ledger, pathPrefix, limits }: Services,
  { request }: Exchange,
  order: PlaceOrder,
  caller: Caller,
): Promise<Extract<Admission, { kind: 'admitted' }>> {
  const header = request.headers['queue-ticket'];
  const ticket = header === undefined ? undefined : String(header).slice(0, TICKET_CHARACTERS);
  const isFull = gate.takesTicket(request);
  const admission = await ledger.queue.admit(order, caller, { ticket, isFull });
  if (admission.kind === 'admitted') return admission;
  if (admission.kind === 'ticket-required' && admission.taken !== undefined) gate.gaveTicket(request);
  throw keptOut(admission, queuePath(pathPrefix), limits);
}

function keptOut(
  admission: Exclude<Admission, { kind: 'admitted' }>,
  queue: string,
  limits: HttpLimits,
): RequestProblem {
  const headers = { link: waitingRoomLink(queue) };
  switch (admission.kind) {
    case 'invalid':
      return new RequestProblem('invalid-queue-ticket', { headers });
    case 'other-order':
      return new RequestProblem('queue-ticket-for-other-order', { headers });
    case 'ticket-required': {
      const { taken } = admission;
      return new RequestProblem('queue-ticket-required', {
        headers: { ...headers, ...(taken === undefined ? retryAfter(limits) : comeBack(taken.report)) },
        facts: { queue, ...(taken && ticketFacts(taken)) },
      });
    }
    case 'not-yet': {
      const { report } = admission;
      return report.status === 'expired'
        ? new RequestProblem('queue-ticket-expired', {
            headers: { ...headers, ...retryAfter(limits) },
            facts: { queue },
          })
        : new RequestProblem('queue-ticket-not-admitted', {
            headers: { ...headers, ...askAgain(report) },
            facts: { queue, ...report },
          });
    }
  }
}
