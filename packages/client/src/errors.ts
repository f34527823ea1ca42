/** Where a request was wrong: in the body (JSON Pointer as a URI fragment), in a parameter, or in a header. */
export interface Fault {
  readonly pointer?: string;
  readonly parameter?: string;
  readonly header?: string;
  readonly detail: string;
}

/** RFC 9457 problem details, as the ledger writes them. */
export interface Problem {
  /** Stable: `/problems/<name>`; `about:blank` when the answer was no problem of the ledger. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  /** The request's id, to quote to the operator. */
  readonly instance?: string;
  readonly errors?: readonly Fault[];
  /** Machine-readable facts about a refusal, such as the state that forbids it. */
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly [extension: string]: unknown;
}

/**
 * How a call failed:
 * - `problem`: the ledger answered with an error;
 * - `transport`: no answer came (refused, reset, no such host); whether a command ran is unknown;
 * - `timeout`: no answer came in time; whether a command ran is unknown;
 * - `aborted`: the caller's signal ended it; whether a command ran is unknown;
 * - `protocol`: an answer came that is not the ledger's (not JSON, too large);
 * - `overload`: this client had too many calls in flight and sent nothing.
 */
export type LedgerErrorKind = 'problem' | 'transport' | 'timeout' | 'aborted' | 'protocol' | 'overload';

export interface LedgerErrorDetails {
  readonly attempts?: number;
  readonly problem?: Problem;
  readonly idempotencyKey?: string;
  readonly code?: string;
  readonly cause?: unknown;
}

/** The only error that a call of the client rejects with. */
export class LedgerError extends Error {
  override readonly name = 'LedgerError';
  /** How many times the request was sent. */
  readonly attempts: number;
  readonly problem?: Problem;
  /** Sending the command again with this key is safe: it runs at most once. */
  readonly idempotencyKey?: string;
  /** System error code such as `ECONNREFUSED`, for `transport`. */
  readonly code?: string;

  constructor(
    readonly kind: LedgerErrorKind,
    message: string,
    details: LedgerErrorDetails = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.attempts = details.attempts ?? 0;
    if (details.problem !== undefined) this.problem = details.problem;
    if (details.idempotencyKey !== undefined) this.idempotencyKey = details.idempotencyKey;
    if (details.code !== undefined) this.code = details.code;
  }

  /** HTTP status, when there was an answer. */
  get status(): number | undefined {
    return this.problem?.status;
  }

  /** The last part of the problem's type, such as `already-affixed`. */
  get problemName(): string | undefined {
    return this.problem?.type.slice(this.problem.type.lastIndexOf('/') + 1);
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads an error answer; one that is no problem document (a proxy's page, say) becomes one of type `about:blank`. */
export function readProblem(status: number, text: string): Problem {
  const parsed = parse(text);
  if (!isRecord(parsed) || typeof parsed.type !== 'string' || typeof parsed.title !== 'string')
    return { type: 'about:blank', title: `HTTP ${status}`, status };
  return { ...parsed, type: parsed.type, title: parsed.title, status };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
