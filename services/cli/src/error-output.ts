import { LedgerError } from '@stamp-ledger/client';
import { UnfinishedError, UsageError } from './exit-codes.js';

/** An error as machines read it. Members without a value are not printed. */
export function errorJson(error: unknown, repeatWith?: string): { readonly error: Record<string, unknown> } {
  if (error instanceof LedgerError) {
    const { problem, kind, message, idempotencyKey } = error;
    return { error: { kind, message, ...problem, idempotencyKey, repeatWith } };
  }
  const kind =
    error instanceof UsageError ? 'usage' : error instanceof UnfinishedError ? 'unfinished' : 'unexpected';
  return { error: { kind, message: error instanceof Error ? error.message : String(error) } };
}

/** An error as one line for people. */
export function describeError(error: unknown): string {
  if (!(error instanceof LedgerError)) return error instanceof Error ? error.message : String(error);
  const { problem, message } = error;
  if (problem === undefined) return message;
  const faults = (problem.errors ?? []).map(
    (fault) => `${fault.pointer ?? fault.parameter ?? fault.header ?? ''} ${fault.detail}`,
  );
  const name = error.problemName === 'blank' ? '' : `${error.problemName}: `;
  return [`${name}${message}`, ...faults].join('; ');
}

/** What to do next, where that is known. `repeatWith`: options besides the key that make a repeat the same command. */
export function adviceFor(error: unknown, repeatWith = ''): string | undefined {
  if (!(error instanceof LedgerError)) return undefined;
  if (error.idempotencyKey !== undefined && isUnsettled(error))
    return `Whether the command ran is unknown. Repeat it safely with --key ${error.idempotencyKey} ${repeatWith}`.trimEnd();
  if (error.status === 401) return 'Name the token with --token-file; the ledger prints where it is.';
  return undefined;
}

const isUnsettled = (error: LedgerError): boolean =>
  error.kind === 'transport' || error.kind === 'timeout' || error.kind === 'aborted' || error.status === 503;
