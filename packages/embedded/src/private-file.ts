import { closeSync, openSync } from 'node:fs';

/**
 * Makes an empty file for its owner alone when there is none, whatever the directory allows: SQLite gives the files that it
 * makes beside it the same rights. One that is there is not opened: closing it would end the locks that SQLite holds on it.
 */
export function privateFile(file: string): string {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch {
    // It is there, or SQLite says in its own words what is wrong.
  }
  return file;
}
