import type { OrderId, Serial } from '@stamp-ledger/domain';
import { LIMITS, type StampView } from '@stamp-ledger/ports';
import type { Session, Statement } from '../statements.js';
import { SELECT_VIEW, viewFrom } from './verification-table.js';

/** The statements of hot look-ups, where a test can see their plans. */
export const VIEW_SQL = {
  bySerial: { name: 'view', sql: `${SELECT_VIEW} WHERE v.serial = $1` },
  byDocument: {
    name: 'views_of_document',
    sql: `${SELECT_VIEW} WHERE v.document_sha256 = $1 AND v.serial > $2 ORDER BY v.serial LIMIT $3`,
  },
  byOrder: {
    name: 'views_of_order',
    sql: `${SELECT_VIEW} WHERE v.order_id = $1 ORDER BY v.serial LIMIT ${LIMITS.queryRows}`,
  },
} as const satisfies Record<string, Statement>;

export async function stampOf(session: Session, serial: Serial): Promise<StampView | undefined> {
  const row = await session.row(VIEW_SQL.bySerial, [serial]);
  return row === undefined ? undefined : viewFrom(row);
}

export async function stampsOfDocument(
  session: Session,
  sha256: string,
  { after, limit }: { readonly after?: Serial; readonly limit: number } = { limit: LIMITS.queryRows },
): Promise<StampView[]> {
  return (await session.rows(VIEW_SQL.byDocument, [sha256, after ?? '', limit])).map(viewFrom);
}

export const stampsOfOrder = async (session: Session, orderId: OrderId): Promise<StampView[]> =>
  (await session.rows(VIEW_SQL.byOrder, [orderId])).map(viewFrom);
