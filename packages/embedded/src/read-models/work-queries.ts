import type { AllocationId, BatchId, IncidentId } from '@stamp-ledger/domain';
import type { IncidentView } from '@stamp-ledger/ports';
import type Database from 'better-sqlite3';
import { LIMIT } from '../limit.js';
import { incidentFrom } from './work-tables.js';

/** The SQL of the work lists, where a test can see its plan. */
export const WORK_SQL = {
  batchDone: 'SELECT done FROM batch WHERE id = ?',
  batchesToDo: `SELECT id FROM batch WHERE completed = 0 AND opened_at IS NOT NULL ORDER BY opened_at ${LIMIT}`,
  allocationDone: 'SELECT done FROM allocation WHERE id = ?',
  allocationsToDo: `SELECT id FROM allocation WHERE completed = 0 AND opened_at IS NOT NULL ORDER BY opened_at ${LIMIT}`,
  incidents: `SELECT view FROM incident WHERE opened_at < ? ORDER BY opened_at DESC ${LIMIT}`,
  incidentOpened: 'SELECT opened_at FROM incident WHERE id = ?',
} as const;

/** Greater than any position: their text is of digits or begins with one. */
const END = '~';

/** Batches, allocations and incidents. Synchronous; throws as SQLite does. */
export class WorkQueries {
  readonly #batchDone: Database.Statement<[string], number>;
  readonly #batchesToDo: Database.Statement<[number], string>;
  readonly #allocationDone: Database.Statement<[string], number>;
  readonly #allocationsToDo: Database.Statement<[number], string>;
  readonly #incidents: Database.Statement<[string, number], string>;
  readonly #incidentOpened: Database.Statement<[string], string>;

  constructor(db: Database.Database) {
    this.#batchDone = db.prepare<[string], number>(WORK_SQL.batchDone).pluck();
    this.#batchesToDo = db.prepare<[number], string>(WORK_SQL.batchesToDo).pluck();
    this.#allocationDone = db.prepare<[string], number>(WORK_SQL.allocationDone).pluck();
    this.#allocationsToDo = db.prepare<[number], string>(WORK_SQL.allocationsToDo).pluck();
    this.#incidents = db.prepare<[string, number], string>(WORK_SQL.incidents).pluck();
    this.#incidentOpened = db.prepare<[string], string>(WORK_SQL.incidentOpened).pluck();
  }

  batchMinted(id: BatchId): number {
    return this.#batchDone.get(id) ?? 0;
  }

  batchesToMint(limit: number): BatchId[] {
    return this.#batchesToDo.all(limit).map((id) => id as BatchId);
  }

  allocated(id: AllocationId): number {
    return this.#allocationDone.get(id) ?? 0;
  }

  allocationsToDo(limit: number): AllocationId[] {
    return this.#allocationsToDo.all(limit).map((id) => id as AllocationId);
  }

  /** An unknown `after` begins at the newest. */
  incidents(after: IncidentId | undefined, limit: number): IncidentView[] {
    const before = after === undefined ? undefined : this.#incidentOpened.get(after);
    return this.#incidents.all(before ?? END, limit).map(incidentFrom);
  }
}
