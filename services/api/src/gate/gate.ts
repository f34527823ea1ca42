import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Ledger } from '@stamp-ledger/app';
import type { Clock } from '@stamp-ledger/ports';
import type { Worth } from '../authentication/authenticator.js';
import { Latest } from '../latest.js';
import { GATE_CLASSES, type HttpLimits } from '../limits.js';
import { RequestProblem } from '../problems/problem.js';
import { ClientGone } from '../request/read-body.js';
import { AdaptiveLimit } from './adaptive-limit.js';
import { Admission, type Place } from './admission.js';
import { TokenBucket, TokenBuckets } from './bucket.js';
import { type Capacity, CapacityEstimate } from './capacity.js';
import { isUnticketed, needsCredentials, WORK_CLASSES, type WorkClass, workClassOf } from './classes.js';
import { patienceOf } from './deadline.js';
import { Pacing } from './pacing.js';
import { type AskedBy, CallerQuota, hashOf } from './quota.js';
import {
  type GateProblem,
  isForThisRequest,
  isForWantOfRoom,
  type Policy,
  problemOf,
  type Refusal,
  type RefusalReason,
  Refusals,
} from './refusals.js';
import { Strangers } from './strangers.js';

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
  readonly work: WorkClass;
  readonly arrived: number;
  readonly deadline: number;
  /** Absent while body or credentials are still to be seen, and where nothing is bounded. */
  place: Place<WorkClass, Waiter> | undefined;
  /** When the whole answer was given to the connection. */
  answered: number | undefined;
  /** Has still to show good credentials. */
  isStranger: boolean;
}

interface Connection {
  /** Requests that have no answer that is out yet. */
  unanswered: number;
}

/**
 * Where a request keeps its visit: an entry in a weak map for each request costs the collector more than all that the
 * gate does for a look-up.
 */
const VISIT = Symbol('visit');
type Visiting = IncomingMessage & { [VISIT]?: Visit };

