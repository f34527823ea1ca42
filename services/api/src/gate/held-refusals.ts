import type { ServerResponse } from 'node:http';
import { Latest } from '../latest.js';
import type { HttpLimits } from '../limits.js';
import { Pacing } from './pacing.js';
import type { Refusal, Refusals } from './refusals.js';

interface Held {
  readonly response: ServerResponse;
  readonly refusal: Refusal;
  readonly due: number;
  readonly name: string | undefined;
}

/**
 * Refusals on their way: each leaves in its turn, and not before the time that the same request was told to come back at.
 * Hammering brings nobody forward, and costs next to nothing. Time is given, in milliseconds of one monotonic clock.
 */
export class HeldRefusals {
  readonly #pacing: Pacing;
  /** When requests, by their names, were told to come back. */
  readonly #told: Latest<string, number>;
  readonly #longest: number;
  #held: Held[] = [];

  constructor(
    private readonly refusals: Refusals,
    private readonly limits: HttpLimits,
    perSecond: () => number,
  ) {
    this.#longest = limits.retryAfterMaximumSeconds * 1_000;
    this.#pacing = new Pacing({
      perSecond,
      burst: limits.gateRefusalsAtOnce,
      mostMilliseconds: this.#longest,
    });
    this.#told = new Latest(limits.gateToldToWait);
  }

  get size(): number {
    return this.#held.length;
  }

  /** Whether a request comes sooner than it was told to. */
  isEarly(name: string, now: number): boolean {
    return now < (this.#told.get(name) ?? now);
  }

  /** The request was just given what it needs to come back with, and is to have time for it. */
  comesBack(name: string, now: number): void {
    this.#told.set(name, now + this.#longest);
  }

  /** `name` is that of the request when the refusal is about no other; `isLast` when nobody will look after it later. */
  send(
    response: ServerResponse,
    refusal: Refusal,
    {
      name,
      now,
      isLast,
    }: { readonly name: string | undefined; readonly now: number; readonly isLast: boolean },
  ): void {
    const due = this.#due(name, refusal.retryAfter, now);
    if (isLast || due <= now) this.refusals.send(response, refusal);
    else if (this.#held.length < this.limits.gateRefusalsHeld)
      this.#held.push({ response, refusal, due, name });
    else response.destroy();
  }

  sendDue(until: number): void {
    const held = this.#held;
    // Node closes no answer that stood behind another one on a connection that broke: the socket tells.
    this.#held = held.filter(({ due, response }) => due > until && !response.req.socket.destroyed);
    for (const each of held) if (each.due <= until) this.#sendOne(each);
  }

  /** One of them may come again before its time. */
  sendNext(now: number): void {
    const next = this.#held.shift();
    if (next === undefined) return;
    if (next.name !== undefined) this.#told.set(next.name, now + next.refusal.retryAfter * 1_000);
    this.#sendOne(next);
  }

  #due(name: string | undefined, retryAfter: number, now: number): number {
    const turn = this.#pacing.turn(now);
    if (name === undefined) return turn;
    const due = Math.min(now + this.#longest, Math.max(turn, this.#told.get(name) ?? 0));
    this.#told.set(name, due + retryAfter * 1_000);
    return due;
  }

  #sendOne({ response, refusal }: Held): void {
    if (!response.destroyed) this.refusals.send(response, refusal);
  }
}
