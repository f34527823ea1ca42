import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Ledger } from '@stamp-ledger/app';
import type { Clock } from '@stamp-ledger/ports';
import type { Worth } from '../authentication/authenticator.js';
import { GATE_CLASSES, type HttpLimits } from '../limits.js';
import { RequestProblem } from '../problems/problem.js';
import { ClientGone } from '../request/read-body.js';
import { AdaptiveLimit } from './adaptive-limit.js';
import { Admission, type Place } from './admission.js';
import { type Capacity, CapacityEstimate } from './capacity.js';
import {
  isPlacing,
  isUnticketed,
  needsCredentials,
  WORK_CLASSES,
  type WorkClass,
  workClassOf,
} from './classes.js';
import { patienceOf } from './deadline.js';
import { HeldRefusals } from './held-refusals.js';
import { type AskedBy, CallerQuota, hashOf } from './quota.js';
import {
  type GateProblem,
  isForThisRequest,
  isForWantOfRoom,
  type Policy,
  problemOf,
  type RefusalReason,
  Refusals,
} from './refusals.js';
import { Strangers } from './strangers.js';
import { TicketLine } from './ticket-line.js';

export interface GateOptions {
  /** False lets everything pass, and only looks on. */
  readonly isOn: boolean;
  /** Requests a second that one caller may send; none when absent. */
  readonly callerPerSecond?: number;
  readonly limits: HttpLimits;
  readonly clock: Pick<Clock, 'monotonicMilliseconds'>;
  readonly commits: Ledger['commits'];
  /** Path of the waiting room. */
  readonly queue: string;
  /** Of the waiting room: whether there are tickets, and whether orders are taken with one alone. */
  readonly doors: Ledger['queue']['doors'];
  /** What an `Authorization` is worth, as far as can be told at once. */
  readonly glance: (authorization: string | undefined) => Worth;
  /** Told a few times a second of the refusals since the last time. */
  readonly onRefused: (problem: GateProblem, count: number) => void;
  readonly random: () => number;
}

/** One request, from the moment its head has arrived. */
interface Visit {
  readonly response: ServerResponse;
  readonly connection: Connection;
  /** A walk-in that finds no room becomes one that takes a ticket. */
  work: WorkClass;
  readonly arrived: number;
  readonly deadline: number;
  /** Absent while body or credentials are still to be seen, and where nothing is bounded. */
  place: Place<WorkClass, Waiter> | undefined;
  /** When the whole answer was given to the connection. */
  answered: number | undefined;
  /** Has still to show good credentials. */
  isStranger: boolean;
  /** Not before then is it let in; a ticket has to wait for its turn. */
  due: number;
}

interface Connection {
  /** Requests that have no answer that is out yet. */
  unanswered: number;
  /** Those of them that begin when one before them is out. */
  readonly behind: (() => void)[];
}

/**
 * Where a request keeps its visit: an entry in a weak map for each request costs the collector more than all that the
 * gate does for a look-up.
 */
const VISIT = Symbol('visit');
type Visiting = IncomingMessage & { [VISIT]?: Visit };

interface Waiter {
  readonly visit: Visit;
  start(): void;
  refuse(reason: RefusalReason): void;
  /** The client has left before it was let in. */
  drop(): void;
}

/**
 * Carries a request out. Ends, or settles, when there is nothing left to do for it but to send what was answered; never
 * throws or rejects.
 */
export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void> | undefined;

type Pool = Admission<WorkClass, Waiter>;

/** What one class has come to. */
export interface ClassState {
  readonly work: WorkClass;
  readonly inFlight: number;
  readonly waiting: number;
  readonly oldestMilliseconds: number;
  readonly admitted: number;
  readonly refused: ReadonlyMap<RefusalReason, number>;
}

export interface GateState {
  readonly classes: readonly ClassState[];
  readonly limit: number;
  readonly loopMilliseconds: number;
  readonly commitMilliseconds: number;
  readonly held: number;
}

/**
 * Stands before everything else that a request costs. It lets in what can be done soon, keeps a few waiting for a moment,
 * and refuses the rest at once: what is refused has changed nothing. Bodies are waited for outside, so that a slow sender
 * takes up no place.
 */
