import type { Position } from '@stamp-ledger/codec';
import type { Channel, Instant, OrderId, OrderStatus, Serial } from '@stamp-ledger/domain';
import {
  type PaymentCursor,
  type PaymentFilter,
  type PaymentRow,
  type PaymentStatus,
  type PaymentSubject,
  type PaymentView,
  paymentStatusOf,
} from '@stamp-ledger/ports';
import type Database from 'better-sqlite3';
import { LIMIT } from '../limit.js';
import { optionalText, type Row, text } from './columns.js';
import { RowWriter } from './statements.js';

const COLUMNS = [
  'position',
  'reference',
  'amount',
  'currency',
  'paid_at',
  'recorded_at',
  'channel',
  'order_id',
  'serial',
] as const;

const SELECT = `SELECT ${COLUMNS.map((column) => `p.${column}`).join(', ')}, o.status, s.refunded FROM payment AS p`;
const JOINED =
  'LEFT JOIN order_row AS o ON o.order_id = p.order_id LEFT JOIN stamp AS s ON s.serial = p.serial';
const PAGE = `p.paid_at >= ? AND p.paid_at < ? AND (p.paid_at, p.position) > (?, ?)
    ORDER BY p.paid_at, p.position ${LIMIT}`;

/** The SQL of the payment queries, where a test can see its plan. */
export const PAYMENT_SQL = {
  byTime: `${SELECT} ${JOINED} WHERE ${PAGE}`,
  byReference: `${SELECT} ${JOINED} WHERE p.reference = ? AND ${PAGE}`,
} as const;

/** Greater than any time. */
const END = '~';

/** Writes the payments, each once. Synchronous; throws as SQLite does. */
export class PaymentTable {
  readonly #rows: RowWriter;

  constructor(db: Database.Database) {
    this.#rows = new RowWriter(db, { table: 'payment', columns: COLUMNS });
  }

  append(payments: readonly PaymentRow[]): void {
    this.#rows.write(
      payments,
      ({ position, reference, amount, paidAt, recordedAt, channel, subject }, values) =>
        values.push(
          position,
          reference,
          amount.amount,
          amount.currency,
          paidAt,
          recordedAt,
          channel,
          'orderId' in subject ? subject.orderId : null,
          'serial' in subject ? subject.serial : null,
        ),
    );
  }
}

/** Queries over payments. Synchronous; throws as SQLite does. */
export class PaymentQueries {
  readonly #byTime: Database.Statement<(string | number)[], Row>;
  readonly #byReference: Database.Statement<(string | number)[], Row>;

  constructor(db: Database.Database) {
    this.#byTime = db.prepare<(string | number)[], Row>(PAYMENT_SQL.byTime).raw();
    this.#byReference = db.prepare<(string | number)[], Row>(PAYMENT_SQL.byReference).raw();
  }

  page(
    { reference, from, to }: PaymentFilter,
    after: PaymentCursor | undefined,
    limit: number,
  ): (PaymentView & { readonly cursor: PaymentCursor })[] {
    const [paidAt = '', position = ''] = after?.split('_') ?? [];
    const page = [from ?? '', to ?? END, paidAt, position, limit];
    const rows =
      reference === undefined ? this.#byTime.all(...page) : this.#byReference.all(reference, ...page);
    return rows.map(paymentFrom);
  }
}

function paymentFrom(row: Row): PaymentView & { readonly cursor: PaymentCursor } {
  const position = text<Position>(row[0]);
  const paidAt = text<Instant>(row[4]);
  return {
    reference: text(row[1]),
    amount: { amount: text(row[2]), currency: text(row[3]) },
    paidAt,
    recordedAt: text<Instant>(row[5]),
    position,
    channel: text<Channel>(row[6]),
    ...subjectFrom(row),
    cursor: `${paidAt}_${position}` as string as PaymentCursor,
  };
}

function subjectFrom(row: Row): { readonly subject: PaymentSubject; readonly status: PaymentStatus } {
  const orderId = optionalText<OrderId>(row[7]);
  if (orderId !== undefined)
    return { subject: { orderId }, status: paymentStatusOf(optionalText<OrderStatus>(row[9])) };
  return { subject: { serial: text<Serial>(row[8]) }, status: row[10] === 1 ? 'refunded' : 'fulfilled' };
}
