import type { Refusal } from '@stamp-ledger/domain';
import type { Answer } from '../answer.js';
import { memberAtFault, refusalProblem } from './refusals.js';
import { PROBLEMS, type ProblemName } from './table.js';

/** Where a fault is: in the body (JSON Pointer as a URI fragment), in a parameter of path or query, or in a header. */
export type FaultPlace =
  | { readonly pointer: string }
  | { readonly parameter: string }
  | { readonly header: string };
export type Fault = FaultPlace & { readonly detail: string };

export interface ProblemOptions {
  /** One sentence about this occurrence; never an internal. The kind's meaning stands in for it. */
  readonly detail?: string;
  readonly errors?: readonly Fault[];
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export const PROBLEM_TYPE = 'application/problem+json';

/** The members of an RFC 9457 problem. `instance` is the request's id. */
export function problemBody(name: ProblemName, instance: string, options: ProblemOptions = {}): string {
  const { status, title, meaning } = PROBLEMS[name];
  return JSON.stringify({
    type: `/problems/${name}`,
    title,
    status,
    detail: options.detail ?? meaning,
    instance,
    errors: options.errors,
    facts: options.facts,
  });
}

export function problem(name: ProblemName, instance: string, options: ProblemOptions = {}): Answer {
  return {
    status: PROBLEMS[name].status,
    headers: { 'content-type': PROBLEM_TYPE, ...options.headers },
    body: problemBody(name, instance, options),
    problem: name,
  };
}

/** A refusal of the ledger as an answer. */
export function refused({ code, detail, facts }: Refusal, instance: string): Answer {
  const member = memberAtFault(code);
  return problem(refusalProblem(code), instance, {
    detail,
    ...(member === undefined ? {} : { errors: [{ pointer: pointerFragment(member), detail }] }),
    ...(facts === undefined ? {} : { facts }),
  });
}

/** Thrown where a request is read, caught in one place: ends the request with this problem. */
export class RequestProblem extends Error {
  override readonly name = 'RequestProblem';
  constructor(
    readonly problem: ProblemName,
    readonly options: ProblemOptions = {},
  ) {
    super(problem);
  }
}

/** A JSON Pointer (RFC 6901) as a URI fragment. */
export const pointerFragment = (pointer: string): string =>
  `#${pointer.split('/').map(encodeURIComponent).join('/')}`;

export const invalidParameter = (parameter: string, detail: string): RequestProblem =>
  new RequestProblem('invalid-request', {
    detail: `The parameter ${parameter} ${detail}.`,
    errors: [{ parameter, detail }],
  });
