import type { OrderId, Serial } from '@stamp-ledger/domain';
import { LIMITS, type StampView } from '@stamp-ledger/ports';
import type Database from 'better-sqlite3';
import { LIMIT } from '../limit.js';
import { SHA256 } from './audit-table.js';
import type { Row } from './columns.js';
import { SELECT_VIEW, viewFrom } from './verification-table.js';

/** The SQL of hot look-ups, where a test can see its plan. */
export const VIEW_SQL = {
  bySerial: `${SELECT_VIEW} WHERE v.serial = ?`,
  byDocument: `${SELECT_VIEW} WHERE v.document_sha256 = ${SHA256} AND v.serial > ? ORDER BY v.serial ${LIMIT}`,
  byOrder: `${SELECT_VIEW} WHERE v.order_id = ? ORDER BY v.serial LIMIT ${LIMITS.queryRows}`,
} as const;

/** Look-ups of the verification model. Synchronous; throws as SQLite does. */
export class ViewQueries {
  readonly #bySerial: Database.Statement<[string], Row>;
  readonly #byDocument: Database.Statement<[string, string, number], Row>;
  readonly #byOrder: Database.Statement<[string], Row>;

  constructor(db: Database.Database) {
    this.#bySerial = db.prepare<[string], Row>(VIEW_SQL.bySerial).raw();
    this.#byDocument = db.prepare<[string, string, number], Row>(VIEW_SQL.byDocument).raw();
    this.#byOrder = db.prepare<[string], Row>(VIEW_SQL.byOrder).raw();
  }

  stamp(serial: Serial): StampView | undefined {
    const row = this.#bySerial.get(serial);
    return row === undefined ? undefined : viewFrom(row);
  }

  ofDocument(sha256: string, after: Serial | undefined, limit: number): StampView[] {
    return this.#byDocument.all(sha256, after ?? '', limit).map(viewFrom);
  }

  ofOrder(orderId: OrderId): StampView[] {
    return this.#byOrder.all(orderId).map(viewFrom);
  }
}
