import { ErrorType, isCommandError } from '@eventstore/db-client';
import { type ExpectedRevision, PortError } from '@stamp-ledger/ports';

/** What a rejected call to the server comes to. */
export type Failure =
  /** The stream is not as expected. */
  | { readonly kind: 'version-conflict'; readonly actual: ExpectedRevision }
  | { readonly kind: 'no-stream' }
  /** Worth another attempt, on a new connection; `leader` is the node that would take the call. */
  | { readonly kind: 'disconnected'; readonly message: string; readonly leader?: string }
  /** Nobody knows what became of it. */
  | { readonly kind: 'timeout'; readonly message: string }
  /** The server refuses: not a matter of the connection, but it may be set right outside. */
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'corrupt'; readonly message: string };

/** The client's text of a failed search for the cluster's members. */
const DISCOVERY = /^Failed to discover/;
/** Answers to an append of which only some events are there already. */
const PARTLY_THERE = /corrupted ?idempotency/i;

export function failureOf(error: unknown): Failure {
  if (error instanceof PortError) return fromPortError(error);
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof Error) || !isCommandError(error)) {
    if (DISCOVERY.test(message)) return { kind: 'disconnected', message };
    return { kind: 'refused', message };
  }
  switch (error.type) {
    case ErrorType.WRONG_EXPECTED_VERSION: {
      const { actualVersion: actual } = error;
      return { kind: 'version-conflict', actual: typeof actual === 'bigint' ? Number(actual) : 'no-stream' };
    }
    case ErrorType.STREAM_NOT_FOUND:
    case ErrorType.NO_STREAM:
      return { kind: 'no-stream' };
    case ErrorType.NOT_LEADER:
      return { kind: 'disconnected', message, leader: `${error.leader.address}:${error.leader.port}` };
    case ErrorType.UNAVAILABLE:
    case ErrorType.CANCELLED:
      return { kind: 'disconnected', message };
    case ErrorType.DEADLINE_EXCEEDED:
    case ErrorType.TIMEOUT:
      return { kind: 'timeout', message };
    case ErrorType.STREAM_DELETED:
      return { kind: 'corrupt', message: 'a stream was deleted' };
    case ErrorType.INVALID_TRANSACTION:
    case ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED:
      return { kind: 'corrupt', message: `${error.type}: ${message}` };
    default:
      return PARTLY_THERE.test(message)
        ? { kind: 'corrupt', message }
        : { kind: 'refused', message: `${error.type}: ${message}` };
  }
}

function fromPortError({ kind, message }: PortError): Failure {
  switch (kind) {
    case 'unavailable':
      return { kind: 'disconnected', message };
    case 'timeout':
    case 'corrupt':
      return { kind, message };
  }
}

/** The port's error for a failure. It keeps no cause: the client's errors may hold what they were called with. */
export function toPortError(error: unknown, doing: string): PortError {
  if (error instanceof PortError) return error;
  const failure = failureOf(error);
  switch (failure.kind) {
    case 'timeout':
    case 'corrupt':
      return new PortError(failure.kind, `${doing}: ${failure.message}`);
    case 'disconnected':
    case 'refused':
      return new PortError('unavailable', `${doing}: ${failure.message}`);
    case 'version-conflict':
    case 'no-stream':
      return new PortError('corrupt', `${doing}: ${failure.kind}`);
  }
}