interface Waiter {
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

interface Held {
  readonly response: ServerResponse;
  readonly refusal: Refusal;
  readonly due: number;
}

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
  readonly #unticketed: TokenBucket;
  /** Tickets for all, and for each caller by the hash of its credentials. */
  readonly #tickets: TokenBucket;
  readonly #ticketsOfOne: TokenBuckets;
  /** When requests, by who sent them and their idempotency keys, were told to come back. */
  readonly #told: Latest<string, number>;
  readonly #refusals: Refusals;
  readonly #pacing: Pacing;
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
  #held: Held[] = [];
  /** Requests that have begun without a place, whose bodies or credentials are still to be seen; the oldest first. */
  readonly #arriving = new Set<Visit>();
  #refusedShared = 0;
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
    this.#pacing = new Pacing({
      perSecond: limits.gateRefusalsPerSecond,
      burst: limits.gateRefusalsAtOnce,
      mostMilliseconds: limits.retryAfterMaximumSeconds * 1_000,
    });
    this.#strangers = new Strangers(
      { perSecond: limits.gateStrangersPerSecond, remembered: limits.gateCallers },
      this.#now(),
    );
    this.#told = new Latest(limits.gateToldToWait);
    this.#unticketed = new TokenBucket(() => limits.gateUnticketedPerSecond, this.#now());
    this.#tickets = new TokenBucket(
      () =>
        Math.max(
          limits.gateTicketsPerSecond,
          limits.gateTicketsPerCommand * this.capacity().durablePerSecond,
        ),
      this.#now(),
    );
    this.#ticketsOfOne = new TokenBuckets({
      perSecond: limits.gateTicketsPerCaller,
      remembered: limits.gateCallers,
    });
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
    this.#letIn(this.#shared);
    this.#sendHeld(Number.POSITIVE_INFINITY);
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
        work: workClassOf(method, url),
        arrived,
        deadline: arrived + patienceOf(request.headers),
        place: undefined,
        answered: undefined,
        isStranger: false,
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
    else if (method === 'GET' || method === 'HEAD') this.#offer(visit, this.#waiter(visit, start), arrived);
    else if (this.#poolOf(work).isFull(work)) this.#refuse(visit, 'queue-full');
    // The body of a command mostly comes with its head, and is read with it; any other is waited for outside.
    else
      setImmediate(() => {
        if (request.complete) this.#offer(visit, this.#waiter(visit, start));
        else this.#begin(visit, start);
      });
  }

  /**
   * Resolves when a request whose body and credentials have been seen may go on, at once for one that was let in before.
   * Rejects with a RequestProblem when there is no room for it.
   */
  enter(request: IncomingMessage): Promise<void> | undefined {
    const visit = visitOf(request);
    if (visit === undefined || !this.#arriving.delete(visit)) return undefined;
    return new Promise((resolve, reject) => {
      this.#offer(visit, {
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
        waiting: pool.waitingOf(work),
        oldestMilliseconds: pool.oldestOf(work, now),
        admitted: this.#admitted.get(work) ?? 0,
        refused: this.#refused.get(work) ?? new Map(),
      })),
      limit: this.#shared.limit,
      ...this.#seen,
      held: this.#held.length,
    };
  }

  #now = (): number => this.options.clock.monotonicMilliseconds();

  #waiter(visit: Visit, start: () => void): Waiter {
    return { start, refuse: (reason) => this.#refuse(visit, reason), drop: () => undefined };
  }

  #connection(socket: Socket): Connection {
    const known = this.#connections.get(socket);
    if (known !== undefined) return known;
    const connection = { unanswered: 0 };
    this.#connections.set(socket, connection);
    return connection;
  }

  #offer(visit: Visit, waiter: Waiter, now = this.#now()): void {
    const { work, deadline } = visit;
    if (visit.response.destroyed) {
      waiter.drop();
      return;
    }
    if (now >= deadline) {
      waiter.refuse('deadline');
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
        waiter.refuse('queue-full');
        return;
    }
  }

  /**
   * A crowd without tickets must not stand before those who have one, nor one that takes tickets before those who order.
   * Asked about good credentials alone: others would use up what is there for everybody.
   */
  #isOneTooMany({ work, response: { req } }: Visit, now: number): RefusalReason | undefined {
    if (work === 'ticket') return this.#mayTakeTicket(req, now) ? undefined : 'queue-full';
    const isUnwanted = work === 'order' && this.options.doors() === 'closed' && isUnticketed(req);
    return isUnwanted && !this.#unticketed.take(now) ? 'ticket' : undefined;
  }

  /** Everybody has a few of its own: however many one asks for, the others stand in line too. */
  #mayTakeTicket({ headers: { authorization = '' } }: IncomingMessage, now: number): boolean {
    return this.#ticketsOfOne.of(hashOf(authorization), now).take(now) || this.#tickets.take(now);
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
    const next = this.#held.shift();
    if (next !== undefined) this.#sendOne(next);
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
    visit.connection.unanswered -= 1;
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
  #reasonFor({ response, work }: Visit, because: RefusalReason): RefusalReason {
    const isTicketMissing =
      work === 'order' &&
      isForWantOfRoom(because) &&
      this.options.doors() !== 'none' &&
      isUnticketed(response.req);
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
    const due = this.#dueOf(response.req, { retryAfter: refusal.retryAfter, reason });
    // Nobody looks after those held back once the service stops.
    const isStopping = this.#timer === undefined;
    if (isStopping || due <= this.#now()) this.#refusals.send(response, refusal);
    else if (this.#held.length < this.options.limits.gateRefusalsHeld)
      this.#held.push({ response, refusal, due });
    else response.destroy();
    if (isStopping) this.#tellRefusals();
  }

  /**
   * When a refusal may leave: in its turn, and not before the time that the same request was told to come back at.
   * Hammering brings nobody forward, and costs next to nothing.
   */
  #dueOf(
    request: IncomingMessage,
    { retryAfter, reason }: { readonly retryAfter: number; readonly reason: RefusalReason },
  ): number {
    const now = this.#now();
    const turn = this.#pacing.turn(now);
    const key = request.headers['idempotency-key'];
    if (typeof key !== 'string' || !isForThisRequest(reason)) return turn;
    const { address, credentials = address } = askedBy(request);
    const name = hashOf(`${credentials} ${key}`);
    const latest = now + this.options.limits.retryAfterMaximumSeconds * 1_000;
    const due = Math.min(latest, Math.max(turn, this.#told.get(name) ?? 0));
    this.#told.set(name, due + retryAfter * 1_000);
    return due;
  }

  #count(work: WorkClass, reason: RefusalReason): void {
    const counts = this.#refused.get(work);
    counts?.set(reason, (counts.get(reason) ?? 0) + 1);
    if (!isForWantOfRoom(reason)) return;
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
      for (const [place, reason] of pool.expired(now)) place.item.refuse(reason);
    this.#sendHeld(now);
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

  #sendHeld(now: number): void {
    const held = this.#held;
    // Node closes no answer that stood behind another one on a connection that broke: the socket tells.
    this.#held = held.filter(({ due, response }) => due > now && !response.req.socket.destroyed);
    for (const each of held) if (each.due <= now) this.#sendOne(each);
  }

  #sendOne({ response, refusal }: Held): void {
    if (!response.destroyed) this.#refusals.send(response, refusal);
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
