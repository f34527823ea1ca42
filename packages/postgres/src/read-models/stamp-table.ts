import type { Position } from '@stamp-ledger/codec';
import type { Instant, OrderId, Serial } from '@stamp-ledger/domain';
import type { StampChange, StampRow } from '@stamp-ledger/ports';
import { RowAppender, RowWriter, rowsByKeys, type Session, type Statement } from '../statements.js';
import { groupNumber, groupOf, optionalText, orNull, type Row, text, type Value } from './columns.js';

const COLUMNS = {
  serial: 'text',
  revision: 'int',
  grp: 'bigint',
  since: 'text',
  order_id: 'text',
  expires_at: 'text',
  paid_amount: 'text',
  paid_currency: 'text',
  refunded: 'int',
} as const;

const SQL = {
  bySerial: {
    name: 'stamps_by_serial',
    sql: `SELECT ${Object.keys(COLUMNS).join(', ')} FROM {models}.stamp WHERE serial = ANY($1::text[])`,
  },
  changed: {
    name: 'stamps_changed',
    sql: 'SELECT position FROM {models}.stamp_change WHERE position = ANY($1::text[])',
  },
} as const satisfies Record<string, Statement>;

const writer = new RowWriter<StampRow>({
  table: 'stamp',
  columns: COLUMNS,
  key: ['serial'],
  orderBy: 'serial',
  values: stampValues,
});
const changes = new RowAppender<StampChange>({
  table: 'stamp_change',
  columns: ['position', 'from_grp', 'to_grp', 'flow_from', 'flow_to'],
  values: ({ position, from, to, flowFrom, flowTo }) => [
    position,
    groupNumber(from),
    groupNumber(to),
    orNull(flowFrom),
    orNull(flowTo),
  ],
});

export const loadStamps = async (session: Session, serials: readonly Serial[]): Promise<StampRow[]> =>
  (await rowsByKeys(session, SQL.bySerial, serials)).map(stampFrom);

export const saveStamps = (session: Session, rows: readonly StampRow[]): Promise<void> =>
  writer.write(session, rows);

export const appendStampChanges = (session: Session, rows: readonly StampChange[]): Promise<void> =>
  changes.append(session, rows);

/** Those of the positions that have a change already. */
export const changedStamps = async (
  session: Session,
  positions: readonly Position[],
): Promise<Set<Position>> =>
  new Set((await rowsByKeys(session, SQL.changed, positions)).map(([position]) => text<Position>(position)));

function stampValues(row: StampRow): Value[] {
  const { sale } = row;
  return [
    row.serial,
    row.revision,
    groupNumber(row.group),
    orNull(row.since),
    orNull(row.orderId),
    orNull(row.expiresAt),
    orNull(sale?.paid.amount),
    orNull(sale?.paid.currency),
    sale === undefined ? null : Number(sale.refunded),
  ];
}

function stampFrom(row: Row): StampRow {
  const amount = optionalText(row[6]);
  return {
    serial: text<Serial>(row[0]),
    revision: Number(row[1]),
    group: groupOf(row[2]),
    since: optionalText<Position>(row[3]),
    orderId: optionalText<OrderId>(row[4]),
    expiresAt: optionalText<Instant>(row[5]),
    sale:
      amount === undefined ? undefined : { paid: { amount, currency: text(row[7]) }, refunded: row[8] === 1 },
  };
}
