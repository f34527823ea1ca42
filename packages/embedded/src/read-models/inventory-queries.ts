import type { Position } from '@stamp-ledger/codec';
import {
  type AsOf,
  type Conservation,
  type ConservationGroup,
  fromThousandths,
  type InventoryFilter,
  type InventoryGroup,
  type LotId,
  type LotRow,
  type Moment,
  type MoneyConservation,
  plainAmount,
  type StageCounts,
} from '@stamp-ledger/ports';
import type Database from 'better-sqlite3';
import { given, type Row } from './columns.js';
import { DifferenceQueries } from './difference-queries.js';
import { lotFrom, SELECT_LOT } from './lot-tables.js';
import { type LotCount, type MoneyCount, noCounts, Past } from './past.js';
import { ProgressTable, Timeline } from './progress-table.js';

/** A moment worked out: what is now, some position before, or a time before anything happened. */
type Resolved =
  | { readonly kind: 'now'; readonly asOf: AsOf }
  | { readonly kind: 'past'; readonly asOf: AsOf; readonly position: Position }
  | { readonly kind: 'empty'; readonly asOf: AsOf };

/**
 * Reports on the inventory, now and at any moment in the past. Synchronous; throws as SQLite does. The caller keeps one
 * read transaction open around each call.
 */
export class InventoryQueries {
  readonly #progress: ProgressTable;
  readonly #timeline: Timeline;
  readonly #lots: Database.Statement<[], Row>;
  readonly #past: Past;
  readonly #differences: DifferenceQueries;

  constructor(db: Database.Database) {
    this.#progress = new ProgressTable(db);
    this.#timeline = new Timeline(db, 'inventory');
    this.#lots = db.prepare<[], Row>(`${SELECT_LOT} ORDER BY batch_id, channel, currency, amount`).raw();
    this.#past = new Past(db);
    this.#differences = new DifferenceQueries(db);
  }

  inventory(filter: InventoryFilter, moment: Moment | undefined): { asOf: AsOf; groups: InventoryGroup[] } {
    const resolved = this.#resolve(moment);
    const counts = this.#countsAt(resolved);
    const groups = this.#allLots()
      .filter((lot) => matches(lot, filter))
      .flatMap((lot) => {
        const count = counts(lot);
        return isEmpty(count) ? [] : [{ ...nameOf(lot), ...stampCounts(count.counts) }];
      });
    return { asOf: resolved.asOf, groups };
  }

  conservation(moment: Moment | undefined): Conservation {
    const resolved = this.#resolve(moment);
    return { asOf: resolved.asOf, groups: this.#groups(resolved), money: this.#money(resolved) };
  }

  /** Now the states are counted stamp by stamp, in the past change by change; `minted` never is. */
  #groups(resolved: Resolved): ConservationGroup[] {
    const kept = this.#countsAt(resolved);
    const counted = resolved.kind === 'now' ? this.#differences.countStamps() : undefined;
    return this.#allLots().flatMap((lot) => {
      const count = kept(lot);
      const states = counted === undefined ? count.counts : (counted.get(lot.id) ?? noCounts());
      if (isEmpty(count) && isEmpty({ minted: 0, counts: states })) return [];
      const difference = count.minted - total(states);
      const suspicious = difference !== 0 || !sameCounts(states, count.counts);
      return [
        {
          ...nameOf(lot),
          ...stampCounts(states),
          minted: count.minted,
          difference,
          ...(suspicious ? { serials: this.#differences.serials(lot) } : {}),
        },
      ];
    });
  }

  #money(resolved: Resolved): MoneyConservation[] {
    if (resolved.kind === 'empty') return [];
    const money =
      resolved.kind === 'now' ? this.#differences.countMoney() : this.#past.money(resolved.position);
    return [...money]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([currency, count]) => moneyConservation(currency, count));
  }

  #countsAt(resolved: Resolved): (lot: LotRow) => LotCount {
    if (resolved.kind === 'now') return ({ minted, counts }) => ({ minted, counts });
    const past: ReadonlyMap<LotId, LotCount> =
      resolved.kind === 'empty' ? new Map() : this.#past.lots(resolved.position);
    return ({ id }) => past.get(id) ?? { minted: 0, counts: noCounts() };
  }

  #allLots(): LotRow[] {
    return this.#lots.all().map(lotFrom);
  }

  #resolve(moment: Moment | undefined): Resolved {
    const head = this.#progress.get('inventory');
    if (head === undefined) return { kind: 'empty', asOf: {} };
    const now: Resolved = {
      kind: 'now',
      asOf: { position: head.position, recordedAt: head.recordedAt },
    };
    if (moment === undefined) return now;
    if ('position' in moment) return moment.position >= head.position ? now : this.#upTo(moment.position);
    const next = this.#timeline.firstAfter(moment.recordedAt);
    if (next === undefined) return now;
    // Events that came late may lie behind the one noted as the event before, and then have changed something.
    const change = this.#past.lastChangeBefore(next.position);
    const last = change === undefined || (next.before ?? '') > change ? next.before : change;
    return last === undefined ? { kind: 'empty', asOf: {} } : this.#upTo(last);
  }

  #upTo(position: Position): Resolved {
    const recordedAt = this.#timeline.timeAt(position);
    return { kind: 'past', position, asOf: { position, ...given('recordedAt', recordedAt) } };
  }
}

function matches({ channel, batchId, denomination }: LotRow, filter: InventoryFilter): boolean {
  return (
    (filter.channel === undefined || filter.channel === channel) &&
    (filter.batchId === undefined || filter.batchId === batchId) &&
    (filter.currency === undefined || filter.currency === denomination.currency) &&
    (filter.amount === undefined || plainAmount(filter.amount) === denomination.amount)
  );
}

const nameOf = ({ batchId, channel, denomination }: LotRow) => ({ batchId, channel, denomination });

const stampCounts = (counts: StageCounts) => ({
  inStock: counts.minted,
  allocated: counts.allocated,
  sold: counts.sold,
  reserved: counts.reserved,
  outcomeUnknown: counts['outcome-unknown'],
  affixed: counts.affixed,
  voided: counts.voided,
});

const total = (counts: StageCounts): number => Object.values(counts).reduce((sum, count) => sum + count, 0);

const isEmpty = ({ minted, counts }: Pick<LotCount, 'minted'> & { readonly counts: StageCounts }): boolean =>
  minted === 0 && Object.values(counts).every((count) => count === 0);

const sameCounts = (a: StageCounts, b: StageCounts): boolean =>
  (Object.keys(a) as (keyof StageCounts)[]).every((stage) => a[stage] === b[stage]);

function moneyConservation(currency: string, { paid, buckets }: MoneyCount): MoneyConservation {
  const money = (thousandths: bigint) => ({ amount: fromThousandths(thousandths), currency });
  const { fulfilled, pending, refunded } = buckets;
  return {
    currency,
    paid: money(paid),
    fulfilled: money(fulfilled),
    pending: money(pending),
    refunded: money(refunded),
    difference: money(paid - fulfilled - pending - refunded),
  };
}
