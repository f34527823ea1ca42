import type { Position } from '@stamp-ledger/codec';
import type { StampStage } from '@stamp-ledger/domain';
import type { LotId, MoneyBucket } from '@stamp-ledger/ports';
import type Database from 'better-sqlite3';
import { parsePosition } from '../event-log/position.js';
import { COUNT_COLUMNS, countsFrom, groupOf, optionalText, positionFrom, type Row, text } from './columns.js';
import { sumsFrom } from './money-tables.js';

/** Stamps of one lot at a moment: counted from flows, and by state. */
export interface LotCount {
  minted: number;
  readonly counts: Record<StampStage, number>;
}

/** Money of one currency at a moment, in thousandths. */
export interface MoneyCount {
  paid: bigint;
  readonly buckets: Record<MoneyBucket, bigint>;
}

/** The inventory as it was: the last snapshots before a position, and the changes from there. */
export class Past {
  readonly #boundary: Database.Statement<[string], string | null>;
  readonly #lots: Database.Statement<[string], Row>;
  readonly #changes: Database.Statement<[number, number], Row>;
  readonly #money: Database.Statement<[string], Row>;
  readonly #moneyChanges: Database.Statement<[string, string], Row>;
  readonly #lastStampChange: Database.Statement<[number], Row>;
  readonly #lastMoneyChange: Database.Statement<[string], string | null>;

  constructor(db: Database.Database) {
    this.#boundary = db
      .prepare<[string], string | null>('SELECT max(position) FROM boundary WHERE position <= ?')
      .pluck();
    this.#lots = db
      .prepare<[string], Row>(
        `SELECT s.lot, s.minted, ${COUNT_COLUMNS.map((column) => `s.${column}`).join(', ')}
           FROM lot JOIN lot_snapshot AS s ON s.lot = lot.id
            AND s.boundary = (SELECT max(boundary) FROM lot_snapshot AS b WHERE b.lot = lot.id AND b.boundary <= ?)`,
      )
      .raw();
    this.#changes = db
      .prepare<[number, number], Row>(
        `SELECT from_grp, to_grp, flow_from, flow_to, count(*) FROM stamp_change
          WHERE position > ? AND position <= ? GROUP BY from_grp, to_grp, flow_from, flow_to`,
      )
      .raw();
    this.#money = db
      .prepare<[string], Row>(
        `SELECT s.currency, s.boundary, s.paid, s.pending, s.fulfilled, s.refunded
           FROM money JOIN money_snapshot AS s ON s.currency = money.currency AND s.boundary =
             (SELECT max(boundary) FROM money_snapshot AS b WHERE b.currency = money.currency AND b.boundary <= ?)`,
      )
      .raw();
    this.#moneyChanges = db
      .prepare<[string, string], Row>(
        `SELECT currency, amount, from_bucket, to_bucket, count(*) FROM money_change
          WHERE position > ? AND position <= ? GROUP BY currency, amount, from_bucket, to_bucket`,
      )
      .raw();
    this.#lastStampChange = db
      .prepare<[number], Row>(
        'SELECT position FROM stamp_change WHERE position < ? ORDER BY position DESC LIMIT 1',
      )
      .raw();
    this.#lastMoneyChange = db
      .prepare<[string], string | null>('SELECT max(position) FROM money_change WHERE position < ?')
      .pluck();
  }

  /** The last change before a position; the inventory was the same from there up to the position. */
  lastChangeBefore(position: Position): Position | undefined {
    const row = this.#lastStampChange.get(parsePosition(position));
    const ofStamps = row && positionFrom(row);
    const ofMoney = (this.#lastMoneyChange.get(position) ?? undefined) as Position | undefined;
    return ofMoney === undefined || (ofStamps !== undefined && ofStamps > ofMoney) ? ofStamps : ofMoney;
  }

  /** Every lot with what it held after the event at `position`. */
  lots(position: Position): Map<LotId, LotCount> {
    const boundary = this.#boundary.get(position) as Position | null;
    const lots = new Map<LotId, LotCount>();
    if (boundary !== null)
      for (const row of this.#lots.all(boundary))
        lots.set(Number(row[0]), { minted: Number(row[1]), counts: countsFrom(row, 2) });
    const lot = (id: LotId): LotCount => {
      const known = lots.get(id) ?? { minted: 0, counts: noCounts() };
      lots.set(id, known);
      return known;
    };
    for (const row of this.#changes.all(parsePosition(boundary ?? undefined), parsePosition(position))) {
      const times = Number(row[4]);
      const [from, to] = [groupOf(row[0]), groupOf(row[1])];
      if (from !== undefined) lot(from.lot).counts[from.state] -= times;
      if (to !== undefined) lot(to.lot).counts[to.state] += times;
      if (row[2] !== null) lot(Number(row[2])).minted -= times;
      if (row[3] !== null) lot(Number(row[3])).minted += times;
    }
    return lots;
  }

  /** Money by currency after the event at `position`. */
  money(position: Position): Map<string, MoneyCount> {
    const boundary = this.#boundary.get(position) ?? '';
    const money = new Map<string, MoneyCount>();
    if (boundary !== '')
      for (const row of this.#money.all(boundary)) {
        const { paid, buckets } = sumsFrom(row);
        money.set(text(row[0]), { paid, buckets: { ...buckets } });
      }
    for (const row of this.#moneyChanges.all(boundary, position)) {
      const currency = text(row[0]);
      const sum = money.get(currency) ?? noMoney();
      money.set(currency, sum);
      const amount = BigInt(text(row[1])) * BigInt(Number(row[4]));
      const from = optionalText<MoneyBucket>(row[2]);
      if (from === undefined) sum.paid += amount;
      else sum.buckets[from] -= amount;
      sum.buckets[text<MoneyBucket>(row[3])] += amount;
    }
    return money;
  }
}

export const noCounts = (): Record<StampStage, number> => ({
  minted: 0,
  allocated: 0,
  sold: 0,
  reserved: 0,
  'outcome-unknown': 0,
  affixed: 0,
  voided: 0,
});

export const noMoney = (): MoneyCount => ({
  paid: 0n,
  buckets: { pending: 0n, fulfilled: 0n, refunded: 0n },
});
