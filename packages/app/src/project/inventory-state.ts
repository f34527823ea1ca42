import type { Position } from '@stamp-ledger/codec';
import type {
  AllocationId,
  BatchId,
  Channel,
  Money,
  OrderId,
  Serial,
  StampStage,
} from '@stamp-ledger/domain';
import {
  type IncidentRow,
  type InventoryBook,
  type JobRow,
  type LotId,
  type LotRow,
  type MoneyBucket,
  type MoneyChange,
  type MoneyRow,
  type OrderRow,
  type PaymentRow,
  plainAmount,
  type StampChange,
  type StampRow,
  toThousandths,
} from '@stamp-ledger/ports';
import { Table } from './table.js';

/** A lot being counted: its counts change in place, one event after the other. */
export interface LotDraft extends LotRow {
  minted: number;
  readonly counts: Record<StampStage, number>;
  changedAt: Position;
}

/** The rows that one batch of events works on, and what is appended for it. */
export class InventoryState {
  readonly stamps = new Table<Serial, StampRow>();
  readonly orders = new Table<OrderId, OrderRow>();
  readonly batches = new Table<BatchId, JobRow<BatchId>>();
  readonly allocations = new Table<AllocationId, JobRow<AllocationId>>();
  readonly incidents = new Table<string, IncidentRow>();
  readonly lots = new Table<LotId, LotDraft>();
  readonly money = new Table<string, MoneyRow>();
  readonly stampChanges: StampChange[] = [];
  readonly moneyChanges: MoneyChange[] = [];
  readonly payments: PaymentRow[] = [];
  readonly #lotIds = new Map<string, LotId>();
  #lots = 0;

  /** `counted` tells whether an event's effect on counts and sums is in the rows already: a repaired row's may be. */
  constructor(
    book: Pick<InventoryBook, 'lots'>,
    private readonly counted: {
      readonly stamps: ReadonlySet<Position>;
      readonly money: ReadonlySet<Position>;
    },
  ) {
    this.#lots = book.lots;
  }

  get lotCount(): number {
    return this.#lots;
  }

  isCounted(position: Position): boolean {
    return this.counted.stamps.has(position);
  }

  loadLots(rows: Iterable<LotRow>): void {
    for (const row of rows) {
      const key = lotKey(row.batchId, row.channel, row.denomination);
      if (this.#lotIds.has(key)) continue;
      this.#lotIds.set(key, row.id);
      this.lots.load([{ ...row, counts: { ...row.counts } }], ({ id }) => id);
    }
  }

  lot(id: LotId): LotDraft {
    const lot = this.lots.get(id);
    if (lot === undefined) throw new Error('a stamp is in a lot that is not there');
    return lot;
  }

  /** The lot, made when there is none yet. */
  lotOf(batchId: BatchId, channel: Channel, denomination: Money, at: Position): LotDraft {
    const key = lotKey(batchId, channel, denomination);
    const known = this.#lotIds.get(key);
    if (known !== undefined) return this.lot(known);
    this.#lots++;
    const lot: LotDraft = {
      id: this.#lots,
      batchId,
      channel,
      denomination: { amount: plainAmount(denomination.amount), currency: denomination.currency },
      minted: 0,
      counts: noStamps(),
      changedAt: at,
    };
    this.#lotIds.set(key, lot.id);
    this.lots.put(lot.id, lot);
    return lot;
  }

  /** Counts a change of a stamp, unless it has been counted before. */
  count(change: StampChange): void {
    if (this.isCounted(change.position)) return;
    const { position, from, to, flowFrom, flowTo } = change;
    if (from !== undefined) this.#touched(from.lot, position).counts[from.state]--;
    if (to !== undefined) this.#touched(to.lot, position).counts[to.state]++;
    if (flowFrom !== undefined) this.#touched(flowFrom, position).minted--;
    if (flowTo !== undefined) this.#touched(flowTo, position).minted++;
    this.stampChanges.push(change);
  }

  #touched(id: LotId, position: Position): LotDraft {
    const lot = this.lot(id);
    if (position > lot.changedAt) lot.changedAt = position;
    this.lots.put(id, lot);
    return lot;
  }

  /** Counts a payment that came in, unless it has been counted before. */
  countPayment(payment: PaymentRow, to: MoneyBucket): void {
    if (this.counted.money.has(payment.position)) return;
    this.countMoney(payment.position, payment.amount, { from: undefined, to });
    this.payments.push(payment);
  }

  /** Counts money that came in or changed its bucket, unless it has been counted before. */
  countMoney(position: Position, money: Money, move: Pick<MoneyChange, 'from' | 'to'>): void {
    if (this.counted.money.has(position)) return;
    const amount = toThousandths(money.amount);
    if (amount === undefined) throw new Error('an amount is no decimal');
    const row = this.money.get(money.currency) ?? noMoney(money.currency, position);
    const buckets: Record<MoneyBucket, bigint> = { ...row.buckets };
    if (move.from !== undefined) buckets[move.from] -= amount;
    buckets[move.to] += amount;
    this.money.put(money.currency, {
      currency: money.currency,
      paid: move.from === undefined ? row.paid + amount : row.paid,
      buckets,
      changedAt: position > row.changedAt ? position : row.changedAt,
    });
    this.moneyChanges.push({ position, currency: money.currency, amount, from: move.from, to: move.to });
  }
}

const lotKey = (batchId: string, channel: string, { amount, currency }: Money): string =>
  `${batchId} ${channel} ${plainAmount(amount)} ${currency}`;

export const noStamps = (): Record<StampStage, number> => ({
  minted: 0,
  allocated: 0,
  sold: 0,
  reserved: 0,
  'outcome-unknown': 0,
  affixed: 0,
  voided: 0,
});

const noMoney = (currency: string, changedAt: Position): MoneyRow => ({
  currency,
  paid: 0n,
  buckets: { pending: 0n, fulfilled: 0n, refunded: 0n },
  changedAt,
});
