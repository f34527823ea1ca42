import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { SAFE_HEADERS } from '../answer.js';
import type { HttpLimits } from '../limits.js';
import { PROBLEM_TYPE, problemBody } from '../problems/problem.js';
import { PROBLEMS } from '../problems/table.js';
import type { WorkClass } from './classes.js';

export type RefusalReason = 'queue-full' | 'queue-age' | 'deadline' | 'quota' | 'body' | 'patience';
export type GateProblem = 'overloaded' | 'deadline-passed' | 'quota-exceeded' | 'invalid-request';

export const problemOf = (reason: RefusalReason): GateProblem => {
  switch (reason) {
    case 'queue-full':
    case 'queue-age':
    case 'body':
      return 'overloaded';
    case 'deadline':
      return 'deadline-passed';
    case 'quota':
      return 'quota-exceeded';
    case 'patience':
      return 'invalid-request';
  }
};

/** Whether it tells of too much work. The other reasons are a client's own doing, and anybody can bring them about. */
export const isForWantOfRoom = (reason: RefusalReason): boolean =>
  reason === 'queue-full' || reason === 'queue-age';

/** What a refusal tells of the policy behind it (draft-ietf-httpapi-ratelimit-headers). */
export interface Policy {
  readonly name: WorkClass | 'caller';
  readonly quota: number;
  /** Requests in `window` seconds, or requests at once. */
  readonly window?: number;
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
    private readonly random: () => number,
  ) {}

  /** Seconds, drawn anew each time so that those who are refused together do not come back together. */
  retryAfter(): number {
    const { retryAfterMinimumSeconds: least, retryAfterMaximumSeconds: most } = this.limits;
    return least + Math.floor(this.random() * (most - least + 1));
  }

  /** The headers that tell when to come back, and why; none for what is no better later. */
  headers(policy: Policy | undefined): Record<string, string> {
    return policy === undefined ? {} : headersOf(policy, this.retryAfter());
  }

  /** Sends the refusal of a request that nothing was done for yet. */
  send(response: ServerResponse, problem: GateProblem, policy: Policy | undefined): void {
    const { status, headers, before, after } = this.#get(problem, policy, this.retryAfter());
    const id = randomUUID();
    response.writeHead(status, [...headers, 'x-request-id', id]);
    response.end(before + id + after, 'latin1');
  }

  #get(problem: GateProblem, policy: Policy | undefined, retryAfter: number): Prepared {
    const key = `${problem} ${policy?.name} ${policy?.quota} ${retryAfter}`;
    const known = this.#prepared.get(key);
    if (known !== undefined) return known;
    const body = problemBody(problem, ID);
    const [before = '', after = ''] = body.split(ID);
    const headers = {
      ...SAFE_HEADERS,
      ...(policy && headersOf(policy, retryAfter)),
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
