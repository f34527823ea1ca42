import { PortError } from '@stamp-ledger/ports';
import { DatabaseError } from 'pg';

/**
 * Connection failures, serialization failures and deadlocks, lack of resources, an end by an operator, a lock that was
 * not free, and a session or statement that took too long.
 */
const PASSING = /^(08...|40001|40P01|53...|57...|55P03|25P03|25006)$/;
/** A table or schema that is not there. */
const MISSING = /^(42P01|3F000)$/;
const UNREACHABLE =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout|Client has encountered|Client was closed|Cannot use a pool|read E|write E|connect E)/;
const SYSTEM =
  /^(E(CONNREFUSED|CONNRESET|CONNABORTED|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|HOSTDOWN|NETDOWN|NOTFOUND|AI_AGAIN|MFILE|NFILE))$/;

/** PostgreSQL's code for what went wrong; undefined when the server did not say. */
export const sqlState = (error: unknown): string | undefined =>
  error instanceof DatabaseError ? error.code : undefined;

export const isMissing = (error: unknown): boolean => {
  const state = sqlState(error instanceof PortError ? error.cause : error);
  return state !== undefined && MISSING.test(state);
};

export function isPassing(error: unknown): boolean {
  if (error instanceof PortError) return error.kind !== 'corrupt';
  const state = sqlState(error);
  if (state !== undefined) return PASSING.test(state);
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return SYSTEM.test(code) || UNREACHABLE.test(error.message);
}

/** A failure as a port may show it. The cause's message is left out: it can hold values, or where the server is. */
export function portError(error: unknown, doing: string): PortError {
  if (error instanceof PortError) return error;
  const passing = isPassing(error);
  const state = sqlState(error) ?? (passing ? 'connection' : error instanceof Error ? error.name : 'unknown');
  return new PortError(passing ? 'unavailable' : 'corrupt', `${doing} failed at PostgreSQL: ${state}`, {
    cause: error,
  });
}