export class Gate {
  readonly #shared: Pool;
  readonly #pools: ReadonlyMap<WorkClass, Pool>;
  readonly #limit: AdaptiveLimit;
  readonly #estimate = new CapacityEstimate();
  readonly #quota: CallerQuota | undefined;
  readonly #strangers: Strangers;
  readonly #tickets: TicketLine<Waiter>;
  readonly #refusals: Refusals;
  readonly #held: HeldRefusals;
  /** Requests whose answers are not out yet. */
  readonly #open = new Set<Visit>();
  readonly #connections = new WeakMap<Socket, Connection>();
  readonly #admitted = new Map<WorkClass, number>(WORK_CLASSES.map((work) => [work, 0]));
  readonly #refused = new Map<WorkClass, Map<RefusalReason, number>>(
    WORK_CLASSES.map((work) => [work, new Map()]),
  );
  /** Pools whose waiters are being let in further up the stack, or go on to be in the next turn. */
  readonly #lettingIn = new Set<Pool>();
  /** Let in, and not begun yet. */
  readonly #ready: Waiter[] = [];
  readonly #keptOutAt = new Map<WorkClass, number>();
  #untold = new Map<GateProblem, number>();
  /** Requests that have begun without a place, whose bodies or credentials are still to be seen; the oldest first. */
  readonly #arriving = new Set<Visit>();
  #refusedShared = 0;
  /** Orders without a ticket that found no room since then. */
  #lacking = 0;
  #lackingSince = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #lastBeat = 0;
  #lastAdjusted = 0;
  #late = 0;
  #beats = 0;
  #seen = { loopMilliseconds: 0, commitMilliseconds: 0 };

  constructor(private readonly options: GateOptions) {
    const { limits, callerPerSecond, random } = options;
    this.#limit = new AdaptiveLimit({
      least: limits.gateLimitLeast,
      most: limits.gateLimitMost,
      commitMilliseconds: limits.gateCommitMilliseconds,
      loopMilliseconds: limits.gateLoopMilliseconds,
    });
    this.#shared = new Admission<WorkClass, Waiter>(GATE_CLASSES.shared, this.#limit.value);
    const own = (work: 'health' | 'log' | 'look-up' | 'ticket'): [WorkClass, Pool] => [
      work,
      new Admission<WorkClass, Waiter>([[work, GATE_CLASSES[work].terms]], GATE_CLASSES[work].places),
    ];
    this.#pools = new Map([
      own('health'),
      own('log'),
      own('look-up'),
      own('ticket'),
      ...GATE_CLASSES.shared.map(([work]): [WorkClass, Pool] => [work, this.#shared]),
    ]);
    this.#refusals = new Refusals(limits, options.queue, random);
    this.#held = new HeldRefusals(this.#refusals, limits, () =>
      this.#perSecond(limits.gateRefusalsPerSecond, limits.gateRefusalsPerCommand),
    );
    this.#strangers = new Strangers(
      { perSecond: limits.gateStrangersPerSecond, remembered: limits.gateCallers },
      this.#now(),
    );
    this.#tickets = new TicketLine(limits, () =>
      this.#perSecond(
        limits.gateTicketsPerSecond,
        options.doors() === 'closed' ? limits.gateTicketsPerCommandAlone : limits.gateTicketsPerCommand,
      ),
    );
    if (callerPerSecond !== undefined)
      this.#quota = new CallerQuota({ perSecond: callerPerSecond, callers: limits.gateCallers });
  }

  /** Looks after queues, limit and refusals until {@link stop}. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#lastBeat = this.#lastAdjusted = this.#now();
    this.#timer = setInterval(() => this.#beat(), this.options.limits.gateBeatMilliseconds);
    this.#timer.unref();
  }

  /** Whoever waits is let in: the service stops, and what runs gets its time to end. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#shared.setLimit(Number.MAX_SAFE_INTEGER);
    this.#poolOf('ticket').setLimit(Number.MAX_SAFE_INTEGER);
    this.#letIn(this.#shared);
    this.#letTurnsIn(Number.POSITIVE_INFINITY);
    this.#held.sendDue(Number.POSITIVE_INFINITY);
    this.#tellRefusals();
  }

  /** The handler, reached only by what is let in. A place is taken until it settles, whether or not its client still waits. */
  guard(handler: Handler): RequestListener {
    const { isOn, limits } = this.options;
    const closed = this.#closed.bind(this);
    const onClose = function (this: ServerResponse): void {
      const visit = visitOf(this.req);
      if (visit !== undefined) closed(visit);
    };
    return (request: Visiting, response) => {
      const { method = 'GET', url = '/' } = request;
      const connection = this.#connection(request.socket);
      const arrived = this.#now();
      const visit: Visit = {
        response,
        connection,
        work: this.#classOf(request, method, url),
        arrived,
        deadline: arrived + patienceOf(request.headers),
        place: undefined,
        answered: undefined,
        isStranger: false,
        due: arrived,
      };
      request[VISIT] = visit;
      if (!isOn) {
        void handler(request, response);
        return;
      }
      connection.unanswered += 1;
      // Answers wait in memory for those before them: a connection that sends on and on without reading is cut.
      if (connection.unanswered > limits.gateAnswersPerConnection) {
        request.socket.destroy();
        return;
      }
      this.#receive(request, visit, handler);
      // Most look-ups are answered by now, and nothing is left to watch.
      if (isOut(response)) connection.unanswered -= 1;
      else {
        this.#open.add(visit);
        response.on('close', onClose);
      }
    };
  }

  #receive(request: IncomingMessage, visit: Visit, handler: Handler): void {
    const { response, work, arrived, deadline } = visit;
    const { method } = request;
    if (this.#quota?.take(askedBy(request), arrived) === false) {
      this.#refuse(visit, 'quota');
      return;
    }
    if (deadline - arrived < this.options.limits.requestTimeoutLeastMilliseconds) {
      this.#refuse(visit, 'patience');
      return;
    }
    const worth = this.#worthOf(visit);
    const tooMany = worth === 'good' ? this.#isOneTooMany(visit, arrived) : undefined;
    if (tooMany !== undefined) {
      this.#refuse(visit, tooMany);
      return;
    }
    const start = (): void => {
      const settling = handler(request, response);
      if (settling === undefined) this.#settled(visit);
      else void settling.finally(() => this.#settled(visit));
    };
    if (worth !== 'good') this.#admitStranger(visit, worth, start);
    else if (method === 'GET' || method === 'HEAD') this.#read(this.#waiter(visit, start), arrived);
    else if (this.#poolOf(work).isFull(work)) this.#refuse(visit, 'queue-full');
    // The body of a command mostly comes with its head, and is read with it; any other is waited for outside.
    else
      setImmediate(() => {
        if (request.complete) this.#offer(this.#waiter(visit, start));
        else this.#begin(visit, start);
      });
  }

  /**
   * What everybody may read can be large. Asked for a hundred times ahead, it is answered one by one: Node would give the
   * kernel all of it in one turn of the event loop, in which nobody else is answered.
   */
  #read(waiter: Waiter, now: number): void {
    const { connection, work } = waiter.visit;
    if (connection.unanswered === 1 || (work !== 'log' && work !== 'health')) this.#offer(waiter, now);
    else connection.behind.push(() => this.#offer(waiter));
  }

  /**
   * Resolves when a request whose body and credentials have been seen may go on, at once for one that was let in before.
   * Rejects with a RequestProblem when there is no room for it.
   */
  enter(request: IncomingMessage): Promise<void> | undefined {
    const visit = visitOf(request);
    if (visit === undefined || !this.#arriving.delete(visit)) return undefined;
    return new Promise((resolve, reject) => {
      this.#offer({
        visit,
        start: resolve,
        refuse: (reason) => reject(this.#turnedAway(visit, reason)),
        drop: () => reject(new ClientGone()),
      });
    });
  }

  /** The request only waits from now on, for something that has places of its own: its place goes to another. */
  leave(request: IncomingMessage): void {
    const visit = visitOf(request);
    if (visit !== undefined) this.#end(visit);
  }

  /**
   * The request's credentials were found good: those that come with them again have a quota of their own. A stranger is
   * one no longer, and waits for a place like the others, unless its body is still to come. Rejects as {@link enter} does.
   */
  verified(request: IncomingMessage): Promise<void> | undefined {
    const { headers, method, socket } = request;
    const now = this.#now();
    if (headers.authorization !== undefined) this.#quota?.verified(headers.authorization, now);
    const visit = visitOf(request);
    if (visit?.isStranger !== true) return undefined;
    visit.isStranger = false;
    this.#strangers.foundGood(socket.remoteAddress ?? '', now);
    const tooMany = this.#isOneTooMany(visit, now);
    if (tooMany !== undefined) return Promise.reject(this.#turnedAway(visit, tooMany));
    return method !== 'POST' || request.complete ? this.enter(request) : undefined;
  }

  /** An order that needs a ticket was given one: without it, it takes no other for a while. */
  gaveTicket(request: IncomingMessage): void {
    const name = nameOf(request);
    if (name !== undefined) this.#held.comesBack(name, this.#now());
  }

  /** Whether it is let in to take a ticket, whatever it asks for. */
  takesTicket(request: IncomingMessage): boolean {
    return visitOf(request)?.work === 'ticket';
  }

  /** Until when its client waits, by the clock's monotonic milliseconds; absent when it did not say. */
  deadlineOf(request: IncomingMessage): number | undefined {
    const { deadline = Number.POSITIVE_INFINITY } = visitOf(request) ?? {};
    return Number.isFinite(deadline) ? deadline : undefined;
  }

  /** What the ledger can make durable. */
  capacity(): Capacity {
    return this.#estimate.at(this.#now());
  }

  /** Whether requests of a class have lately been refused for want of room. */
  keepsOut(work: WorkClass): boolean {
    const at = this.#keptOutAt.get(work);
    return at !== undefined && this.#now() - at < this.options.limits.gateKeptOutMilliseconds;
  }

  state(): GateState {
    const now = this.#now();
    return {
      classes: [...this.#pools].map(([work, pool]) => ({
        work,
        inFlight: pool.inFlightOf(work),
        waiting: pool.waitingOf(work) + (work === 'ticket' ? this.#tickets.size : 0),
        oldestMilliseconds: pool.oldestOf(work, now),
        admitted: this.#admitted.get(work) ?? 0,
        refused: this.#refused.get(work) ?? new Map(),
      })),
      limit: this.#shared.limit,
      ...this.#seen,
      held: this.#held.size,
    };
  }

  #now = (): number => this.options.clock.monotonicMilliseconds();

  #waiter(visit: Visit, start: () => void): Waiter {
    return { visit, start, refuse: (reason) => this.#refuse(visit, reason), drop: () => undefined };
  }

  #connection(socket: Socket): Connection {
    const known = this.#connections.get(socket);
    if (known !== undefined) return known;
    const connection = { unanswered: 0, behind: [] };
    this.#connections.set(socket, connection);
    return connection;
  }

  #offer(waiter: Waiter, now = this.#now()): void {
    const { visit } = waiter;
    const { work, deadline } = visit;
    // Node says nothing to a response that stands behind another one: the socket tells.
    if (visit.response.destroyed || visit.response.req.socket.destroyed) {
      waiter.drop();
      return;
    }
    if (now >= deadline) {
      waiter.refuse('deadline');
      return;
    }
    if (now < visit.due && this.#timer !== undefined) {
      this.#tickets.wait(waiter, visit.due);
      return;
    }
    const place: Place<WorkClass, Waiter> = {
      name: work,
      item: waiter,
      since: now,
      deadline,
      state: 'waiting',
    };
    visit.place = place;
    const pool = this.#poolOf(work);
    switch (pool.offer(place)) {
      case 'admitted':
        this.#start(place);
        return;
      case 'waiting':
        // A class below its share may be let in past others that wait.
        this.#letIn(pool);
        return;
      case 'queue-full':
        place.state = 'over';
        this.#findsNoRoom(waiter, 'queue-full', now);
        return;
    }
  }

  /** Refused, but for a walk-in: that stands in line for a ticket then, as long as there are some. */
  #findsNoRoom(waiter: Waiter, reason: RefusalReason, now: number): void {
    const { visit } = waiter;
    const isOffered = visit.work === 'walk-in' && this.options.doors() !== 'none';
    if (!isOffered || !isForWantOfRoom(reason)) {
      waiter.refuse(reason);
      return;
    }
    visit.work = 'ticket';
    visit.place = undefined;
    const tooMany = this.#isOneTooMany(visit, now);
    if (tooMany === undefined) this.#offer(waiter, now);
    else waiter.refuse(tooMany);
  }

  /**
   * While the waiting room is open an order that shows no ticket gets what room is left over by those that do, and is one
   * more that takes a ticket where there is none.
   */
  #classOf(request: IncomingMessage, method: string, url: string): WorkClass {
    const work = workClassOf(method, url);
    if (work !== 'order' || !isUnticketed(request)) return work;
    const doors = this.options.doors();
    if (doors === 'none') return work;
    return doors === 'closed' || this.#shared.isFull('walk-in') ? 'ticket' : 'walk-in';
  }

  /**
   * A crowd that takes tickets must not stand before those who order, nor one caller that takes them all before the others.
   * Asked about good credentials alone: others would use up what is there for everybody.
   */
  #isOneTooMany(visit: Visit, now: number): RefusalReason | undefined {
    const { work, response } = visit;
    const { req } = response;
    if (work !== 'ticket') return undefined;
    const isOrder = isPlacing(req);
    if (isOrder && this.options.doors() === 'ajar') this.#lacksRoom(now);
    const name = isOrder ? nameOf(req) : undefined;
    // An order that comes again without the ticket that it was given takes no other meanwhile.
    if (name !== undefined && this.#held.isEarly(name, now)) return 'ticket';
    const { deadline } = visit;
    const due = this.#tickets.turn(hashOf(req.headers.authorization ?? ''), { now, deadline });
    if (due === 'full') return isOrder ? 'ticket' : 'queue-full';
    if (due === 'late') return 'deadline';
    visit.due = due;
    return undefined;
  }

  /** More without room in a second than there are places is as much a sign of too much work as an order that is refused. */
  #lacksRoom(now: number): void {
    if (now - this.#lackingSince >= this.options.limits.gateKeptOutMilliseconds) {
      this.#lackingSince = now;
      this.#lacking = 0;
    }
    this.#lacking += 1;
    if (this.#lacking > this.#shared.limit) this.#keptOut('walk-in');
  }

  /** What costs the ledger something, beside the commands that it can make durable. */
  #perSecond(least: number, perCommand: number): number {
    return Math.max(least, perCommand * this.capacity().durablePerSecond);
  }

  /** What its credentials are worth; where nobody needs any, as much as good ones. */
  #worthOf({ work, response }: Visit): Worth {
    const { url = '', headers } = response.req;
    return needsCredentials(work, url) ? this.options.glance(headers.authorization) : 'good';
  }

  #admitStranger(visit: Visit, worth: Exclude<Worth, 'good'>, start: () => void): void {
    const address = visit.response.req.socket.remoteAddress ?? '';
    visit.isStranger = true;
    if (this.#strangers.mayTry({ isHopeless: worth === 'bad', address }, this.#now()))
      this.#begin(visit, start);
    else this.#refuse(visit, 'stranger');
  }

  /** Begins a request without a place: it asks for one with {@link enter}. */
  #begin(visit: Visit, start: () => void): void {
    if (visit.response.destroyed) return;
    if (this.#arriving.size >= this.options.limits.gateArrivingBodies) this.#cutSlowestBody();
    this.#arriving.add(visit);
    start();
  }

  /** An honest body is there in a moment: the one that has taken longest gives way. */
  #cutSlowestBody(): void {
    const [slowest] = this.#arriving;
    if (slowest === undefined) return;
    this.#arriving.delete(slowest);
    this.#count(slowest.work, 'body');
    slowest.response.destroy();
  }

  /** Look-ups begin at once; of what costs more only so much begins in one turn of the event loop, or nobody else has one. */
  #start(place: Place<WorkClass, Waiter>): void {
    this.#admitted.set(place.name, (this.#admitted.get(place.name) ?? 0) + 1);
    if (this.#poolOf(place.name) !== this.#shared) place.item.start();
    else if (this.#ready.push(place.item) === 1) setImmediate(() => this.#startReady());
  }

  #startReady(): void {
    const now = this.#ready.splice(0, this.options.limits.gateStartsPerTurn);
    for (const waiter of now) waiter.start();
    if (this.#ready.length > 0) setImmediate(() => this.#startReady());
  }

  /**
   * A waiter that is answered at once frees its place in here: then the loop goes on, or thousands would pile up on the
   * stack. Only so many in one turn of the event loop, or nobody else has one.
   */
  #letIn(pool: Pool): void {
    if (this.#lettingIn.has(pool)) return;
    this.#lettingIn.add(pool);
    let left = this.options.limits.gateLetInPerTurn;
    for (let place = pool.next(); place !== undefined; place = left > 0 ? pool.next() : undefined) {
      left -= 1;
      if (this.#now() < place.deadline) this.#start(place);
      else {
        pool.end(place);
        place.item.refuse('deadline');
      }
    }
    if (left > 0) this.#lettingIn.delete(pool);
    else
      setImmediate(() => {
        this.#lettingIn.delete(pool);
        this.#letIn(pool);
      });
  }

  #end({ place, work }: Visit): void {
    if (place === undefined || place.state === 'over') return;
    const pool = this.#poolOf(work);
    pool.end(place);
    this.#letIn(pool);
    // A place has fallen free and nobody waits for it: one of those held back may come again before its time, unless it
    // would only be told again that it needs a ticket.
    if (pool !== this.#shared || pool.waiting > 0 || this.options.doors() === 'closed') return;
    this.#held.sendNext(this.#now());
  }

  #settled(visit: Visit): void {
    this.#arriving.delete(visit);
    this.#end(visit);
  }

  /**
   * The answer is out, or the client has left: one that still waited is dropped, and nothing was done for it. What is
   * being carried out goes on, and keeps its place until it has ended.
   */
  #closed(visit: Visit): void {
    const { connection } = visit;
    connection.unanswered -= 1;
    const next = connection.behind.shift();
    if (next !== undefined) setImmediate(next);
    this.#open.delete(visit);
    this.#arriving.delete(visit);
    if (visit.place?.state !== 'waiting') return;
    this.#end(visit);
    visit.place.item.drop();
  }

  /** The refusal of a request that has begun already. */
  #turnedAway(visit: Visit, because: RefusalReason): RequestProblem {
    this.#count(visit.work, because);
    const reason = this.#reasonFor(visit, because);
    const problem = problemOf(reason);
    return new RequestProblem(problem, {
      headers: this.#refusals.headers(problem, this.#policy(visit.work, reason)),
      ...(problem === 'queue-ticket-required' && { facts: { queue: this.options.queue } }),
    });
  }

  /** Whoever has no ticket and finds no room is told where there are some. */
  #reasonFor({ response: { req }, work }: Visit, because: RefusalReason): RefusalReason {
    const isTicketMissing =
      work !== 'bulk' && isForWantOfRoom(because) && isUnticketed(req) && this.options.doors() !== 'none';
    return isTicketMissing ? 'ticket' : because;
  }

  #refuse(visit: Visit, because: RefusalReason): void {
    const { response, work } = visit;
    this.#count(work, because);
    const reason = this.#reasonFor(visit, because);
    const problem = problemOf(reason);
    this.#untold.set(problem, (this.#untold.get(problem) ?? 0) + 1);
    const refusal = {
      problem,
      policy: this.#policy(work, reason),
      retryAfter: this.#refusals.retryAfter(),
    };
    // Nobody looks after those held back once the service stops.
    const isLast = this.#timer === undefined;
    const name = isForThisRequest(reason) ? nameOf(response.req) : undefined;
    this.#held.send(response, refusal, { name, now: this.#now(), isLast });
    if (isLast) this.#tellRefusals();
  }

  #count(work: WorkClass, reason: RefusalReason): void {
    const counts = this.#refused.get(work);
    counts?.set(reason, (counts.get(reason) ?? 0) + 1);
    if (isForWantOfRoom(reason)) this.#keptOut(work);
  }

  #keptOut(work: WorkClass): void {
    this.#keptOutAt.set(work, this.#now());
    if (this.#poolOf(work) === this.#shared) this.#refusedShared += 1;
  }

  #policy(work: WorkClass, reason: RefusalReason): Policy | undefined {
    const { callerPerSecond } = this.options;
    if (reason === 'patience') return undefined;
    if (reason === 'stranger')
      return { name: 'stranger', quota: this.options.limits.gateStrangersPerSecond, window: 1 };
    return reason === 'quota' && callerPerSecond !== undefined
      ? { name: 'caller', quota: callerPerSecond, window: 1 }
      : { name: work, quota: this.#poolOf(work).limit };
  }

  #poolOf(work: WorkClass): Pool {
    return this.#pools.get(work) ?? this.#shared;
  }

  #beat(): void {
    const { gateBeatMilliseconds, gateAdjustMilliseconds } = this.options.limits;
    const now = this.#now();
    // A single late beat is the machine's noise; all of them late is too much work.
    this.#late += now - this.#lastBeat - gateBeatMilliseconds;
    this.#beats += 1;
    this.#lastBeat = now;
    for (const pool of new Set(this.#pools.values()))
      for (const [{ item }, reason] of pool.expired(now)) this.#findsNoRoom(item, reason, now);
    this.#letTurnsIn(now);
    this.#held.sendDue(now);
    if (now - this.#lastAdjusted >= gateAdjustMilliseconds) this.#adjust(now);
  }

  #adjust(now: number): void {
    this.#lastAdjusted = now;
    const { count, p90Milliseconds } = this.options.commits.take();
    this.#seen = {
      loopMilliseconds: this.#late / Math.max(1, this.#beats),
      commitMilliseconds: p90Milliseconds,
    };
    this.#late = 0;
    this.#beats = 0;
    const wasFull = this.#shared.waiting > 0 || this.#refusedShared > 0;
    this.#refusedShared = 0;
    this.#estimate.observe({ count, wasFull, now });
    this.#limit.observe({ ...this.#seen, wasFull });
    this.#shared.setLimit(this.#limit.value);
    this.#letIn(this.#shared);
    this.#tellRefusals();
    this.#cutSlowReaders(now);
  }

  #letTurnsIn(until: number): void {
    for (const waiter of this.#tickets.next(until)) this.#offer(waiter);
    const { limit, inFlight, waiting } = this.#shared;
    const own = this.#poolOf('ticket');
    const taken = inFlight + waiting + own.inFlight + own.waiting;
    const idle = Math.floor(this.options.limits.gateIdleShare * limit) - taken;
    if (this.#tickets.size === 0 || idle <= 0) return;
    for (const waiter of this.#tickets.early(idle, until)) {
      waiter.visit.due = until;
      this.#offer(waiter);
    }
  }

  #tellRefusals(): void {
    const untold = this.#untold;
    if (untold.size === 0) return;
    this.#untold = new Map();
    for (const [problem, count] of untold) this.options.onRefused(problem, count);
  }

  #cutSlowReaders(now: number): void {
    for (const visit of this.#open) {
      const { socket } = visit.response.req;
      // Node tells nothing of an answer that stood behind another one on a connection that broke.
      if (socket.destroyed) this.#closed(visit);
      else if (visit.response.writableEnded) {
        visit.answered ??= now;
        if (now - visit.answered > this.options.limits.answerTimeoutMilliseconds) socket.destroy();
      }
    }
    for (const visit of this.#arriving) if (visit.response.req.socket.destroyed) this.#arriving.delete(visit);
  }
}

const visitOf = (request: Visiting): Visit | undefined => request[VISIT];

/** Whether the whole answer is the kernel's. One that stands behind another on its connection has no socket yet. */
const isOut = ({ writableEnded, socket }: ServerResponse): boolean =>
  writableEnded && socket?.writableLength === 0;

const askedBy = ({ headers, socket }: IncomingMessage): AskedBy => ({
  address: socket.remoteAddress ?? '',
  credentials: headers.authorization,
});

/** A request that is sent again is known by who sends it and by its idempotency key; undefined without one. */
function nameOf(request: IncomingMessage): string | undefined {
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string') return undefined;
  const { address, credentials = address } = askedBy(request);
  return hashOf(`${credentials} ${key}`);
}
