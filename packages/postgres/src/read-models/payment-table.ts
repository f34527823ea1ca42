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
import { RowAppender, type Session, type Statement } from '../statements.js';
import { optionalText, type Row, text } from './columns.js';

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

const SELECT = `SELECT ${COLUMNS.map((column) => `p.${column}`).join(', ')}, o.status, s.refunded FROM {models}.payment AS p
  LEFT JOIN {models}.order_row AS o ON o.order_id = p.order_id
  LEFT JOIN {models}.stamp AS s ON s.serial = p.serial`;
const PAGE = `p.paid_at >= $1 AND p.paid_at < $2 AND (p.paid_at, p.position) > ($3, $4)
    ORDER BY p.paid_at, p.position LIMIT $5`;

/** The statements of the payment queries, where a test can see their plans. */
export const PAYMENT_SQL = {
  byTime: { name: 'payments_by_time', sql: `${SELECT} WHERE ${PAGE}` },
  byReference: { name: 'payments_by_reference', sql: `${SELECT} WHERE p.reference = $6 AND ${PAGE}` },
} as const satisfies Record<string, Statement>;

/** Greater than any time. */
const END = '~';

const appender = new RowAppender<PaymentRow>({
  table: 'payment',
  columns: COLUMNS,
  values: ({ position, reference, amount, paidAt, recordedAt, channel, subject }) => [
    position,
    reference,
    amount.amount,
    amount.currency,
    paidAt,
    recordedAt,
    channel,
    'orderId' in subject ? subject.orderId : null,
    'serial' in subject ? subject.serial : null,
  ],
});

export const appendPayments = (session: Session, payments: readonly PaymentRow[]): Promise<void> =>
  appender.append(session, payments);

export async function paymentsPage(
  session: Session,
  { reference, from, to }: PaymentFilter,
  after: PaymentCursor | undefined,
  limit: number,
): Promise<(PaymentView & { readonly cursor: PaymentCursor })[]> {
  const [paidAt = '', position = ''] = after?.split('_') ?? [];
  const page = [from ?? '', to ?? END, paidAt, position, limit];
  const rows = await (reference === undefined
    ? session.rows(PAYMENT_SQL.byTime, page)
    : session.rows(PAYMENT_SQL.byReference, [...page, reference]));
  return rows.map(paymentFrom);
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
