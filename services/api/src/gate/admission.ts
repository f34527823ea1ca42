/** How one class is treated beside the others of its pool. */
export interface ClassTerms {
  /** Share of the places that is the class's own whenever it wants them, 0 to 1. All shares together are at most 1. */
  readonly share: number;
  /** The largest share of the places that it may ever take. */
  readonly shareMost: number;
  /** Requests that may wait. */
  readonly waiting: number;
  /** Longest time that one may wait, in milliseconds; twice that while no more wait than there are places. */
  readonly waitMilliseconds: number;
}

/** A request, from its offer until it has ended or was turned away. */
export interface Place<Name, Item> {
  readonly name: Name;
  readonly item: Item;
  /** When it was offered. */
  readonly since: number;
  /** When nobody waits for it any more. */
  readonly deadline: number;
  state: 'waiting' | 'admitted' | 'over';
}

export type Offer = 'admitted' | 'waiting' | 'queue-full';
/** Why a request that waited was turned away. */
export type Expiry = 'queue-age' | 'deadline';

interface Lane<Name, Item> {
  readonly name: Name;
  readonly terms: ClassTerms;
  /** In order of arrival; those that are over are skipped when they come up. Who has left is let go of: a place holds a request. */
  queue: (Place<Name, Item> | undefined)[];
  first: number;
  waiting: number;
  inFlight: number;
}

const COMPACTED = 1_024;
const PAUSE_FACTOR = 2;

/**
 * Who may run, who waits and who is turned away, in one pool of places. Classes come in the order of their importance.
 * A place that falls free goes to the first class that has less than its share and somebody waiting; only when there is
 * none, to the first class with somebody waiting. So nothing stands idle, and no class starves.
 *
 * Pure: time is given, in milliseconds of one monotonic clock.
 */
export class Admission<Name extends string, Item> {
  readonly #lanes: readonly Lane<Name, Item>[];
  readonly #byName: ReadonlyMap<Name, Lane<Name, Item>>;
  #limit: number;
  #inFlight = 0;
  #waiting = 0;

  constructor(classes: readonly (readonly [Name, ClassTerms])[], limit: number) {
    this.#lanes = classes.map(([name, terms]) => ({
      name,
      terms,
      queue: [],
      first: 0,
      waiting: 0,
      inFlight: 0,
    }));
    this.#byName = new Map(this.#lanes.map((lane) => [lane.name, lane]));
    this.#limit = limit;
  }

  get limit(): number {
    return this.#limit;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** What is running already goes on, however small the limit has become. */
  setLimit(limit: number): void {
    this.#limit = limit;
  }

  inFlightOf = (name: Name): number => this.#lane(name).inFlight;
  waitingOf = (name: Name): number => this.#lane(name).waiting;

  /** Milliseconds for which the oldest of a class has waited; 0 when none waits. */
  oldestOf(name: Name, now: number): number {
    const oldest = this.#front(this.#lane(name));
    return oldest === undefined ? 0 : now - oldest.since;
  }

  /** Whether one more of a class would be turned away. */
  isFull(name: Name): boolean {
    const lane = this.#lane(name);
    return lane.waiting >= lane.terms.waiting;
  }

  offer(place: Place<Name, Item>): Offer {
    const lane = this.#lane(place.name);
    if (this.#waiting === 0 && this.#hasRoom(lane)) {
      this.#admit(lane, place);
      return 'admitted';
    }
    if (this.isFull(place.name)) return 'queue-full';
    lane.queue.push(place);
    lane.waiting += 1;
    this.#waiting += 1;
    return 'waiting';
  }

  /** The next that may run now; admitted by being answered. */
  next(): Place<Name, Item> | undefined {
    if (this.#waiting === 0 || this.#inFlight >= this.#limit) return undefined;
    const lane =
      this.#lanes.find((each) => each.waiting > 0 && each.inFlight < this.#reserved(each)) ??
      this.#lanes.find((each) => each.waiting > 0 && this.#hasRoom(each));
    const place = lane && this.#front(lane);
    if (lane === undefined || place === undefined) return undefined;
    this.#leaveQueue(lane);
    lane.queue[lane.first++] = undefined;
    this.#admit(lane, place);
    return place;
  }

  /** Those that have waited too long, or longer than they wanted; out of the queue by being answered. */
  expired(now: number): (readonly [Place<Name, Item>, Expiry])[] {
    if (this.#waiting === 0) return [];
    const expired: (readonly [Place<Name, Item>, Expiry])[] = [];
    for (const lane of this.#lanes) {
      for (let index = lane.first; index < lane.queue.length; index++) {
        const place = lane.queue[index];
        if (place === undefined || place.state !== 'waiting') continue;
        const isOld = now - place.since > this.#patience(lane);
        if (!isOld && now < place.deadline) continue;
        place.state = 'over';
        this.#leaveQueue(lane);
        expired.push([place, isOld ? 'queue-age' : 'deadline']);
      }
      this.#front(lane);
    }
    return expired;
  }

  /** The request has ended, or whoever sent it has left: its place falls free. */
  end(place: Place<Name, Item>): void {
    const lane = this.#lane(place.name);
    if (place.state === 'admitted') {
      lane.inFlight -= 1;
      this.#inFlight -= 1;
    } else if (place.state === 'waiting') this.#leaveQueue(lane);
    place.state = 'over';
  }

  #lane(name: Name): Lane<Name, Item> {
    const lane = this.#byName.get(name);
    if (lane === undefined) throw new Error(`there is no class ${name}`);
    return lane;
  }

  #reserved = ({ terms }: Lane<Name, Item>): number =>
    terms.share === 0 ? 0 : Math.max(1, Math.floor(terms.share * this.#limit));

  /** A queue that one round of the places empties is no overload, but the trace of a pause: it may wait longer. */
  #patience({ waiting, terms }: Lane<Name, Item>): number {
    return waiting > this.#limit ? terms.waitMilliseconds : PAUSE_FACTOR * terms.waitMilliseconds;
  }

  #hasRoom(lane: Lane<Name, Item>): boolean {
    const most = Math.max(1, Math.floor(lane.terms.shareMost * this.#limit));
    return this.#inFlight < this.#limit && lane.inFlight < most;
  }

  #admit(lane: Lane<Name, Item>, place: Place<Name, Item>): void {
    place.state = 'admitted';
    lane.inFlight += 1;
    this.#inFlight += 1;
  }

  #leaveQueue(lane: Lane<Name, Item>): void {
    lane.waiting -= 1;
    this.#waiting -= 1;
  }

  /** The oldest that waits. Those in front of it that are over are let go of. */
  #front(lane: Lane<Name, Item>): Place<Name, Item> | undefined {
    while (lane.first < lane.queue.length && lane.queue[lane.first]?.state !== 'waiting')
      lane.queue[lane.first++] = undefined;
    if (lane.first === lane.queue.length || lane.first >= COMPACTED) {
      lane.queue = lane.queue.slice(lane.first);
      lane.first = 0;
    }
    return lane.queue[lane.first];
  }
}
