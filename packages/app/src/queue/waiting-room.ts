import {
  fromMilliseconds,
  orderStream,
  parseInstant,
  QUEUE_STREAM,
  toMilliseconds,
} from '@stamp-ledger/codec';
import {
  type AnnounceOpening,
  type Channel,
  type Instant,
  type OpeningId,
  type OrderId,
  type QueueTicket,
  settledAt,
  standingOf,
  type TakeTicket,
  waitingIn,
} from '@stamp-ledger/domain';
import { LIMITS } from '@stamp-ledger/ports';
import type { Context } from '../context.js';
import type { Admission, Caller, Ledger, QueueReport, TakenTicket, TicketReport } from '../ledger.js';
import { fromCaller } from '../sources.js';
import { openingBefore, secondOf } from './openings.js';
import { keepRoom, RoomKeeper } from './room-keeper.js';

/**
 * The waiting room for orders. A ticket is a sealed text that names its room, channel, order and time; nothing of it is
 * kept. It lets in the one order that it names, so what was used is told by that order's own stream, whichever process is
 * asked and whatever crashed: a second order with the same ticket is the same order.
 */
export function waitingRoom(context: Context): Ledger['queue'] {
  const { runtime, aggregates } = context;
  const keeper = new RoomKeeper(context);
  /** What this process changes it knows at once; the others with their next step. */
  const known = async (request: Parameters<typeof aggregates.queue.execute>[0]) => {
    const result = await aggregates.queue.execute(request);
    await keeper.refresh();
    return result;
  };
  return {
    announce: (body, caller) =>
      known({
        stream: QUEUE_STREAM,
        source: fromCaller(caller),
        command: (_state, at) => ({ kind: 'announce', at, ...openingTerms(body, caller, at) }),
      }),
    withdraw: (openingId, { reason }, caller) =>
      known({
        stream: QUEUE_STREAM,
        source: fromCaller(caller),
        command: (_state, at) => ({
          kind: 'withdraw',
          openingId,
          at,
          ...(reason === undefined ? {} : { reason }),
        }),
      }),
    doors: () => (keeper.open === undefined ? 'none' : keeper.isStrict ? 'closed' : 'ajar'),
    report: async () => {
      await keeper.known();
      return reportOf(keeper, runtime.clock.now());
    },
    take: async (body, caller) => {
      await keeper.known();
      return take(context, keeper, body, caller);
    },
    look: async (text, caller) => {
      await keeper.known();
      const ticket = opened(context, text, caller);
      return ticket === undefined ? undefined : standing(context, keeper, ticket);
    },
    admit: async (order, caller, { ticket: text, isFull }) => {
      await keeper.known();
      const ticket = text === undefined ? undefined : opened(context, text, caller);
      if (text !== undefined && ticket === undefined) return { kind: 'invalid' };
      if (ticket !== undefined && !isFor(ticket, order)) return { kind: 'other-order' };
      const orderId = ticket?.orderId ?? ((order.orderId ?? caller.commandId) as OrderId);
      const admission = await admissionOf(context, keeper, { ticket, isFull });
      if (admission.kind === 'admitted')
        return { kind: 'admitted', orderId, hasTicket: ticket !== undefined };
      // An order that was taken before is answered as before: the room keeps out new ones alone.
      const { head } = await aggregates.orders.load(orderStream(orderId));
      if (head !== 'no-stream') return { kind: 'admitted', orderId, hasTicket: false };
      if (admission.kind !== 'ticket-required') return admission;
      const taken = await take(context, keeper, order, caller);
      return taken.kind === 'taken' ? { kind: 'ticket-required', taken } : admission;
    },
    run: ({ signal, intake = context.orderFlow, opensUnderPressure = true, keptOut, onPortError }) => {
      if (keptOut !== undefined) context.orderFlow.behind(keptOut);
      return keepRoom(keeper, { clock: runtime.clock, intake, opensUnderPressure, signal, onPortError });
    },
  };
}

function openingTerms(
  { opensAt, ticketsFrom, openingId, ...rest }: AnnounceOpening,
  caller: Caller,
  at: Instant,
) {
  const opens = instant(opensAt);
  const usual = fromMilliseconds(
    Math.max(toMilliseconds(at), toMilliseconds(opens) - LIMITS.ticketsBeforeOpeningMilliseconds),
  );
  return {
    ...rest,
    openingId: (openingId ?? caller.commandId) as OpeningId,
    opensAt: opens,
    ticketsFrom: ticketsFrom === undefined ? usual : instant(ticketsFrom),
  };
}

function instant(text: string): Instant {
  const parsed = parseInstant(text);
  if (parsed === undefined) throw new Error('a time came past its schema');
  return parsed;
}

