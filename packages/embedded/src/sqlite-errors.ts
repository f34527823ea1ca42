import { PortError } from '@stamp-ledger/ports';
import Database from 'better-sqlite3';

const CORRUPT = /^SQLITE_(CORRUPT|NOTADB)/;
const REFUSED = /^SQLITE_(FULL|BUSY|LOCKED|IOERR_SHMSIZE)/;

/** SQLite's extended result code, for example `SQLITE_IOERR_FSYNC`; undefined for any other error. */
export const sqliteCode = (error: unknown): string | undefined =>
  error instanceof Database.SqliteError ? error.code : undefined;

/**
 * True when SQLite could not do the work now but nothing is wrong with what it has stored: the disk is full or another
 * connection holds the file. After any other failure of a write nothing is certain, above all after a failed fsync.
 */
export const isRefusal = (error: unknown): boolean => REFUSED.test(sqliteCode(error) ?? '');

/** What went wrong, as the error that a port may reject with. */
export function toPortError(error: unknown, doing: string): PortError {
  if (error instanceof PortError) return error;
  const code = sqliteCode(error);
  const kind = code !== undefined && CORRUPT.test(code) ? 'corrupt' : 'unavailable';
  const message = error instanceof Error ? error.message : String(error);
  return new PortError(kind, `${doing} failed: ${code === undefined ? '' : `${code}, `}${message}`, {
    cause: error,
  });
}
