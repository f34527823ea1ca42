import type { Position } from '@stamp-ledger/codec';
import type { Instant, OrderId, Serial } from '@stamp-ledger/domain';
import type { StampChange, StampRow } from '@stamp-ledger/ports';
import type Database from 'better-sqlite3';
import { parsePosition } from '../event-log/position.js';
import {
  groupNumber,
  groupOf,
  optionalText,
  orNull,
  positionFrom,
  type Row,
  text,
  type Value,
} from './columns.js';
import { inOrderOf, KeyedReader, RowWriter } from './statements.js';

const COLUMNS = [
  'serial',
  'revision',
  'grp',
  'since',
  'order_id',
  'expires_at',
  'paid_amount',
  'paid_currency',
  'refunded',
] as const;
const CHANGE_COLUMNS = ['position', 'from_grp', 'to_grp', 'flow_from', 'flow_to'] as const;

/** Stamps of the inventory and their changes. Synchronous; throws as SQLite does. */
export class StampTable {
  readonly #bySerial: KeyedReader;
  readonly #writer: RowWriter;
  readonly #changes: RowWriter;
  readonly #changed: KeyedReader;

  constructor(db: Database.Database) {
    this.#bySerial = new KeyedReader(
      db,
      `SELECT ${COLUMNS.join(', ')} FROM stamp WHERE serial IN (SELECT value FROM json_each(?))`,
    );
    this.#writer = new RowWriter(db, { table: 'stamp', columns: COLUMNS, key: ['serial'] });
    this.#changes = new RowWriter(db, { table: 'stamp_change', columns: CHANGE_COLUMNS });
    this.#changed = new KeyedReader(
      db,
      'SELECT position FROM stamp_change WHERE position IN (SELECT value FROM json_each(?))',
    );
  }

  load(serials: readonly Serial[]): StampRow[] {
    return this.#bySerial.read(serials).map(stampFrom);
  }

  save(rows: readonly StampRow[]): void {
    this.#writer.write(inOrderOf(rows, 'serial'), stampValues);
  }

  append(changes: readonly StampChange[]): void {
    this.#changes.write(changes, changeValues);
  }

  changed(positions: readonly Position[]): Set<Position> {
    return new Set(this.#changed.read(positions.map(parsePosition)).map(positionFrom));
  }
}

function stampValues(row: StampRow, values: Value[]): void {
  const { sale } = row;
  values.push(
    row.serial,
    row.revision,
    groupNumber(row.group),
    orNull(row.since),
    orNull(row.orderId),
    orNull(row.expiresAt),
    orNull(sale?.paid.amount),
    orNull(sale?.paid.currency),
    sale === undefined ? null : Number(sale.refunded),
  );
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

function changeValues({ position, from, to, flowFrom, flowTo }: StampChange, values: Value[]): void {
  values.push(parsePosition(position), groupNumber(from), groupNumber(to), orNull(flowFrom), orNull(flowTo));
}
