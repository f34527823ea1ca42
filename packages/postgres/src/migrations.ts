import { CONTROL_SQL, SEAL_GAP_SQL } from './schema/control.js';
import { createModelsSql } from './schema/models.js';

export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** In order, forward only: one that was released is never changed. Each runs in a transaction with its own record. */
export const MIGRATIONS: readonly Migration[] = [
  {
    name: '001-read-models-and-control',
    sql: `${CONTROL_SQL}
      INSERT INTO ledger.generation DEFAULT VALUES;
      INSERT INTO ledger.live (generation) VALUES (1);
      ${createModelsSql(1)}`,
  },
  { name: '002-seal-gaps', sql: SEAL_GAP_SQL },
];