/** A new ticket, for the order named or else for the one that the caller's command would make. */
async function take(
  context: Context,
  keeper: RoomKeeper,
  { channel: name, orderId: wanted }: TakeTicket,
  { actor, actingChannel, commandId }: Caller,
): Promise<TakenTicket> {
  const { clock, tickets } = context.runtime;
  const channel = name as Channel;
  if (actingChannel !== undefined && actingChannel !== channel) return { kind: 'wrong-channel' };
  const room = keeper.open;
  if (room === undefined) return { kind: 'not-needed' };
  const at = clock.now();
  const orderId = (wanted ?? commandId) as OrderId;
  const ticket = { roomId: room.roomId, channel, orderId, atMilliseconds: toMilliseconds(at) };
  keeper.arrived(channel, at);
  const report = await standing(context, keeper, ticket);
  return { kind: 'taken', ticket: tickets.seal(ticket, actor), orderId, report };
}

/** The caller's own ticket. */
function opened(
  { runtime }: Context,
  text: string,
  { actor, actingChannel }: Pick<Caller, 'actor' | 'actingChannel'>,
): QueueTicket | undefined {
  const ticket = runtime.tickets.open(text, actor);
  return actingChannel === undefined || ticket?.channel === actingChannel ? ticket : undefined;
}

async function standing(
  { runtime }: Context,
  keeper: RoomKeeper,
  ticket: QueueTicket,
): Promise<TicketReport> {
  const { open, openings, room } = keeper;
  if (open === undefined) return { status: 'not-needed' };
  const at = runtime.clock.now();
  const givenAt = fromMilliseconds(ticket.atMilliseconds);
  const place = {
    channel: ticket.channel,
    second: secondOf(openings, givenAt),
    draw: runtime.tickets.draw(ticket),
  };
  const when = { atMilliseconds: toMilliseconds(at), weights: keeper.weights(at) };
  if (open.roomId !== ticket.roomId) {
    const closed = await keeper.closed(ticket.roomId);
    const stood = closed && standingOf(closed, place, when);
    // What nobody can date ends with its room.
    return stood?.kind === 'admitted' && stood.untilMilliseconds !== undefined
      ? { status: 'admitted', until: fromMilliseconds(stood.untilMilliseconds) }
      : { status: 'expired' };
  }
  const opening = openingBefore(openings, givenAt);
  if (opening !== undefined && at < opening.opensAt) {
    const left = (toMilliseconds(opening.opensAt) - toMilliseconds(at)) / 1_000;
    return { status: 'before-opening', opensAt: opening.opensAt, askAgainSeconds: askAgain(left) };
  }
  const stands = standingOf(room, place, when);
  switch (stands.kind) {
    case 'admitted':
      return {
        status: 'admitted',
        ...(stands.untilMilliseconds === undefined
          ? {}
          : { until: fromMilliseconds(stands.untilMilliseconds) }),
      };
    case 'missed':
      return { status: 'expired' };
    case 'waiting': {
      const ahead = stands.ahead + keeper.untoldBefore(place);
      const inLine = (ahead + 1) / (stands.perSecond > 0 ? stands.perSecond : keeper.perSecond);
      const untilSettled =
        (settledAt(place.second) - when.atMilliseconds + LIMITS.roomStepMilliseconds) / 1_000;
      const estimatedSeconds = Math.ceil(Math.max(inLine, untilSettled));
      return {
        status: 'waiting',
        place: ahead + 1,
        ahead,
        estimatedSeconds,
        askAgainSeconds: askAgain(estimatedSeconds),
      };
    }
  }
}

/** A little before its turn by the estimate, which may change: often at the end, and rarely while there is long to wait. */
const ASK_BEFORE = 0.75;
const askAgain = (secondsLeft: number): number =>
  Math.min(LIMITS.askAgainSecondsMax, Math.max(LIMITS.askAgainSeconds, Math.ceil(secondsLeft * ASK_BEFORE)));

const isFor = (
  { channel, orderId }: QueueTicket,
  order: { readonly channel: string; readonly orderId?: string },
): boolean => order.channel === channel && (order.orderId ?? orderId) === orderId;

async function admissionOf(
  context: Context,
  keeper: RoomKeeper,
  { ticket, isFull }: { readonly ticket: QueueTicket | undefined; readonly isFull: boolean },
): Promise<{ readonly kind: 'admitted' } | Exclude<Admission, { kind: 'admitted' }>> {
  if (ticket === undefined) {
    const isNeeded = keeper.isStrict || (isFull && keeper.open !== undefined);
    return isNeeded ? { kind: 'ticket-required' } : { kind: 'admitted' };
  }
  const report = await standing(context, keeper, ticket);
  return report.status === 'admitted' || report.status === 'not-needed'
    ? { kind: 'admitted' }
    : { kind: 'not-yet', report };
}

function reportOf(keeper: RoomKeeper, at: Instant): QueueReport {
  const openings = [...keeper.openings.values()].sort((a, b) => (a.opensAt < b.opensAt ? -1 : 1));
  const { open, room } = keeper;
  if (open === undefined) return { openings };
  const weights = keeper.weights(at);
  let perSecond = 0;
  for (const told of room.copies.values()) perSecond += told.perSecond;
  return {
    openings,
    room: {
      ...open,
      perSecond,
      lines: waitingIn(room).map((line) => ({ ...line, weight: weights.get(line.channel) ?? 1 })),
    },
  };
}
