import type { OrderStatus, Serial } from '@stamp-ledger/domain';
import {
  LIMITS,
  type LotId,
  type LotRow,
  type MoneyBucket,
  PortError,
  plainAmount,
  type StageCounts,
  toThousandths,
} from '@stamp-ledger/ports';
import type Database from 'better-sqlite3';
import { LIMIT } from '../limit.js';
import { groupOf, groupsOfLot, type Row, text, type Value } from './columns.js';
import { type MoneyCount, noCounts, noMoney } from './past.js';

/** Group numbers carry the state's code in their last three bits. */
const SAME_STATE = 's.grp & 7 = v.state';

/** Rows of the inventory in the lot that the verification model does not have, or has otherwise at the same revision. */
const EXTRA = `
  SELECT s.serial FROM stamp AS s LEFT JOIN stamp_view AS v ON v.serial = s.serial
    LEFT JOIN minting AS m ON m.number = v.minting
   WHERE s.grp BETWEEN ? AND ? AND (v.serial IS NULL OR (v.revision = s.revision
     AND NOT (${SAME_STATE} AND m.batch_id IS ? AND v.channel IS ? AND m.currency IS ?)))
   ORDER BY s.serial ${LIMIT}`;

/** Rows of the verification model in the lot that the inventory does not have, or has elsewhere at the same revision. */
const MISSING = `
  SELECT v.serial, m.amount FROM minting AS m JOIN stamp_view AS v ON v.minting = m.number
    LEFT JOIN stamp AS s ON s.serial = v.serial
   WHERE m.batch_id = ? AND v.channel = ? AND m.currency = ? AND (s.serial IS NULL OR (s.revision = v.revision
     AND (s.grp IS NULL OR s.grp NOT BETWEEN ? AND ? OR NOT ${SAME_STATE})))
   ORDER BY v.serial ${LIMIT}`;

/** Counts the rows themselves, and finds the stamps behind a difference. Synchronous; throws as SQLite does. */
export class DifferenceQueries {
  readonly #stamps: Database.Statement<[], Row>;
  readonly #paid: Database.Statement<[], Row>;
  readonly #orders: Database.Statement<[], Row>;
  readonly #sales: Database.Statement<[], Row>;
  readonly #extra: Database.Statement<[number, number, string, string, string, number], string>;
  readonly #missing: Database.Statement<[string, string, string, number, number, number], Row>;

  constructor(db: Database.Database) {
    this.#stamps = db
      .prepare<[], Row>('SELECT grp, count(*) FROM stamp WHERE grp IS NOT NULL GROUP BY grp')
      .raw();
    this.#paid = db.prepare<[], Row>('SELECT currency, paid FROM money').raw();
    this.#orders = db
      .prepare<[], Row>(
        `SELECT paid_currency, paid_amount, status, count(*) FROM order_row WHERE paid_currency IS NOT NULL
          GROUP BY paid_currency, paid_amount, status`,
      )
      .raw();
    this.#sales = db
      .prepare<[], Row>(
        `SELECT paid_currency, paid_amount, refunded, count(*) FROM stamp WHERE paid_currency IS NOT NULL
          GROUP BY paid_currency, paid_amount, refunded`,
      )
      .raw();
    this.#extra = db.prepare<[number, number, string, string, string, number], string>(EXTRA).pluck();
    this.#missing = db.prepare<[string, string, string, number, number, number], Row>(MISSING).raw();
  }

  countStamps(): Map<LotId, StageCounts> {
    const lots = new Map<LotId, ReturnType<typeof noCounts>>();
    for (const [number, count] of this.#stamps.all()) {
      const group = groupOf(number);
      if (group === undefined) continue;
      const counts = lots.get(group.lot) ?? noCounts();
      counts[group.state] += Number(count);
      lots.set(group.lot, counts);
    }
    return lots;
  }

  /** What was paid as the payments say, and what became of it as the orders and stamps say. */
  countMoney(): Map<string, MoneyCount> {
    const money = new Map<string, MoneyCount>();
    const count = (currency: string): MoneyCount => {
      const known = money.get(currency) ?? noMoney();
      money.set(currency, known);
      return known;
    };
    for (const [currency, paid] of this.#paid.all()) count(text(currency)).paid = BigInt(text(paid));
    for (const [currency, amount, status, orders] of this.#orders.all())
      count(text(currency)).buckets[bucketOf(text<OrderStatus>(status))] += sum(amount, orders);
    for (const [currency, amount, refunded, stamps] of this.#sales.all())
      count(text(currency)).buckets[refunded === 1 ? 'refunded' : 'fulfilled'] += sum(amount, stamps);
    return money;
  }

  /** Stamps of the lot that the inventory and the verification model do not agree on. */
  serials({ id, batchId, channel, denomination }: LotRow): Serial[] {
    const limit = LIMITS.listedSerials;
    const [first, last] = groupsOfLot(id);
    const { currency, amount } = denomination;
    const extra = this.#extra.all(first, last, batchId, channel, currency, limit);
    const missing = this.#missing
      .all(batchId, channel, currency, first, last, limit)
      .filter((row) => plainAmount(text(row[1])) === amount)
      .map((row) => text(row[0]));
    return [...new Set([...extra, ...missing])].sort().slice(0, limit) as Serial[];
  }
}

const sum = (amount: Value | undefined, times: Value | undefined): bigint =>
  (toThousandths(text(amount)) ?? 0n) * BigInt(Number(times));

function bucketOf(status: OrderStatus): MoneyBucket {
  switch (status) {
    case 'paid':
    case 'cancelled':
      return 'pending';
    case 'fulfilled':
      return 'fulfilled';
    case 'refunded':
      return 'refunded';
    case 'placed':
    case 'rejected':
      throw new PortError('corrupt', 'an order has a payment that its status forbids');
  }
}
