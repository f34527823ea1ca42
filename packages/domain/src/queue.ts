import { accept, type Decider, type Decision, refuse, unchanged } from './decision.js';
import type { QueueEvent } from './events.js';
import type { Instant, OpeningId, RoomId } from './ids.js';
import { cannotFollow, impossible } from './invariant.js';
import { given } from './optional.js';
import type { Share } from './wire.generated.js';

export interface OpeningTerms {
  readonly openingId: OpeningId;
  readonly opensAt: Instant;
  /** From then on there are tickets, and orders need one. */
  readonly ticketsFrom: Instant;
  readonly title?: string;
  readonly shares?: readonly Share[];
}

export interface Opening extends OpeningTerms {
  readonly status: 'announced' | 'withdrawn';
}

export interface OpenRoom {
  readonly roomId: RoomId;
  readonly cause: 'opening' | 'pressure';
  readonly openingId?: OpeningId;
}

export interface QueueState {
  readonly openings: ReadonlyMap<OpeningId, Opening>;
  /** Undefined while orders need no ticket. */
  readonly room: OpenRoom | undefined;
  /** Those that closed last, the latest last: who was let in by one may still use that when another opens. */
  readonly closed: readonly RoomId[];
}

export type QueueCommand =
  | ({ readonly kind: 'announce'; readonly at: Instant } & OpeningTerms)
  | {
      readonly kind: 'withdraw';
      readonly openingId: OpeningId;
      readonly at: Instant;
      readonly reason?: string;
    }
  | ({ readonly kind: 'open-room' } & OpenRoom)
  | { readonly kind: 'close-room'; readonly roomId: RoomId };

/** More than can open and close while an admission lasts: from one opening to the next it is a quarter of a minute. */
const CLOSED_MAX = 50;

/** Openings still to come, at most. */
const UPCOMING_MAX = 100;

/** Announced openings, and which waiting room is open: stream `queue-orders`. */
export const queueDecider: Decider<QueueState, QueueCommand, QueueEvent> = {
  initialState: { openings: new Map(), room: undefined, closed: [] },
  decide,
  evolve,
};

function decide(state: QueueState, command: QueueCommand): Decision<QueueEvent> {
  switch (command.kind) {
    case 'announce':
      return announce(state, command);
    case 'withdraw':
      return withdraw(state, command);
    case 'open-room': {
      const { roomId, cause, openingId } = command;
      if (state.room !== undefined) return unchanged;
      return accept({ type: 'QueueOpened', data: { roomId, cause, ...given('openingId', openingId) } });
    }
    case 'close-room':
      return state.room?.roomId === command.roomId
        ? accept({ type: 'QueueClosed', data: { roomId: command.roomId } })
        : unchanged;
  }
}

function announce(
  { openings }: QueueState,
  command: Extract<QueueCommand, { kind: 'announce' }>,
): Decision<QueueEvent> {
  const { openingId, opensAt, ticketsFrom, title, shares, at } = command;
  const known = openings.get(openingId);
  if (known !== undefined)
    return known.status === 'announced' && sameTerms(known, command)
      ? unchanged
      : refuse('opening-exists', 'An opening with this identifier was announced with other terms.');
  if (ticketsFrom < at || opensAt <= ticketsFrom)
    return refuse('opening-in-the-past', 'Tickets are given from a time still to come, before the opening.', {
      ticketsFrom,
    });
  const upcoming = [...openings.values()].filter((each) => each.status === 'announced' && each.opensAt > at);
  if (upcoming.length >= UPCOMING_MAX)
    return refuse('too-many-openings', 'Too many openings are announced.', { announced: upcoming.length });
  const other = upcoming.find((each) => each.ticketsFrom < opensAt && ticketsFrom < each.opensAt);
  if (other !== undefined)
    return refuse('openings-overlap', 'Tickets are given for another opening at the same time.', {
      openingId: other.openingId,
    });
  return accept({
    type: 'OpeningAnnounced',
    data: {
      openingId,
      opensAt,
      ticketsFrom,
      ...given('title', title),
      ...given('shares', shares === undefined ? undefined : shares.map((share) => ({ ...share }))),
    },
  });
}

function withdraw(
  { openings }: QueueState,
  { openingId, at, reason }: Extract<QueueCommand, { kind: 'withdraw' }>,
): Decision<QueueEvent> {
  const known = openings.get(openingId);
  if (known === undefined) return refuse('unknown-opening', 'There is no such opening.');
  if (known.status === 'withdrawn') return unchanged;
  // Whoever has a ticket was promised a draw.
  if (known.ticketsFrom <= at)
    return refuse('opening-begun', 'Tickets are given for this opening already.', {
      ticketsFrom: known.ticketsFrom,
    });
  return accept({ type: 'OpeningWithdrawn', data: { openingId, ...given('reason', reason) } });
}

function evolve(state: QueueState, event: QueueEvent): QueueState {
  switch (event.type) {
    case 'OpeningAnnounced': {
      const { openingId, opensAt, ticketsFrom, title, shares } = event.data;
      const opening: Opening = {
        openingId: openingId as OpeningId,
        opensAt: opensAt as Instant,
        ticketsFrom: ticketsFrom as Instant,
        ...given('title', title),
        ...given('shares', shares),
        status: 'announced',
      };
      return { ...state, openings: new Map(state.openings).set(opening.openingId, opening) };
    }
    case 'OpeningWithdrawn': {
      const openingId = event.data.openingId as OpeningId;
      const known = state.openings.get(openingId);
      if (known === undefined) return cannotFollow(event.type, 'no announcement');
      return {
        ...state,
        openings: new Map(state.openings).set(openingId, { ...known, status: 'withdrawn' }),
      };
    }
    case 'QueueOpened': {
      const { roomId, cause, openingId } = event.data;
      if (state.room !== undefined) return cannotFollow(event.type, 'an open room');
      return {
        ...state,
        room: {
          roomId: roomId as RoomId,
          cause,
          ...given('openingId', openingId as OpeningId | undefined),
        },
      };
    }
    case 'QueueClosed':
      return state.room?.roomId === event.data.roomId
        ? { ...state, room: undefined, closed: [...state.closed, state.room.roomId].slice(-CLOSED_MAX) }
        : cannotFollow(event.type, 'another room');
    default:
      return impossible(event);
  }
}

function sameTerms(a: OpeningTerms, b: OpeningTerms): boolean {
  const shares = (terms: OpeningTerms): string =>
    (terms.shares ?? []).map(({ channel, weight }) => `${channel} ${weight}`).join();
  return (
    a.opensAt === b.opensAt &&
    a.ticketsFrom === b.ticketsFrom &&
    a.title === b.title &&
    shares(a) === shares(b)
  );
}
