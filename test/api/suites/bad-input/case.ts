import type { Call } from '../../../support/http.js';

/** A bad request, the problem it must be answered with, and what `errors` must hold. */
export interface Case {
  readonly what: string;
  readonly path: string;
  readonly call: Call;
  readonly status: number;
  readonly problem: string;
  readonly errors?: readonly object[];
}

/** `answer` is the status and the name of the problem: `409 not-sold`. */
export function bad(what: string, path: string, call: Call, answer: string, errors?: Case['errors']): Case {
  const [status, problem = ''] = answer.split(' ');
  const request = { what, path, call, status: Number(status), problem };
  return errors === undefined ? request : { ...request, errors };
}

/** The answer to a member that the schema does not allow, with its place. */
export const atFault = (pointer: string): [string, NonNullable<Case['errors']>] => [
  '400 invalid-request',
  [{ pointer }],
];
