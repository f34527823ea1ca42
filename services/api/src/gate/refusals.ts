import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { SAFE_HEADERS } from '../answer.js';
import type { HttpLimits } from '../limits.js';
import { PROBLEM_TYPE, problemBody } from '../problems/problem.js';
import { PROBLEMS } from '../problems/table.js';
import type { WorkClass } from './classes.js';

export type RefusalReason =
  | 'queue-full'
  | 'queue-age'
  | 'deadline'
  | 'quota'
  | 'stranger'
  | 'ticket'
  | 'body'
  | 'patience';
export type GateProblem =
  | 'overloaded'
  | 'deadline-passed'
  | 'quota-exceeded'
  | 'invalid-request'
  | 'queue-ticket-required';

export const problemOf = (reason: RefusalReason): GateProblem => {
  switch (reason) {
    case 'ticket':
      return 'queue-ticket-required';
    case 'queue-full':
    case 'queue-age':
    case 'body':
      return 'overloaded';
    case 'deadline':
      return 'deadline-passed';
    case 'quota':
    case 'stranger':
      return 'quota-exceeded';
    case 'patience':
      return 'invalid-request';
  }
};

/** Whether it tells of too much work. The other reasons are a client's own doing, and anybody can bring them about. */
export const isForWantOfRoom = (reason: RefusalReason): boolean =>
  reason === 'queue-full' || reason === 'queue-age';

/** Whether the same request, sent again, is what the refusal is about. The others anybody can bring about under any key. */
export const isForThisRequest = (reason: RefusalReason): boolean =>
  reason !== 'patience' && reason !== 'stranger';

/** What a refusal tells of the policy behind it (draft-ietf-httpapi-ratelimit-headers). */
export interface Policy {
  readonly name: WorkClass | 'caller' | 'stranger';
  readonly quota: number;
  /** Requests in `window` seconds, or requests at once. */
  readonly window?: number;
}

/** One refusal. */
export interface Refusal {
  readonly problem: GateProblem;
  readonly policy: Policy | undefined;
  /** When to come back, in seconds. */
  readonly retryAfter: number;
}

/** A whole answer but for the request's id. */
interface Prepared {
  readonly status: number;
  readonly headers: readonly string[];
  readonly before: string;
  readonly after: string;
}

const ID = '00000000-0000-0000-0000-000000000000';

/** Answers of the gate, made once and sent many times: a refusal has to cost next to nothing. */
export class Refusals {
  readonly #prepared = new Map<string, Prepared>();

  constructor(
    private readonly limits: Pick<HttpLimits, 'retryAfterMinimumSeconds' | 'retryAfterMaximumSeconds'>,
    /** Path of the waiting room. */
    private readonly queue: string,
    private readonly random: () => number,
  ) {}

  /** Seconds, drawn anew each time so that those who are refused together do not come back together. */
  retryAfter(): number {
    const { retryAfterMinimumSeconds: least, retryAfterMaximumSeconds: most } = this.limits;
    return least + Math.floor(this.random() * (most - least + 1));
  }

  /** The headers that tell when to come back, and why; none for what is no better later. */
  headers(problem: GateProblem, policy: Policy | undefined): Record<string, string> {
    return this.#headers(problem, policy, this.retryAfter());
  }

  /** Sends the refusal of a request that nothing was done for yet; `retryAfter` in seconds. */
  send(response: ServerResponse, { problem, policy, retryAfter }: Refusal): void {
    const { status, headers, before, after } = this.#get(problem, policy, retryAfter);
    const id = randomUUID();
    response.writeHead(status, [...headers, 'x-request-id', id]);
    response.end(before + id + after, 'latin1');
  }

  #headers(problem: GateProblem, policy: Policy | undefined, retryAfter: number): Record<string, string> {
    return {
      ...(policy && headersOf(policy, retryAfter)),
      ...(problem === 'queue-ticket-required' ? { link: waitingRoomLink(this.queue) } : {}),
    };
  }

  #get(problem: GateProblem, policy: Policy | undefined, retryAfter: number): Prepared {
    const key = `${problem} ${policy?.name} ${policy?.quota} ${retryAfter}`;
    const known = this.#prepared.get(key);
    if (known !== undefined) return known;
    const facts = problem === 'queue-ticket-required' ? { queue: this.queue } : undefined;
    const body = problemBody(problem, ID, facts === undefined ? {} : { facts });
    const [before = '', after = ''] = body.split(ID);
    const headers = {
      ...SAFE_HEADERS,
      ...this.#headers(problem, policy, retryAfter),
      'content-type': PROBLEM_TYPE,
      'content-length': String(body.length),
    };
    const prepared = {
      status: PROBLEMS[problem].status,
      headers: Object.entries(headers).flat(),
      before,
      after,
    };
    this.#prepared.set(key, prepared);
    return prepared;
  }
}

function headersOf({ name, quota, window }: Policy, retryAfter: number): Record<string, string> {
  const unit = window === undefined ? 'qu="concurrent-requests"' : `w=${window}`;
  return {
    'retry-after': String(retryAfter),
    'ratelimit-policy': `"${name}";q=${quota};${unit}`,
    ratelimit: `"${name}";r=0;t=${retryAfter}`,
  };
}

/** Where tickets are to be had. */
export const waitingRoomLink = (queue: string): string => `<${queue}>; rel="related"; title="waiting room"`;
