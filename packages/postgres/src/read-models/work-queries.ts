import type { AllocationId, BatchId, IncidentId } from '@stamp-ledger/domain';
import type { IncidentView } from '@stamp-ledger/ports';
import type { Session, Statement } from '../statements.js';
import { text } from './columns.js';
import { incidentFrom } from './work-tables.js';

/** The statements of the work lists, where a test can see their plans. '~' is greater than any position. */
export const WORK_SQL = {
  batchDone: { name: 'batch_done', sql: 'SELECT done FROM {models}.batch WHERE id = $1' },
  batchesToDo: {
    name: 'batches_to_do',
    sql: 'SELECT id FROM {models}.batch WHERE completed = 0 AND opened_at IS NOT NULL ORDER BY opened_at LIMIT $1',
  },
  allocationDone: { name: 'allocation_done', sql: 'SELECT done FROM {models}.allocation WHERE id = $1' },
  allocationsToDo: {
    name: 'allocations_to_do',
    sql: 'SELECT id FROM {models}.allocation WHERE completed = 0 AND opened_at IS NOT NULL ORDER BY opened_at LIMIT $1',
  },
  incidents: {
    name: 'incidents',
    sql: `SELECT view FROM {models}.incident
      WHERE opened_at < coalesce((SELECT opened_at FROM {models}.incident WHERE id = $1), '~')
      ORDER BY opened_at DESC LIMIT $2`,
  },
} as const satisfies Record<string, Statement>;

export const batchMinted = async (session: Session, id: BatchId): Promise<number> =>
  Number((await session.row(WORK_SQL.batchDone, [id]))?.[0] ?? 0);

export const batchesToMint = async (session: Session, limit: number): Promise<BatchId[]> =>
  (await session.rows(WORK_SQL.batchesToDo, [limit])).map(([id]) => text<BatchId>(id));

export const allocated = async (session: Session, id: AllocationId): Promise<number> =>
  Number((await session.row(WORK_SQL.allocationDone, [id]))?.[0] ?? 0);

export const allocationsToDo = async (session: Session, limit: number): Promise<AllocationId[]> =>
  (await session.rows(WORK_SQL.allocationsToDo, [limit])).map(([id]) => text<AllocationId>(id));

/** An unknown `after` begins at the newest. */
export const incidents = async (
  session: Session,
  after: IncidentId | undefined,
  limit: number,
): Promise<IncidentView[]> =>
  (await session.rows(WORK_SQL.incidents, [after ?? null, limit])).map(([view]) => incidentFrom(view));
