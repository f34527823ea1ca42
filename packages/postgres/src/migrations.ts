import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

const DIRECTORY = new URL('../migrations/', import.meta.url);
const SUFFIX = '.sql';

export interface Migration {
  readonly name: string;
  /** Run as it stands, or once for each generation of the read models when it names their schema as `{models}`. */
  readonly sql: string;
}

/**
 * In order, forward only: a file that was released is never changed, and its digest in the database holds it to that. Each
 * runs in a transaction with its own record. `schema/models.ts` says what they have to come to for a new generation.
 */
export const MIGRATIONS: readonly Migration[] = readdirSync(DIRECTORY)
  .filter((file) => file.endsWith(SUFFIX))
  .sort()
  .map((file) => ({
    name: file.slice(0, -SUFFIX.length),
    sql: readFileSync(new URL(file, DIRECTORY), 'utf8'),
  }));

export const digestOf = ({ sql }: Migration): string => createHash('sha256').update(sql).digest('hex');
